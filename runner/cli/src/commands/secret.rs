//! `capstep secret`

use std::path::PathBuf;

use capstep_agefile::{Store, is_name};
use capstep_pipeline::did_you_mean;
use clap::{Args, Subcommand};

use crate::context::Context;
use crate::error::CliError;
use crate::keyring::{self, FileStore, IdentityArgument, IdentityFile};
use crate::{exit, process};

/// Keep secrets in an age-encrypted file of the repository.
///
/// Who can read the file stands beside it: `secrets.recipients`, one age recipient (`age1…`) a line. A run takes a secret
/// from it with `--secret NAME=age:secrets.age`. Only who has the identity of a recipient can open it; `age -d` can as well.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Examples:
  capstep secret identity --new > secrets.recipients
  capstep secret set DEPLOY_KEY < ~/.ssh/deploy
  capstep secret list
  capstep run --secret DEPLOY_KEY=age:secrets.age")]
pub(crate) enum Command {
    Set(SetArguments),
    List(ListArguments),
    Remove(RemoveArguments),
    Identity(IdentityArguments),
}

/// Which file.
#[derive(Debug, Args)]
struct StoreArguments {
    /// The file of secrets.
    #[arg(long, value_name = "FILE", default_value = "secrets.age")]
    file: PathBuf,
    #[command(flatten)]
    identity: IdentityArgument,
}

/// Keep a secret's value: from standard input, or typed without being seen.
///
/// The value never stands on the command line, where every user of the machine could read it. One line end at its end is
/// taken off. The file is written anew, for those who stand in the recipients' file now.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep secret set TOKEN
  capstep secret set DEPLOY_KEY < ~/.ssh/deploy
  pass show deploy | capstep secret set DEPLOY_KEY --file ci/secrets.age")]
pub(crate) struct SetArguments {
    /// The secret's name, as the pipeline declares it.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    store: StoreArguments,
}

/// List the names of the secrets in the file.
///
/// Each on a line of standard output; never a value. Your identity must be one of those that the file is for.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep secret list
  capstep secret list --file ci/secrets.age --identity ~/ci.key")]
pub(crate) struct ListArguments {
    #[command(flatten)]
    store: StoreArguments,
}

/// Remove a secret from the file.
///
/// The file is written anew, for those who stand in the recipients' file now. Earlier versions of it, in the repository's
/// history say, still have the secret: change it where it is used.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep secret remove DEPLOY_KEY
  capstep secret remove TOKEN --file ci/secrets.age")]
pub(crate) struct RemoveArguments {
    /// The secret's name.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    store: StoreArguments,
}

/// Show the recipient of your age identity: what others write files of secrets for.
///
/// A recipient (`age1…`) is public: it stands in `secrets.recipients`, in the repository. The identity is the key that
/// opens what was written for it, and stays with you: in `$XDG_CONFIG_HOME/capstep/identity.txt` (`~/.config`), in the file
/// that `CAPSTEP_AGE_IDENTITY` names, or where `--identity` says.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep secret identity --new >> secrets.recipients    # and commit that file
  capstep secret identity
  capstep secret identity --new --identity ~/ci.key")]
pub(crate) struct IdentityArguments {
    #[command(flatten)]
    identity: IdentityArgument,
    /// Make an identity first, readable by you alone. One that is there is not touched.
    #[arg(long)]
    new: bool,
}

pub(crate) fn run(command: &Command, context: &Context) -> Result<u8, CliError> {
    process::protect_memory();
    match command {
        Command::Set(arguments) => set(arguments, context),
        Command::List(arguments) => {
            let (_, store) = opened(&arguments.store, context)?;
            let names: String = store.names().map(|name| format!("{name}\n")).collect();
            context.printer.page(&names)?;
            Ok(exit::PASSED)
        }
        Command::Remove(arguments) => remove(arguments, context),
        Command::Identity(arguments) => {
            let file = IdentityFile::find(&arguments.identity, context)?;
            let recipients = if arguments.new {
                vec![file.create()?]
            } else {
                file.read()?.recipients()
            };
            context
                .printer
                .data(&format!("{}\n", recipients.join("\n")))?;
            Ok(exit::PASSED)
        }
    }
}

/// The file and what is in it.
fn opened(arguments: &StoreArguments, context: &Context) -> Result<(FileStore, Store), CliError> {
    let file = FileStore::new(&arguments.file, context);
    let identities = IdentityFile::find(&arguments.identity, context)?.read()?;
    let store = file.read(&identities)?;
    Ok((file, store))
}

fn set(arguments: &SetArguments, context: &Context) -> Result<u8, CliError> {
    let name = &arguments.name;
    if !is_name(name) {
        // What looks like no name may be the value itself.
        return Err(CliError::usage("what follows `set` is no name of a secret")
            .hint("letters, digits and `_`: `capstep secret set DEPLOY_KEY`; the value is read from standard input"));
    }
    let (file, mut store) = if FileStore::new(&arguments.store.file, context).exists() {
        opened(&arguments.store, context)?
    } else {
        let file = FileStore::new(&arguments.store.file, context);
        (file, Store::default())
    };
    file.check_recipients()?;
    let Some(value) = keyring::value(name)? else {
        return Ok(exit::INTERRUPTED);
    };
    if value.is_empty() {
        return Err(CliError::usage("the value is empty").hint(
            "an empty secret is a mistake somewhere else; `capstep secret remove` removes one",
        ));
    }
    let replaced = store.set(name, value);
    file.write(&store)?;
    let verb = if replaced { "replaced" } else { "set" };
    let text = format!("{verb} `{name}` in {}\n", file.shown());
    context.printer.people(&text);
    Ok(exit::PASSED)
}

fn remove(arguments: &RemoveArguments, context: &Context) -> Result<u8, CliError> {
    let (file, mut store) = opened(&arguments.store, context)?;
    let name = &arguments.name;
    if !store.remove(name) {
        let near = did_you_mean(name, store.names()).map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no secret `{name}` in {}", file.shown());
        return Err(CliError::usage(message).maybe_hint(near));
    }
    file.write(&store)?;
    let text = format!("removed `{name}` from {}\n", file.shown());
    context.printer.people(&text);
    Ok(exit::PASSED)
}
