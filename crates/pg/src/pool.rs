//! Several connections to one database, lent out one at a time.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use deadpool::managed::{self, Metrics, PoolError, RecycleError, RecycleResult};
use tokio::time::timeout;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::destination::Destination;
use crate::environment::Environment;
use crate::watch::{self, Enlisted};
use crate::{ConnectString, Error, Result, Session, durability};

/// Leaves a connection as if it were new, but for prepared statements (the driver keeps some of its own).
const CLEAN: &str = "close all; set session authorization default; reset all; unlisten *; \
     select pg_catalog.pg_advisory_unlock_all(); discard temp; discard sequences";

/// A connection that was given back in the middle of a statement gets this long; then it is dropped, which cancels.
const CLEAN_WITHIN: Duration = Duration::from_secs(2);

/// At most a number of connections to one database. Clones share them.
#[derive(Clone)]
pub struct Pool {
    pool: managed::Pool<Maker>,
    shown: String,
    lifetime: Option<Duration>,
}

struct Maker {
    cs: ConnectString,
    application: String,
}

/// A connection on loan; dropping it gives it back, its session state is reset before it is lent out again.
pub struct PooledClient {
    session: managed::Object<Maker>,
    _watched: Option<Enlisted>,
}

impl Pool {
    /// A pool of at most `max_size` connections. Those older than `lifetime` are closed instead of lent. Opens
    /// nothing yet.
    ///
    /// # Errors
    /// The connect string cannot be understood.
    pub fn new(
        cs: &ConnectString,
        application: &str,
        max_size: usize,
        lifetime: Option<Duration>,
    ) -> Result<Self> {
        Destination::new(cs, application, Environment::of_process())?;
        let maker = Maker { cs: cs.clone(), application: application.to_owned() };
        let pool = managed::Pool::builder(maker)
            .max_size(max_size)
            .build()
            .map_err(|e| Error::Unexpected(e.to_string()))?;
        Ok(Self { pool, shown: cs.to_string(), lifetime })
    }

    /// Waits until a connection is free, or opens one.
    ///
    /// # Errors
    /// As `Session::connect`; the pool was closed.
    pub async fn get(&self) -> Result<PooledClient> {
        if let Some(lifetime) = self.lifetime {
            self.pool.retain(|_, metrics| metrics.age() <= lifetime);
        }
        match Box::pin(self.pool.get()).await {
            Ok(session) => {
                let _watched = watch::enlist(&self.pool.manager().cs, session.backend_pid());
                Ok(PooledClient { session, _watched })
            }
            Err(PoolError::Backend(error)) => Err(error),
            Err(PoolError::Closed) => Err(Error::PoolClosed(self.shown.clone())),
            Err(other) => Err(Error::Unexpected(other.to_string())),
        }
    }

    /// Sets how many connections there may be. Those on loan beyond it are closed when they come back.
    pub fn resize(&self, max_size: usize) {
        if self.pool.status().max_size != max_size {
            self.pool.resize(max_size);
        }
    }

    /// Closes the idle connections now, those on loan when they come back. Who waits for one gets an error.
    pub fn close(&self) {
        self.pool.close();
    }
}

impl managed::Manager for Maker {
    type Type = Session;
    type Error = Error;

    async fn create(&self) -> Result<Session> {
        Session::open(&self.cs, &self.application).await
    }

    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<Error> {
        if session.is_closed() {
            return Err(RecycleError::message("connection lost"));
        }
        let cleaning = format!("{CLEAN}; {}; {}", self.cs.limits().as_sql(), durability::SESSION);
        let clean = async {
            if in_transaction(session).await {
                session.batch_execute("rollback").await?;
            }
            session.batch_execute(&cleaning).await
        };
        match timeout(CLEAN_WITHIN, clean).await {
            Ok(cleaned) => cleaned.map_err(|e| RecycleError::Backend(e.into())),
            Err(_) => Err(RecycleError::message("still busy")),
        }
    }
}

/// Whether a transaction is open, failed ones included. A `rollback` outside of one is a warning in the server's log.
async fn in_transaction(session: &Session) -> bool {
    let sql = "select pg_catalog.now() = pg_catalog.statement_timestamp()";
    match session.simple_query(sql).await {
        Ok(messages) => !messages.iter().any(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0) == Some("t"),
            _ => false,
        }),
        Err(_) => true,
    }
}

impl PooledClient {
    /// Cancels the statement that this connection runs, from any task.
    pub fn cancel_token(&self) -> crate::CancelToken {
        self.session.cancel_token()
    }

    /// The server process of this connection.
    pub fn backend_pid(&self) -> i32 {
        self.session.backend_pid()
    }

    /// The server's version as in `server_version_num`.
    pub fn server_version(&self) -> u32 {
        self.session.server_version()
    }
}

impl Deref for PooledClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.session
    }
}

impl DerefMut for PooledClient {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.session
    }
}
