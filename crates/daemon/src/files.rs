//! Ini files that a command line of `londisted` means.

use std::path::PathBuf;

use crate::Error;

/// A directory stands for the files `*.ini` in it, in the order of their names.
///
/// # Errors
/// A directory cannot be read, or has no such file.
pub fn expanded(named: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unreadable = |source| Error::IniUnreadable { file: path.clone(), source };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?.path();
            if entry.extension().is_some_and(|extension| extension == "ini") {
                found.push(entry);
            }
        }
        if found.is_empty() {
            return Err(unreadable(std::io::Error::other("no file *.ini is in this directory")));
        }
        found.sort();
        files.append(&mut found);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_stands_for_its_ini_files() {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let etc = here.join("../../etc");
        let found = expanded(&["x.ini".into(), etc]).unwrap();
        let names: Vec<_> = found.iter().map(|file| file.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["x.ini", "pgqd.ini", "source.ini", "target.ini"]);
        assert!(expanded(&[here]).unwrap_err().to_string().contains("*.ini"));
    }
}
