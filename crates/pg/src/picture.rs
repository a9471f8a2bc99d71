//! Picture of what watched sessions are doing on their servers, and the end of those that are given up.

use std::fmt;
use std::time::Duration;

use tokio_postgres::SimpleQueryMessage;

use crate::session::Session;
use crate::watch::{Abandoned, Watch};
use crate::{ConnectString, Error, Result};

/// A server that does not tell within this time what it is doing cannot be asked.
const ASKING: Duration = Duration::from_secs(20);

impl Watch {
    /// Asks the servers what the open sessions are doing there, over new connections.
    pub async fn look(&self, application: &str) -> Picture {
        let open: Vec<_> = self.sessions().open.values().cloned().collect();
        let mut picture = Picture::default();
        for (at, pid) in open {
            let asked = tokio::time::timeout(ASKING, ask(&at, pid, application)).await;
            let doing = asked.ok().and_then(Result::ok).unwrap_or(Doing::Unknown);
            picture.sessions.push((pid, doing));
        }
        picture
    }

    /// Gives up the open sessions that are in `picture`: the network has lost them. Their server processes do not know,
    /// and may hold locks: [`Watch::bury`] ends them.
    pub fn abandon(&self, picture: &Picture) {
        let mut sessions = self.sessions();
        let open: Vec<_> = sessions.open.values().cloned().collect();
        for (at, pid) in open {
            let seen = picture.sessions.iter().find(|(seen, _)| *seen == pid);
            if let Some((_, Doing::There { since, .. })) = seen {
                sessions.abandoned.push(Abandoned { at, pid, since: since.clone() });
            }
        }
    }

    /// Ends the server processes of abandoned sessions, as far as their servers can be reached; the others stay on the
    /// list.
    pub async fn bury(&self, application: &str) {
        let abandoned = std::mem::take(&mut self.sessions().abandoned);
        for one in abandoned {
            let ended = tokio::time::timeout(ASKING, end(&one, application)).await;
            match ended.unwrap_or_else(|_| Err(Error::Lost(None))) {
                Ok(true) => tracing::info!("server process {}, given up before, is ended", one.pid),
                Ok(false) => {}
                Err(error) => {
                    tracing::debug!("server process {} is not ended yet: {error}", one.pid);
                    self.sessions().abandoned.push(one);
                }
            }
        }
    }
}

async fn ask(at: &ConnectString, pid: i32, application: &str) -> Result<Doing> {
    let session = Session::open(at, application).await?;
    let sql = format!(
        "select state, coalesce(wait_event_type, ''), concat(state_change, ' ', query_start) \
           from pg_catalog.pg_stat_activity where pid = {pid}"
    );
    let answer = session.simple_query(&sql).await?;
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(match row {
        None => Doing::Gone,
        Some(row) => {
            let field = |at| row.get(at).unwrap_or_default();
            let waits_for_us = field(1) == "Client";
            let state = if field(0) == "active" && waits_for_us { "waiting for us" } else { field(0) };
            Doing::There { state: state.to_owned(), since: field(2).to_owned() }
        }
    })
}

/// Whether there was such a process and it is told to end: a role may do that to its own.
async fn end(one: &Abandoned, application: &str) -> Result<bool> {
    let session = Session::open(&one.at, application).await?;
    let sql = "select count(pg_catalog.pg_terminate_backend(pid)) from pg_catalog.pg_stat_activity \
                where pid = $1 and usename = current_user and concat(state_change, ' ', query_start) = $2";
    Ok(session.query_one(sql, &[&one.pid, &one.since]).await?.try_get::<_, i64>(0)? > 0)
}

/// What sessions were doing at one moment. Two equal pictures with time between them: nothing has moved.
#[derive(Default, PartialEq, Eq)]
pub struct Picture {
    sessions: Vec<(i32, Doing)>,
}

#[derive(PartialEq, Eq)]
enum Doing {
    /// `active` is at work; everything else waits for this process.
    There {
        state: String,
        since: String,
    },
    Gone,
    /// The server could not be asked.
    Unknown,
}

impl Picture {
    /// No session is open.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// A server process is busy with a statement of ours.
    pub fn shows_work(&self) -> bool {
        self.sessions
            .iter()
            .any(|(_, doing)| matches!(doing, Doing::There { state, .. } if state == "active"))
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (pid, doing)) in self.sessions.iter().enumerate() {
            let doing = match doing {
                Doing::There { state, .. } => state,
                Doing::Gone => "gone",
                Doing::Unknown => "not to be asked",
            };
            write!(f, "{}server process {pid}: {doing}", if at > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}
