//! Where the directories of throw-away servers are: in memory under cargo-nextest, where there is plenty of it. A sixth
//! of the suite's time went into making their files on a disk.
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system in memory that every Linux has.
const MEMORY: &str = "/dev/shm";
/// So much has to be free, of the file system and of the machine's memory, in KiB: some tests write gigabytes.
const ENOUGH: u64 = 12 << 20;

/// The directory. `TMPDIR` comes first; programs that are no tests (demo, bench) work where others would.
pub fn of_clusters() -> PathBuf {
    let is_test = std::env::var_os("NEXTEST").is_some() && std::env::var_os("TMPDIR").is_none();
    if is_test && free(Path::new(MEMORY)).min(available()) >= ENOUGH {
        return PathBuf::from(MEMORY);
    }
    std::env::temp_dir()
}

/// Room in a file system, in KiB.
fn free(at: &Path) -> u64 {
    let output = Command::new("df").args(["--output=avail", "-k"]).arg(at).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().nth(1).and_then(|line| line.trim().parse().ok()).unwrap_or_default()
}

/// Memory that programs may still take, in KiB.
fn available() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
