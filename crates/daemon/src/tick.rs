//! Wiring of a ticker: one part finds the databases, one part tends each, one reports.

use std::sync::Arc;

use pgq::Bell;
use ticker::Ticker;

use crate::supervise::Supervisor;

/// Starts the parts of a ticker, which rings `ticks`.
pub(crate) fn start(supervisor: &Supervisor, config: ticker::Config, ticks: &Bell) {
    let ticker = Arc::new(Ticker::new(config, ticks.clone()));
    let finder = ticker.clone();
    supervisor.start("find", move |stop| {
        let finder = finder.clone();
        async move { Ok(finder.find(stop).await?) }
    });
    let reporter = ticker.clone();
    supervisor.start("report", move |stop| {
        let reporter = reporter.clone();
        async move { Ok(reporter.report(stop).await?) }
    });
    let databases = ticker.databases();
    supervisor.follow("database", databases, move |database| {
        let (ticker, database) = (ticker.clone(), database.to_owned());
        move |stop| {
            let (ticker, database) = (ticker.clone(), database.clone());
            async move { Ok(ticker.tend(&database, stop).await?) }
        }
    });
}
