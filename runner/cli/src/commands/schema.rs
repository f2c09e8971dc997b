//! `capstep schema`

use capstep_engine::TimedEvent;
use capstep_grants::plan::Plan;
use capstep_host::protocol::{Answer, Call, VerbError};
use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde_json::Value;

use crate::context::Context;
use crate::doctor::Findings;
use crate::error::CliError;
use crate::exit;
use crate::gc::Removal;
use crate::history::{EnvironmentList, RunList, RunView};
use crate::show::{PlanDiff, WhyAnswers};

/// Print the JSON Schema of a file or message, for editors and other programs.
///
/// The schemas are made from the types that this very program reads and writes.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep schema pipeline > capstep.schema.json
  # then, at the top of capstep.yml:
  # yaml-language-server: $schema=capstep.schema.json
  capstep schema pipeline --install-hint    # for VS Code, JetBrains and Neovim")]
pub(crate) struct Arguments {
    /// Of what.
    #[arg(value_enum)]
    of: Of,
    /// Say how editors use it, instead: of `pipeline` and `manifest`.
    #[arg(long)]
    install_hint: bool,
}

/// How editors check and complete `capstep.yml`.
const PIPELINE_HINT: &str = "\
Write the schema beside the pipeline, once for each version of capstep:

  capstep schema pipeline > capstep.schema.json

Any editor with yaml-language-server (VS Code's YAML extension, Neovim, Helix, Emacs)
reads this first line of capstep.yml, and needs nothing else:

  # yaml-language-server: $schema=capstep.schema.json

VS Code, for all pipelines of a folder, in .vscode/settings.json:

  { \"yaml.schemas\": { \"./capstep.schema.json\": [\"capstep.yml\"] } }

JetBrains (IntelliJ, PyCharm, GoLand, ...):

  Settings > Languages & Frameworks > Schemas and DTDs > JSON Schema Mappings:
  add capstep.schema.json, version 'JSON Schema version 2020-12', file path pattern capstep.yml

Neovim 0.11 and newer, with yaml-language-server installed:

  vim.lsp.config('yamlls', { settings = { yaml = {
    schemas = { ['./capstep.schema.json'] = 'capstep.yml' } } } })
  vim.lsp.enable('yamlls')

`capstep lint` finds more than a schema can say: types of inputs, races, secrets in wrong places.
";

/// How editors check and complete `plugin.toml`.
const MANIFEST_HINT: &str = "\
Write the schema beside the manifest, once for each version of capstep:

  capstep schema manifest > plugin.schema.json

Any editor with taplo (VS Code's Even Better TOML, Neovim, Helix) reads this first line of plugin.toml:

  #:schema ./plugin.schema.json

VS Code, for a whole folder, in .vscode/settings.json:

  { \"evenBetterToml.schema.associations\": { \"plugin\\\\.toml$\": \"./plugin.schema.json\" } }

JetBrains (with the TOML plugin): Settings > Languages & Frameworks > Schemas and DTDs >
  JSON Schema Mappings: add plugin.schema.json, file path pattern plugin.toml

Neovim 0.11 and newer, with taplo installed: vim.lsp.enable('taplo')
";

/// What has a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Of {
    /// `capstep.yml`.
    Pipeline,
    /// A file with steps that a pipeline includes.
    Included,
    /// A plugin's `plugin.toml`.
    Manifest,
    /// What `capstep plan --format json` writes.
    Plan,
    /// A line of what `capstep run --format json` writes.
    Events,
    /// What `capstep plan --diff REF --format json` writes.
    PlanDiff,
    /// What `capstep why --format json` writes.
    Why,
    /// What `capstep runs --format json` writes.
    Runs,
    /// What `capstep show --format json` writes.
    Run,
    /// What `capstep environments --format json` writes.
    Environments,
    /// What `capstep doctor --format json` writes.
    Doctor,
    /// What `capstep gc --format json` writes.
    Gc,
    /// What plugins with `abi = "command"` say and are told.
    Protocol,
}

/// What crosses between the host and a plugin, as JSON.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
#[serde(untagged)]
enum Protocol {
    /// What the plugin asks: a request's `method` and `params`.
    Call(Call),
    /// What it is told: the response's `result`, by method.
    Answer(Answer),
    /// Why a call did not work: the response's `error.data`.
    Error(VerbError),
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    if arguments.install_hint {
        let hint = match arguments.of {
            Of::Pipeline => PIPELINE_HINT,
            Of::Manifest => MANIFEST_HINT,
            _ => {
                return Err(CliError::usage(
                    "only the schemas of `pipeline` and `manifest` are for editors",
                ));
            }
        };
        context.printer.page(hint)?;
        return Ok(exit::PASSED);
    }
    let schema = match arguments.of {
        Of::Pipeline => capstep_pipeline::pipeline_schema(),
        Of::Included => capstep_pipeline::included_schema(),
        Of::Manifest => capstep_grants::manifest::manifest_schema(),
        Of::Plan => titled(schemars::schema_for!(Plan), "A capstep plan"),
        Of::Events => titled(
            schemars::schema_for!(TimedEvent),
            "An event of a capstep run",
        ),
        Of::PlanDiff => titled(
            schemars::schema_for!(PlanDiff),
            "What a change adds to a capstep plan",
        ),
        Of::Why => titled(
            schemars::schema_for!(WhyAnswers),
            "Which lines let which step touch a thing",
        ),
        Of::Runs => titled(schemars::schema_for!(RunList), "A list of capstep runs"),
        Of::Run => titled(
            schemars::schema_for!(RunView),
            "What happened in a capstep run",
        ),
        Of::Environments => titled(
            schemars::schema_for!(EnvironmentList),
            "Where a capstep project has deployed to",
        ),
        Of::Doctor => titled(schemars::schema_for!(Findings), "What capstep doctor found"),
        Of::Gc => titled(schemars::schema_for!(Removal), "What capstep gc removed"),
        Of::Protocol => titled(
            schemars::schema_for!(Protocol),
            "The capstep command protocol",
        ),
    };
    context.printer.data(&super::json(&schema)?)?;
    Ok(exit::PASSED)
}

fn titled(schema: schemars::Schema, title: &str) -> Value {
    let mut schema = schema.to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".to_owned(), title.into());
    }
    schema
}
