//! Whether systemd runs the processes of some ini files, and which command starts them.

use std::path::{Path, PathBuf};

/// Where the units look for ini files.
const FOLDER: &str = "/etc/londiste";
/// It is there while systemd runs the machine.
const RUNNING: &str = "/run/systemd/system";

/// The command that starts the units of these ini files; none where systemd does not run them.
pub(super) fn command(files: &[&Path]) -> Option<String> {
    if !Path::new(RUNNING).exists() {
        return None;
    }
    let absolute: Vec<PathBuf> = files.iter().filter_map(|file| std::path::absolute(file).ok()).collect();
    units(&absolute)
}

/// All of one folder below are one unit; files that lie in it directly have a unit each.
fn units(files: &[PathBuf]) -> Option<String> {
    let folder = files.first()?.parent()?;
    if files.iter().any(|file| file.parent() != Some(folder)) {
        return None;
    }
    let units: Vec<String> = if folder == Path::new(FOLDER) {
        let unit = |file: &PathBuf| {
            let name = file.file_stem()?.to_str()?;
            Some(format!("londiste-{}@{name}", if name.contains("pgqd") { "ticker" } else { "worker" }))
        };
        files.iter().map(unit).collect::<Option<_>>()?
    } else if folder.parent() == Some(Path::new(FOLDER)) {
        vec![format!("londisted@{}", folder.file_name()?.to_str()?)]
    } else {
        return None;
    };
    Some(format!("systemctl enable --now {}", units.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[&str]) -> Option<String> {
        units(&files.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    #[test]
    fn units_are_named_after_the_place_of_the_files() {
        let all = ["/etc/londiste/pgqd.ini", "/etc/londiste/source.ini", "/etc/londiste/target.ini"];
        let each =
            "systemctl enable --now londiste-ticker@pgqd londiste-worker@source londiste-worker@target";
        assert_eq!(of(&all).as_deref(), Some(each));
        let one = ["/etc/londiste/shop/pgqd.ini", "/etc/londiste/shop/target.ini"];
        assert_eq!(of(&one).as_deref(), Some("systemctl enable --now londisted@shop"));
        assert_eq!(of(&["/home/me/pgqd.ini", "/home/me/target.ini"]), None);
        assert_eq!(of(&["/etc/londiste/pgqd.ini", "/home/me/target.ini"]), None);
    }
}
