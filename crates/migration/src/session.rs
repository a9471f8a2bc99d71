//! Sessions for questions to the catalogs, and how long a question may take.

use std::time::Duration;

use pg::{ConnectString, Limits, Session};

/// A connection that is not there after this is given up.
const CONNECT: Duration = Duration::from_secs(20);
/// The longest query to the catalogs.
pub(crate) const QUICK: Duration = Duration::from_secs(15);
/// The longest query for all objects of a kind.
pub(crate) const ALL_OBJECTS: Duration = Duration::from_secs(120);
/// The longest query that reads rows.
pub(crate) const THOROUGH: Duration = Duration::from_secs(3600);

/// Nothing is written, no name is found by a `search_path`, and no processor but one is used.
const PINNED: &str = "set search_path = pg_catalog, pg_temp; set default_transaction_read_only = on; \
                      set max_parallel_workers_per_gather = 0";

/// A session for questions to the catalogs, or why there is none.
pub(crate) async fn connect(at: &ConnectString, application: &str) -> Result<Session, String> {
    let limits = Limits { statement: QUICK, lock: Duration::from_secs(1), ..Limits::default() };
    let at = at.within(limits);
    let opened = async {
        let session = Session::connect(&at, application).await?;
        session.batch_execute(PINNED).await.map_err(pg::Error::from)?;
        Ok::<_, pg::Error>(session)
    };
    match tokio::time::timeout(CONNECT, opened).await {
        Ok(opened) => opened.map_err(|error| error.to_string()),
        Err(_) => Err(format!("{at}: no answer within {} s", CONNECT.as_secs())),
    }
}
