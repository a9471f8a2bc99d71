//! Ticks of a root's database: the worker looks over its own connection whether anybody makes them, and calls for the
//! stand-in where nobody does.

use std::time::Duration;

use parts::Report;
use parts::report::TickedBy;
use pg::Session;
use pgq::StandIn;
use pgq::tick_watch::{self, TickWatch, Yield};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::{Config, Result};

/// Between two looks where the first one failed.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Between two looks at a `pgqd`'s ticks while nothing happens on the server: no event waits for one.
const STILL: Duration = Duration::from_secs(15);

/// What the worker knows of the ticks, over its failures.
#[derive(Debug)]
pub(crate) struct Ticks {
    stand_in: Option<StandIn>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    watch: TickWatch,
    /// The next look; at once where there was none.
    due: Option<Instant>,
    /// What the last look has found, and when.
    found: Option<(TickedBy, Instant)>,
    /// Whoever made the ticks is known to be gone.
    at_once: bool,
    refused: bool,
}

impl Ticks {
    /// Calls for `stand_in`; without one, whoever ticks is none of the worker's business.
    pub(crate) fn new(stand_in: Option<StandIn>) -> Ticks {
        Ticks { stand_in, state: Mutex::default() }
    }

    /// The database has become this process's to tend: the next look may call for the stand-in at once.
    pub(crate) async fn hasten(&self) {
        *self.state.lock().await = State { at_once: true, ..State::default() };
    }

    /// The node is no root, or another process's: the stand-in has nothing to do here.
    pub(crate) async fn leave(&self) {
        *self.state.lock().await = State::default();
        if let Some(stand_in) = &self.stand_in {
            stand_in.want(None);
        }
    }

    /// Looks, when that is due. `still`: nothing is committed on the server.
    ///
    /// # Errors
    /// The connection is lost.
    pub(crate) async fn look(
        &self,
        config: &Config,
        report: &Report,
        root: &Session,
        still: bool,
    ) -> Result<()> {
        let Some(stand_in) = &self.stand_in else { return Ok(()) };
        let mut state = self.state.lock().await;
        if still && state.found.is_some_and(|(by, at)| by == TickedBy::Pgqd && at.elapsed() < STILL) {
            return Ok(());
        }
        if state.due.is_some_and(|due| Instant::now() < due) {
            return Ok(());
        }
        match look(config, root, stand_in, &mut state).await {
            Err(error) if error.is_connection_lost() => Err(error.into()),
            Err(error) if state.refused => {
                debug!("the ticks of this root cannot be looked at: {error}");
                Ok(())
            }
            Err(error) => {
                warn!("the ticks of this root cannot be looked at, and no stand-in makes them: {error}");
                state.refused = true;
                Ok(())
            }
            Ok(by) => {
                state.found = Some((by, Instant::now()));
                report.tell(|facts| facts.ticker = Some(by));
                Ok(())
            }
        }
    }
}

async fn look(
    config: &Config,
    root: &Session,
    stand_in: &StandIn,
    state: &mut State,
) -> pgq::Result<TickedBy> {
    let (job, queue) = (config.job_name.as_str(), config.queue_name.as_str());
    state.due = Some(Instant::now() + AFTER_FAILURE);
    let seen = tick_watch::look(&**root, queue).await?;
    state.due = Some(Instant::now() + seen.pause());
    let database = seen.database.as_str();
    // a queue that is about to be opened is still waited for
    let at_once = state.at_once;
    state.at_once &= seen.closed;
    let gone_on = state.watch.stands_in();
    if state.watch.begins(&seen, at_once) {
        info!(job, queue, database, "nobody makes ticks here: this process does, until a pgqd comes");
    } else if gone_on {
        let why = match state.watch.yields(&**root, &seen, stand_in.made()).await? {
            None => "",
            Some(Yield::Pgqd) => "a pgqd has come",
            Some(Yield::Somebody) => "somebody else makes ticks without telling it, as stock pgqd does",
            Some(Yield::Closed) => "the queue takes no ticks now",
        };
        if !why.is_empty() {
            info!(job, queue, database, "this process makes no ticks any more: {why}");
        }
    }
    let stands_in = state.watch.stands_in();
    stand_in.want(stands_in.then_some(database));
    Ok(match (stands_in, seen.pgqd) {
        (true, _) => TickedBy::StandIn,
        (false, true) => TickedBy::Pgqd,
        (false, false) => TickedBy::Others,
    })
}
