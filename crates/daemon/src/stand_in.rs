//! Wiring of a root's stand-in ticker: the worker says whether its database is to be ticked from here, and then a part
//! ticks and one does the upkeep.

use std::sync::Arc;
use std::time::Duration;

use parts::Bell;
use pgq::StandIn;
use ticker::Ticker;

use crate::supervise::Supervisor;

/// The longest pause after a failure: ticks are missed sooner than other work.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Starts what waits for the worker's call. The ticker rings `ticks`, and looks at its queues where someone wants to
/// know.
pub(crate) fn start(
    supervisor: &Supervisor,
    config: ticker::Config,
    stand_in: &StandIn,
    ticks: &Bell,
    observing: bool,
) {
    let ticker = Ticker::new(config, ticks.clone()).observing(observing).standing_in(stand_in.clone());
    let (ticker, supervisor) = (Arc::new(ticker), supervisor.pausing_at_most(LONGEST_PAUSE));
    let (ticking, maintaining) = (ticker.clone(), ticker.clone());
    supervisor.follow("ticker", stand_in.wanted(), move |database, report| {
        let (ticker, database, report) = (ticking.clone(), database.to_owned(), report.clone());
        move |stop| {
            let (ticker, database, report) = (ticker.clone(), database.clone(), report.clone());
            async move { Ok(ticker.stand_in(&database, &report, stop).await?) }
        }
    });
    supervisor.follow("upkeep", ticker.databases_with_queues(), move |database, report| {
        let (ticker, database, report) = (maintaining.clone(), database.to_owned(), report.clone());
        move |stop| {
            let (ticker, database, report) = (ticker.clone(), database.clone(), report.clone());
            async move { Ok(ticker.maintain(&database, &report, stop).await?) }
        }
    });
}
