//! The `capstep` binary: arguments in, reports out. All decisions are made in the libraries.
//!
//! - `arguments`, `commands`: what can be asked, one file per command;
//! - `context`, `locate`, `project`: where the program stands, which file is meant, what is in it;
//! - `values`: variables and secrets, from flags, files and the environment, which is read nowhere else;
//! - `bounded`: files read up to a limit;
//! - `directories`, `surroundings`, `process`, `report`: what a run needs of the machine, and how it is told;
//! - `keyring`: secrets in a file of the repository; `doctor`, `gc`: this machine, and what is old on it;
//! - `git`: the pipeline's file as it was; `history`: runs that have been, read back;
//! - `show`: mistakes, plans, plugins and runs, for people and for programs;
//! - `error`, `exit`, `codes`: how a command ends, and what mistakes are called;
//! - `printer`: the one place that writes. Standard output is for data, standard error for people.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod application;
mod arguments;
mod bounded;
mod codes;
mod commands;
mod context;
mod directories;
mod doctor;
mod error;
mod exit;
mod gc;
mod git;
mod history;
mod included;
mod keyring;
mod locate;
mod printer;
mod process;
mod project;
mod report;
mod show;
mod surroundings;
mod values;

fn main() -> std::process::ExitCode {
    let arguments = || std::env::args_os().skip(1);
    // A process that was started for a step's script shuts itself in before anything else happens in it.
    capstep_process::inside::enter(arguments())
        .or_else(|| capstep_host::sandbox::enter_compiler(arguments()))
        .unwrap_or_else(application::start)
}
