//! `pgqd`: the ticker.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::pgqd::main()
}
