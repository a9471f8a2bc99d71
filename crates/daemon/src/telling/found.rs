//! Problems as they are found, with their words: what the database knows, what the supervisor knows, room on disk.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use migration::drift::shell;
use pgq::problem::{Found, Key, Kind};
use pgq::table::{NOT_SERVED, OTHER_TABLE};

use super::told::{Current, Problem, Told};
use crate::supervise::{PartStatus, State};

/// The name of the part that tells hooks.
pub(crate) const PART: &str = "hooks";

/// A part that fails for a moment is nobody's concern.
const FAILURES: u32 = 5;
/// A part that has run so long without failing is well, whatever it has done.
const HEALTHY: Duration = Duration::from_secs(30);
/// A file system that was short of room has it again with this many percent more.
const MORE: u64 = 110;

/// Adds what the database knows. `ini`: the job's file.
pub(super) fn in_database(current: &mut Current, ini: &Path, found: &[Found]) {
    for found in found {
        match found.stands {
            true => current.stands(in_words(ini, found)),
            false => _ = current.open.insert(found.key.clone()),
        }
    }
}

fn in_words(ini: &Path, found: &Found) -> Problem {
    let key = found.key.clone();
    let (table, name) = (&key.table, &key.name);
    let command = |command: &str| format!("londiste {} {command}", shell(&ini.to_string_lossy()));
    let about = |word: &str| command(&format!("{word} {}", shell(table)));
    let (words, remedy) = match key.kind {
        Kind::Parked => parked(found, &command("tables"), about),
        Kind::Drift => (format!("definitions drift: {name}"), found.statement.clone()),
        Kind::Unreplicated => (format!("{table}: {name}"), found.statement.clone()),
        _ => {
            let (differing, compared) =
                (found.differing.unwrap_or_default(), found.compared.unwrap_or_default());
            let words = format!("{differing} rows of {table} differ, of {compared} that were compared");
            (words, about("repair"))
        }
    };
    Problem { key, words, remedy }
}

/// The error itself may name the key of a row.
fn parked(found: &Found, tables: &str, about: impl Fn(&str) -> String) -> (String, String) {
    let table = &found.key.table;
    let at = found.event.map(|event| format!(" at event {event}")).unwrap_or_default();
    let code = found.code.as_deref();
    let (why, remedy) = match code {
        Some(NOT_SERVED) => (" because it is not served".to_owned(), about("remove-table")),
        Some(OTHER_TABLE) => (" because it is another table now".to_owned(), about("resync")),
        Some("53100") => (": a server's disk is full (SQLSTATE 53100)".to_owned(), about("resume-table")),
        Some(code) => (format!(" (SQLSTATE {code})"), about("resume-table")),
        None => (String::new(), about("resume-table")),
    };
    (format!("{table} is parked{at}{why}; the others go on; the cause is told by {tables}"), remedy)
}

/// Adds what the supervisor knows.
pub(super) fn in_parts(current: &mut Current, told: &Told, ini: &Path, parts: &[PartStatus]) {
    let works = parts.iter().any(|part| part.name == "worker" && is_well(part));
    for part in parts.iter().filter(|part| part.name != PART) {
        let key = part_key(&part.name);
        if part.failures >= FAILURES && part.last_error.is_some() {
            let why = part.cause.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            let words = format!("{} fails, {} times in a row{why}", part.name, part.failures);
            let remedy = format!("londisted status {}", shell(&ini.to_string_lossy()));
            current.stands(Problem { key, words, remedy });
        } else if !is_well(part) {
            current.open.insert(key);
        }
    }
    // a copy that is not there has come to its end, unless the worker has not begun to look yet
    if !works {
        let absent = told.all().into_iter().map(|(key, _)| key);
        current.open.extend(
            absent.filter(|key| key.kind == Kind::Part && !parts.iter().any(|part| part.name == key.name)),
        );
    }
}

fn is_well(part: &PartStatus) -> bool {
    let runs = part.state == State::Running && part.since.elapsed().is_ok_and(|time| time > HEALTHY);
    part.failures == 0 && (part.report.pieces() > 0 || runs)
}

fn part_key(name: &str) -> Key {
    let table = name.strip_prefix("copy ").unwrap_or_default();
    Key { kind: Kind::Part, table: table.to_owned(), name: name.to_owned() }
}

/// Adds directories with less than `reserve` bytes of room.
pub(super) fn on_disk(current: &mut Current, told: &Told, directories: &[PathBuf], reserve: u64) {
    for directory in directories {
        let key = Key { kind: Kind::Disk, table: String::new(), name: directory.display().to_string() };
        let Ok(there) = rustix::fs::statvfs(directory) else {
            current.open.insert(key);
            continue;
        };
        let free = there.f_bavail.saturating_mul(there.f_frsize);
        let enough = if told.has(&key) { reserve.saturating_mul(MORE) / 100 } else { reserve };
        if free < enough {
            let words = format!(
                "the file system of {} has {} MB of room, less than disk_reserve",
                directory.display(),
                free >> 20
            );
            let remedy = format!("df -h {}", shell(&directory.to_string_lossy()));
            current.stands(Problem { key, words, remedy });
        }
    }
}

/// The directories of these files, one for each file system.
pub(crate) fn directories<'a>(files: impl Iterator<Item = &'a Path>) -> Vec<PathBuf> {
    let mut devices = Vec::new();
    let mut directories = Vec::new();
    for directory in files.filter_map(Path::parent) {
        let device = std::fs::metadata(directory).map(|found| found.dev()).ok();
        if !devices.contains(&device) {
            devices.push(device);
            directories.push(directory.to_owned());
        }
    }
    directories
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parked_table_is_told_without_its_error_and_with_its_command() {
        let key = Key { kind: Kind::Parked, table: "public.it's".to_owned(), name: String::new() };
        let found = |code: Option<&str>| Found {
            key: key.clone(),
            stands: true,
            code: code.map(str::to_owned),
            event: Some(7),
            statement: String::new(),
            differing: None,
            compared: None,
        };
        let told = |code| in_words(Path::new("run/target.ini"), &found(code));
        let words = "public.it's is parked at event 7 (SQLSTATE 23505); the others go on; \
                     the cause is told by londiste 'run/target.ini' tables";
        assert_eq!(told(Some("23505")).words, words);
        assert_eq!(told(Some("23505")).remedy, r"londiste 'run/target.ini' resume-table 'public.it'\''s'");
        assert!(told(Some("53100")).words.contains("disk is full"));
        assert_eq!(told(Some(OTHER_TABLE)).remedy, r"londiste 'run/target.ini' resync 'public.it'\''s'");
    }

    #[test]
    fn a_file_system_is_short_until_it_has_a_little_more_than_needed() {
        let here = std::env::temp_dir();
        let there = rustix::fs::statvfs(&here).unwrap();
        let free = there.f_bavail * there.f_frsize;
        let short = |told: &Told, reserve| {
            let mut current = Current::default();
            on_disk(&mut current, told, std::slice::from_ref(&here), reserve);
            !current.standing.is_empty()
        };
        let mut told = Told::default();
        assert!(!short(&told, free / 2));
        assert!(short(&told, free * 2));
        let mut current = Current::default();
        on_disk(&mut current, &told, std::slice::from_ref(&here), free * 2);
        told.changes(&current).iter().for_each(|change| told.tell(change));
        assert!(short(&told, free - free / 20), "five percent more are not enough");
        assert!(!short(&told, free / 2));
    }
}
