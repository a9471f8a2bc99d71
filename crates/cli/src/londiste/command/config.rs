//! `config`: what an ini file says in the end.

use std::path::Path;

use anyhow::Result;
use daemon::Ini;
use daemon::ini::Entry;
use serde_json::{Value, json};

use crate::londiste::flags::Answer;
use crate::londiste::support::outcome::Outcome;
use crate::terminal::Terminal;

/// Prints every key with its value and where that comes from. Fails where the values cannot be used.
pub(crate) fn run(
    file: &Path,
    overrides: &[(String, String)],
    answer: Answer,
    terminal: Terminal,
) -> Result<Outcome> {
    let ini = Ini::load(file, overrides)?;
    if answer.json {
        let key = |entry: &Entry| json!({ "key": entry.key, "value": entry.value, "origin": entry.origin });
        let keys: Vec<Value> = ini.effective("londiste")?.iter().map(key).collect();
        let (file, warnings) = (file.display().to_string(), ini.warnings("londiste"));
        terminal
            .print(&json!({ "version": 1, "file": file, "keys": keys, "warnings": warnings }).to_string());
        ini.londiste()?;
        return Ok(Outcome::Done);
    }
    terminal.print("[londiste]");
    for entry in ini.effective("londiste")? {
        terminal.print(&entry.to_string());
    }
    ini.warnings("londiste").iter().for_each(|line| terminal.warn(line));
    ini.londiste()?;
    Ok(Outcome::Done)
}
