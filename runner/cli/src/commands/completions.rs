//! `capstep completions`

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use crate::context::Context;
use crate::error::CliError;
use crate::exit;

/// Print a shell's completions for `capstep`.
///
/// They go where the shell looks for them; a new shell knows them.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  bash        capstep completions bash > ~/.local/share/bash-completion/completions/capstep
  zsh         capstep completions zsh > ~/.zfunc/_capstep      # with fpath+=~/.zfunc before compinit
  fish        capstep completions fish > ~/.config/fish/completions/capstep.fish
  elvish      capstep completions elvish >> ~/.config/elvish/rc.elv
  powershell  capstep completions powershell >> $PROFILE")]
pub(crate) struct Arguments {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    let mut command = crate::arguments::Arguments::command();
    let mut script = Vec::new();
    generate(arguments.shell, &mut command, "capstep", &mut script);
    context.printer.data(&String::from_utf8_lossy(&script))?;
    Ok(exit::PASSED)
}
