//! `config`: what an ini file says in the end.

use std::path::Path;

use anyhow::Result;
use daemon::Ini;

use crate::londiste::support::outcome::Outcome;
use crate::terminal::Terminal;

/// Prints every key with its value and where that comes from. Fails where the values cannot be used.
pub(crate) fn run(file: &Path, overrides: &[(String, String)], terminal: Terminal) -> Result<Outcome> {
    let ini = Ini::load(file, overrides)?;
    terminal.print("[londiste]");
    for entry in ini.effective("londiste")? {
        terminal.print(&entry.to_string());
    }
    ini.warnings("londiste").iter().for_each(|line| terminal.warn(line));
    ini.londiste()?;
    Ok(Outcome::Done)
}
