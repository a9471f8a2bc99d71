//! What a run costs besides time: CPU of servers and processes as `/proc` counts it, write-ahead log, memory.
use std::fmt;
use std::fs::read_to_string;
use std::path::Path;

use tests::{Cluster, Database};

/// Costs of one run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Costs {
    /// Write-ahead log of the target, in bytes.
    pub(crate) wal: i64,
    /// CPU seconds of all processes of the source's server.
    pub(crate) source: f64,
    /// CPU seconds of all processes of the target's server.
    pub(crate) target: f64,
    /// CPU seconds of the replicating process, where there is one outside the servers.
    pub(crate) process: Option<f64>,
    /// Its peak resident memory, in bytes.
    pub(crate) peak: Option<u64>,
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mega = |bytes: f64| bytes / f64::from(1 << 20);
        write!(f, "WAL {:6.1} MB  CPU s: source {:5.2}", mega(self.wal as f64), self.source)?;
        write!(f, " target {:5.2} process", self.target)?;
        match (self.process, self.peak) {
            (Some(process), Some(peak)) => write!(f, " {process:5.2}  peak {:5.1} MB", mega(peak as f64)),
            _ => write!(f, "     -"),
        }
    }
}

/// Ticks of the clock that `/proc` counts in, a constant of Linux's interface.
const CLOCK: f64 = 100.0;

/// CPU seconds of a process, and of its children that have ended.
pub(crate) fn cpu(pid: u32) -> f64 {
    let stat = read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // the fields behind the parenthesised name begin with the third; utime, stime, cutime and cstime are 14 to 17
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(4);
    fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / CLOCK
}

/// CPU seconds of a server: of its postmaster, all children that have ended, and all that run.
pub(crate) fn server_cpu(cluster: &Cluster) -> f64 {
    let file = read_to_string(cluster.directory().join("data/postmaster.pid")).expect("the server runs");
    let postmaster: u32 = file.lines().next().and_then(|line| line.parse().ok()).expect("a pid");
    cpu(postmaster) + children(postmaster).into_iter().map(cpu).sum::<f64>()
}

/// Processes that a process has started and that still run.
fn children(pid: u32) -> Vec<u32> {
    let list = Path::new("/proc").join(pid.to_string()).join(format!("task/{pid}/children"));
    read_to_string(list).unwrap_or_default().split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// How much write-ahead log the server has ever written, in bytes.
pub(crate) fn wal(database: &Database) -> i64 {
    database.number("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8")
}
