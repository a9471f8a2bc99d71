//! Wiring of a ticker: one part finds the databases, one ticks each, one does its upkeep, one reports.

use std::sync::Arc;
use std::time::Duration;

use parts::{Bell, Report};
use ticker::Ticker;

use crate::supervise::Supervisor;

/// The longest pause of a database's ticks after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Starts the parts of a ticker, which rings `ticks`, and looks at its queues where someone wants to know.
pub(crate) fn start(supervisor: &Supervisor, config: ticker::Config, ticks: &Bell, observing: bool) {
    let ticker = Arc::new(Ticker::new(config, ticks.clone()).observing(observing));
    let (finder, found) = (ticker.clone(), Report::default());
    supervisor.start_reporting("find", found.clone(), move |stop| {
        let (finder, found) = (finder.clone(), found.clone());
        async move { Ok(finder.find(&found, stop).await?) }
    });
    let reporter = ticker.clone();
    supervisor.start("report", move |stop| {
        let reporter = reporter.clone();
        async move { Ok(reporter.report(stop).await?) }
    });
    let (tending, maintaining) = (ticker.clone(), ticker.clone());
    supervisor.pausing_at_most(LONGEST_PAUSE).follow(
        "database",
        ticker.databases(),
        move |database, report| {
            let (ticker, database, report) = (tending.clone(), database.to_owned(), report.clone());
            move |stop| {
                let (ticker, database, report) = (ticker.clone(), database.clone(), report.clone());
                async move { Ok(ticker.tend(&database, &report, stop).await?) }
            }
        },
    );
    supervisor.follow("upkeep", ticker.databases_with_queues(), move |database, report| {
        let (ticker, database, report) = (maintaining.clone(), database.to_owned(), report.clone());
        move |stop| {
            let (ticker, database, report) = (ticker.clone(), database.clone(), report.clone());
            async move { Ok(ticker.maintain(&database, &report, stop).await?) }
        }
    });
}
