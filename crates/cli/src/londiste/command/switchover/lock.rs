//! Lock of the one who switches: a session of its own on the old root, which ends with the process.

use std::time::{Duration, Instant};

use anyhow::{Error, Result, anyhow};
use pg::{ConnectString, Session};
use pgq::switch::{self, Holder};
use tokio::time::sleep;

use super::both::APPLICATION;

const PATIENCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(50);
const KEEPALIVES: &str = "set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3; \
                          set tcp_user_timeout = 12000";

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
        // the server drops the session within seconds of its machine's end
        session.batch_execute(KEEPALIVES).await.map_err(pg::Error::from)?;
        let began = Instant::now();
        // the server may not have noticed yet that one who died is gone
        while !switch::try_lock(&*session, queue).await.map_err(pg::Error::from)? {
            if began.elapsed() > PATIENCE {
                let holder = switch::holder(&*session, queue).await.map_err(pg::Error::from)?;
                match holder {
                    // its connection hangs somewhere, so that the server does not hear of its end
                    Some(holder) if is_dead(&holder.application) => {
                        switch::terminate(&*session, holder.pid).await?;
                    }
                    holder => return Err(held(queue, holder)),
                }
            }
            sleep(LOOK).await;
        }
        Ok(Lock { _session: session })
    }
}

/// Who has it, in words.
fn held(queue: &str, holder: Option<Holder>) -> Error {
    let holder = holder.map_or_else(
        || "it has ended just now: give the command again".to_owned(),
        |holder| format!("{} (server process {}, from {})", holder.application, holder.pid, holder.machine),
    );
    anyhow!("another switch of queue {queue} is at work: {holder}")
}

/// Who switches, for the one who comes second.
pub(super) fn who() -> String {
    who_is(&std::process::id().to_string())
}

fn who_is(process: &str) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{APPLICATION}, process {process} on {}", host.trim())
}

/// Whether this is the name of a process of this machine that is no more.
fn is_dead(application: &str) -> bool {
    let process = application.strip_prefix(APPLICATION).and_then(|rest| rest.strip_prefix(", process "));
    let Some(process) = process.and_then(|rest| rest.split(' ').next()) else { return false };
    application == who_is(process) && !std::path::Path::new("/proc").join(process).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_of_this_machine_is_known_to_be_dead() {
        assert!(!is_dead(&who()));
        assert!(is_dead(&who_is("999999999")));
        assert!(!is_dead("londiste switchover, process 999999999 on another-machine"));
        assert!(!is_dead("psql"));
    }
}
