//! `pgqd.ini`, `source.ini` and `target.ini` of a run directory.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::Database;

/// The queue of every setup that does not set another `queue_name`.
pub const QUEUE: &str = "migq";
/// Job name and consumer name of the source's worker.
pub const SOURCE_JOB: &str = "source_app";
/// Job name and consumer name of the target's worker.
pub const TARGET_JOB: &str = "target_app";

/// The three files and their values.
pub(super) struct IniFiles {
    directory: PathBuf,
    files: BTreeMap<String, Ini>,
}

struct Ini {
    section: &'static str,
    values: BTreeMap<String, String>,
}

impl IniFiles {
    /// Writes all three.
    pub(super) fn write(directory: &Path, source: &Database, target: &Database) -> IniFiles {
        let mut inis = IniFiles { directory: directory.to_path_buf(), files: BTreeMap::new() };
        inis.add(
            "pgqd",
            "pgqd",
            &[
                ("base_connstr", &source.base_connstr()),
                ("initial_database", &source.dbname),
                ("database_list", &source.dbname),
                ("syslog", "0"),
                ("retry_period", "2"),
                ("ticker_period", "0.5"),
            ],
        );
        for (name, job, database) in [("source", SOURCE_JOB, source), ("target", TARGET_JOB, target)] {
            let db = database.connstr();
            let values =
                [("db", db.as_str()), ("queue_name", QUEUE), ("job_name", job), ("exception_sleep", "1")];
            inis.add(name, "londiste", &values);
        }
        inis.set("target.ini", "parallel_copies", "4");
        inis
    }

    fn add(&mut self, name: &str, section: &'static str, values: &[(&str, &str)]) {
        let file = format!("{name}.ini");
        self.files.insert(file.clone(), Ini { section, values: BTreeMap::new() });
        for suffix in ["log", "pid"] {
            let path = self.directory.join(format!("{name}.{suffix}"));
            self.set(&file, &format!("{suffix}file"), &path.display().to_string());
        }
        for (key, value) in values {
            self.set(&file, key, value);
        }
    }

    /// A value as it was set.
    pub(super) fn value(&self, file: &str, key: &str) -> Option<&str> {
        self.files.get(file)?.values.get(key).map(String::as_str)
    }

    /// Sets a value and writes the file. A percent sign stands for itself.
    #[track_caller]
    pub(super) fn set(&mut self, file: &str, key: &str, value: &str) {
        let ini = self.files.get_mut(file).unwrap_or_else(|| panic!("no such file: {file}"));
        ini.values.insert(key.to_owned(), value.to_owned());
        let mut text = format!("[{}]\n", ini.section);
        for (key, value) in &ini.values {
            writeln!(text, "{key} = {}", value.replace('%', "%%")).expect("a string can be written to");
        }
        let path = self.directory.join(file);
        std::fs::write(&path, text).expect("the ini file can be written");
        // they hold passwords: anything else is warned about
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .expect("its mode can be set");
    }
}
