//! Connections to both sides, and what the checks are told.

use pg::{ConnectString, Session};
use tokio::sync::OnceCell;

use crate::error::{Error, Result};
use crate::schema::scope::EVERYTHING;
use crate::schema::{Comparison, compare};
use crate::session::connect;
use crate::{Config, Place};

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
        let options = &self.config.schema;
        let compared =
            async { compare(source, target, options, &EVERYTHING).await.map_err(|error| error.to_string()) };
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
