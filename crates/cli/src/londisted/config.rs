//! `config`: what ini files say in the end.

use std::path::PathBuf;

use daemon::{Error, Ini};

/// Prints every key of every file with its value and where that comes from; false when a file's values cannot be used, which is said.
pub(crate) fn show(files: &[PathBuf]) -> Result<bool, Error> {
    let mut usable = true;
    for file in files {
        let ini = Ini::load(file, &[])?;
        let section = if ini.has_section("pgqd") { "pgqd" } else { "londiste" };
        println!("[{section}]");
        let read = ini.effective(section).and_then(|entries| {
            entries.iter().for_each(|entry| println!("{entry}"));
            if section == "pgqd" { ini.pgqd().map(drop) } else { ini.londiste().map(drop) }
        });
        ini.warnings(section).iter().for_each(|line| eprintln!("WARNING: {line}"));
        if let Err(error) = read {
            eprintln!("londisted: {error}");
            usable = false;
        }
        println!();
    }
    Ok(usable)
}
