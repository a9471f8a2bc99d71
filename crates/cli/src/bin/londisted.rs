//! `londisted`: one process for all jobs of a migration.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::londisted::main()
}
