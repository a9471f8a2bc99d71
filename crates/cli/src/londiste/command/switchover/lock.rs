//! Lock of the one who switches: a session of its own on the old root, which ends with the process.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use pg::{ConnectString, Session};
use pgq::switch;
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(50);

/// The lock, as long as it lives.
pub(crate) struct Lock {
    _session: Session,
}

impl Lock {
    /// Takes it.
    ///
    /// # Errors
    /// Another switch of the queue is at work: it is named.
    pub(super) async fn take(at: &ConnectString, queue: &str) -> Result<Lock> {
        Lock::take_as(at, queue, &who()).await
    }

    /// The same for another command that must not run beside a switch, named `who`.
    pub(crate) async fn take_as(at: &ConnectString, queue: &str, who: &str) -> Result<Lock> {
        let session = Session::connect(at, who).await?;
        let began = Instant::now();
        // the server may not have noticed yet that one who died is gone
        while !switch::try_lock(&*session, queue).await.map_err(pg::Error::from)? {
            if began.elapsed() > PATIENCE {
                return Err(held(&session, queue).await?);
            }
            sleep(LOOK).await;
        }
        Ok(Lock { _session: session })
    }
}

/// Who has it.
async fn held(session: &Session, queue: &str) -> Result<anyhow::Error> {
    let holder = switch::holder(&**session, queue).await.map_err(pg::Error::from)?;
    let holder = holder.map_or_else(
        || "it has ended just now: give the command again".to_owned(),
        |holder| format!("{} (server process {}, from {})", holder.application, holder.pid, holder.machine),
    );
    Ok(anyhow!("another switch of queue {queue} is at work: {holder}"))
}

/// Who switches, for the one who comes second.
pub(super) fn who() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}, process {} on {}", super::both::APPLICATION, std::process::id(), host.trim())
}
