//! `londiste`: administration of replication, and the worker of a node.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::londiste::main()
}
