//! `completions`: what a shell has to know to complete command lines of `londiste`.

use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

/// Words of `completions`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// bash, zsh, fish, elvish or powershell
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    shell: Shell,
}

/// Writes those of a command line to the standard output.
pub(crate) fn main(arguments: &Arguments, mut definition: clap::Command) -> ExitCode {
    clap_complete::generate(arguments.shell, &mut definition, "londiste", &mut std::io::stdout());
    ExitCode::SUCCESS
}
