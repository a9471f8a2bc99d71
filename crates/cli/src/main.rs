//! Program under three names: `londiste`, and `pgqd` and `londisted` as links to it.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let called = std::env::args_os().next();
    let name = called.as_deref().and_then(|path| Path::new(path).file_name()).and_then(|name| name.to_str());
    match name {
        Some("pgqd") => cli::pgqd::main(),
        Some("londisted") => cli::londisted::main(),
        _ => cli::londiste::main(),
    }
}
