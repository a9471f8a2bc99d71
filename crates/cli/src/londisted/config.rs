//! `config`: what ini files say in the end.

use std::path::PathBuf;

use daemon::{Error, Ini};

use crate::terminal::Terminal;

/// Prints every key of every file with its value and where that comes from; false when a file's values cannot be used,
/// which is said.
pub(crate) fn show(files: &[PathBuf], terminal: Terminal) -> Result<bool, Error> {
    let mut usable = true;
    for file in files {
        let ini = Ini::load(file, &[])?;
        let section = if ini.has_section("pgqd") { "pgqd" } else { "londiste" };
        terminal.print(&format!("[{section}]"));
        let read = ini.effective(section).and_then(|entries| {
            entries.iter().for_each(|entry| terminal.print(&entry.to_string()));
            if section == "pgqd" { ini.pgqd().map(drop) } else { ini.londiste().map(drop) }
        });
        ini.warnings(section).iter().for_each(|line| terminal.warn(line));
        if let Err(error) = read {
            terminal.complain(&error.to_string());
            usable = false;
        }
        terminal.print("");
    }
    Ok(usable)
}
