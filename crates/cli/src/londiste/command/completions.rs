//! `completions`: what a shell has to know to complete command lines of `londiste`.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::londiste::arguments::Arguments as Londiste;

/// Words of `completions`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// bash, zsh, fish, elvish or powershell
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    shell: Shell,
}

/// Writes them to the standard output.
pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    let mut definition = Londiste::command();
    clap_complete::generate(arguments.shell, &mut definition, "londiste", &mut std::io::stdout());
    ExitCode::SUCCESS
}
