//! Connections that the network has swallowed.
//!
//! A statement may take hours, so no time limit can tell a server at work from one whose answers get lost on the way. A
//! second connection can: it asks what the first one's server process is doing. See [`Watch::look`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ConnectString;

tokio::task_local! {
    static WATCH: Watch;
}

/// The sessions that one piece of work has open.
#[derive(Clone, Default)]
pub struct Watch {
    sessions: Arc<Mutex<Sessions>>,
}

#[derive(Default)]
pub(crate) struct Sessions {
    next: u64,
    pub(crate) open: BTreeMap<u64, (ConnectString, i32)>,
    /// Given up here, perhaps still there on their servers.
    pub(crate) abandoned: Vec<Abandoned>,
}

#[derive(Clone)]
pub(crate) struct Abandoned {
    pub(crate) at: ConnectString,
    pub(crate) pid: i32,
    /// What it did last: another session by the same number has done something else.
    pub(crate) since: String,
}

/// Keeps a session on its watch's list.
pub struct Enlisted {
    watch: Watch,
    number: u64,
}

impl Drop for Enlisted {
    fn drop(&mut self) {
        self.watch.sessions().open.remove(&self.number);
    }
}

/// Puts a session on the list of the current task's watch, if it has one: one that is not there from the start, since
/// what it does besides is no sign of the work.
pub fn enlist(at: &ConnectString, backend_pid: i32) -> Option<Enlisted> {
    let watch = WATCH.try_with(Watch::clone).ok()?;
    let mut sessions = watch.sessions();
    sessions.next += 1;
    let number = sessions.next;
    sessions.open.insert(number, (at.clone(), backend_pid));
    drop(sessions);
    Some(Enlisted { watch, number })
}

impl Watch {
    /// Does `work`; sessions that it opens, or takes from a pool, are watched until they are dropped. Tasks that it
    /// spawns are not.
    pub async fn over<F: Future>(&self, work: F) -> F::Output {
        WATCH.scope(self.clone(), work).await
    }

    pub(crate) fn sessions(&self) -> std::sync::MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
