//! Lock of a node: the session that holds it, and its signs of life. It survives failures of the worker, so that copies
//! go on meanwhile.

use std::sync::Arc;
use std::time::Duration;

use pg::Session;
use pgq::worker_lock;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::error::During;
use crate::{Config, Result};

/// How often a sign of life goes over the session.
const PULSE: Duration = Duration::from_secs(5);
/// A sign of life that is not answered for so long is lost on the way.
const ANSWER: Duration = Duration::from_secs(6);

/// The lock, as long as its session lives.
#[derive(Debug)]
pub(crate) struct NodeLock {
    session: Arc<Session>,
    lost: CancellationToken,
    taken_over: bool,
    pulse: Option<AbortOnDropHandle<()>>,
}

/// What the session is there for besides the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Nothing.
    Lock,
    /// The work of a root, which rests for so long between its statements; these may take their time.
    Work(Duration),
}

impl NodeLock {
    /// The lock that `session` has taken; `taken_over`: from another process.
    pub(crate) fn of(session: Arc<Session>, taken_over: bool) -> NodeLock {
        NodeLock { session, lost: CancellationToken::new(), taken_over, pulse: None }
    }

    /// Lets another process have it.
    pub(crate) async fn release(self, config: &Config) -> Result<()> {
        let released =
            worker_lock::release_node(&**self.session, &config.queue_name, config.consumer()).await;
        released.during("giving the node's lock back")
    }

    /// Names the session for what it is used for, and gives signs of life over it from now on.
    pub(crate) async fn serve(&mut self, name: &str, used: Use) -> Result<()> {
        let sql = "select set_config('application_name', $1, false)";
        self.session.query_one(sql, &[&name]).await.during("this node (db)")?;
        let answer = match used {
            Use::Lock => Some(ANSWER),
            Use::Work(rest) if rest > PULSE => None,
            Use::Work(_) => {
                // the work is sign enough
                self.pulse = None;
                return Ok(());
            }
        };
        let pulse = pulse(Arc::clone(&self.session), self.lost.clone(), answer);
        self.pulse = Some(AbortOnDropHandle::new(tokio::spawn(pulse)));
        Ok(())
    }

    pub(crate) fn session(&self) -> Arc<Session> {
        Arc::clone(&self.session)
    }

    /// Another process had it before.
    pub(crate) fn is_taken_over(&self) -> bool {
        self.taken_over
    }

    /// Is cancelled when the session is lost.
    pub(crate) fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.is_cancelled() || self.session.is_closed()
    }
}

/// Signs of life: empty statements. One that is not answered within `answer` means that the connection is lost.
async fn pulse(session: Arc<Session>, lost: CancellationToken, answer: Option<Duration>) {
    loop {
        sleep(PULSE).await;
        let beat = session.batch_execute("");
        let answered = match answer {
            Some(limit) => timeout(limit, beat).await.is_ok_and(|answered| answered.is_ok()),
            None => beat.await.is_ok(),
        };
        if !answered {
            lost.cancel();
            return;
        }
    }
}
