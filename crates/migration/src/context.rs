//! Connections to both sides, and what the checks are told.

use std::time::Duration;

use pg::{ConnectString, Limits, Session};
use tokio::sync::OnceCell;

use crate::error::{Error, Result};
use crate::schema::{Comparison, Options, compare};
use crate::{Config, Place};

/// A connection that is not there after this is given up.
const CONNECT: Duration = Duration::from_secs(20);
/// The longest query to the catalogs.
pub(crate) const QUICK: Duration = Duration::from_secs(15);
/// The longest query that reads rows.
pub(crate) const THOROUGH: Duration = Duration::from_secs(3600);

/// Nothing is written, no name is found by a `search_path`, and no processor but one is used.
const PINNED: &str = "set search_path = pg_catalog, pg_temp; set default_transaction_read_only = on; \
                      set max_parallel_workers_per_gather = 0";

/// What the checks may ask.
pub(crate) struct Context {
    pub(crate) config: Config,
    source: Result<Session, String>,
    target: Result<Session, String>,
    structure: OnceCell<Result<Comparison, String>>,
}

impl Context {
    pub(crate) async fn open(config: Config) -> Context {
        let source = match &config.source {
            Ok(at) => connect(at, config.application).await,
            Err(why) => Err(why.clone()),
        };
        let target = connect(&config.target, config.application).await;
        Context { config, source, target, structure: OnceCell::new() }
    }

    /// The session of a side; the source's for any other place.
    pub(crate) fn session(&self, place: Place) -> Result<&Session> {
        self.connection(place).as_ref().map_err(|_| Error::Unreachable(place))
    }

    pub(crate) fn source(&self) -> Result<&Session> {
        self.session(Place::Source)
    }

    pub(crate) fn target(&self) -> Result<&Session> {
        self.session(Place::Target)
    }

    /// The differences of both schemas, which several checks ask for.
    pub(crate) async fn structure(&self) -> Result<&Comparison> {
        let (source, target) = (self.source()?, self.target()?);
        let options = Options::default();
        let compared = async { compare(source, target, &options).await.map_err(|error| error.to_string()) };
        self.structure.get_or_init(|| compared).await.as_ref().map_err(|why| Error::Structure(why.clone()))
    }

    /// The session of a side, or why there is none.
    pub(crate) fn connection(&self, place: Place) -> &Result<Session, String> {
        if place == Place::Target { &self.target } else { &self.source }
    }

    /// The connect string of a side, where it is known.
    pub(crate) fn location(&self, place: Place) -> Option<&ConnectString> {
        if place == Place::Target { Some(&self.config.target) } else { self.config.source.as_ref().ok() }
    }

    /// The connect string of a side for commands to paste: without its secrets.
    pub(crate) fn shown(&self, place: Place) -> String {
        self.location(place).map_or_else(|| "SOURCE".to_owned(), |at| at.without("password").to_string())
    }
}

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
