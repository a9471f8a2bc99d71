//! Connecting: from a connect string to a session.

use crate::destination::Destination;
use crate::environment::Environment;
use crate::session::Session;
use crate::{ConnectString, Result, attempt, watch};

impl Session {
    /// Opens a connection. `application` becomes `application_name` unless the user gave one.
    ///
    /// # Errors
    /// A connect string that cannot be understood, or a server that is not there or refuses: the message names host,
    /// port, database and user of each server that was tried, and what it said.
    pub async fn connect(cs: &ConnectString, application: &str) -> Result<Self> {
        let session = Self::open(cs, application).await?;
        let by = watch::enlist(cs, session.backend_pid());
        Ok(session.watched(by))
    }

    /// The same, on no watch's list.
    ///
    /// # Errors
    /// As [`Session::connect`].
    pub async fn open(cs: &ConnectString, application: &str) -> Result<Self> {
        let destination = Destination::new(cs, application, Environment::of_process())?;
        // boxed: the states of TLS and of the protocol's greeting are large, and every caller's future would hold them
        Box::pin(attempt::first_suitable(&destination)).await
    }
}
