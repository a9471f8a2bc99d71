//! Lock of the one who switches: a session of its own on the old root, which ends with the process.

use anyhow::{Result, bail};
use pg::{ConnectString, Session};
use pgq::switch;

/// The lock, as long as it lives.
pub(super) struct Lock {
    _session: Session,
}

impl Lock {
    /// Takes it.
    ///
    /// # Errors
    /// Another switch of the queue is at work: it is named.
    pub(super) async fn take(at: &ConnectString, queue: &str) -> Result<Lock> {
        let session = Session::connect(at, &who()).await?;
        if switch::try_lock(&*session, queue).await.map_err(pg::Error::from)? {
            return Ok(Lock { _session: session });
        }
        let holder = switch::holder(&*session, queue).await.map_err(pg::Error::from)?;
        let holder = holder.map_or_else(
            || "it has ended just now: give the command again".to_owned(),
            |holder| {
                format!("{} (server process {}, from {})", holder.application, holder.pid, holder.machine)
            },
        );
        bail!("another switch of queue {queue} is at work: {holder}")
    }
}

/// Who switches, for the one who comes second.
pub(super) fn who() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}, process {} on {}", super::APPLICATION, std::process::id(), host.trim())
}
