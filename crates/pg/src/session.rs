//! Session: one connection of one's own.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, PoisonError};

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Notification, SimpleQueryMessage, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::destination::{Destination, SessionAttrs};
use crate::driver::{self, NOTIFICATIONS, Opened};
use crate::error::Failure;
use crate::prepared::{Prepared, Typed};
use crate::watch::Enlisted;
use crate::{CancelToken, Error, Result, durability};

const GREETING: &str = "select pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version_num'), \
     pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')";

/// A connection of one's own. Dropping it closes it; a statement that is still running then is cancelled on the server.
pub struct Session {
    // Dropped first: the driver then knows that nobody waits for answers any more.
    client: Client,
    prepared: Prepared,
    notifications: Mutex<mpsc::Receiver<Notification>>,
    end: driver::End,
    tls: MakeRustlsConnect,
    backend_pid: i32,
    server_version: u32,
    _open: oneshot::Sender<()>,
    _watched: Option<Enlisted>,
}

/// `15.18` of 150018.
pub fn version_in_words(number: u32) -> String {
    format!("{}.{}", number / 10_000, number % 10_000)
}

impl Session {
    /// Starts the driver of an opened connection, asks who is there, and sets the time limits and durable commits.
    pub(crate) async fn greet(
        (client, connection): Opened,
        destination: &Destination,
        attrs: SessionAttrs,
    ) -> Result<Self, Failure> {
        let tls = destination.tls.clone();
        let (to_reader, notifications) = mpsc::channel(NOTIFICATIONS);
        let (open, closed) = oneshot::channel();
        let end = driver::End::default();
        let cancel = CancelToken::new(client.cancel_token(), tls.clone());
        tokio::spawn(driver::drive(connection, to_reader, closed, cancel, Arc::clone(&end)));
        let mut session = Self {
            client,
            prepared: Prepared::default(),
            notifications: Mutex::new(notifications),
            end,
            tls,
            backend_pid: 0,
            server_version: 0,
            _open: open,
            _watched: None,
        };
        let greeting = format!("{GREETING}; {}; {}", destination.limits.as_sql(), durability::SESSION);
        let greeting = session.client.simple_query(&greeting).await.map_err(Failure::Postgres)?;
        let row = greeting.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let field = |at| row.and_then(|row| row.get(at)).unwrap_or_default();
        let unsuitable = match (attrs, field(2), field(3)) {
            (SessionAttrs::ReadWrite, _, "on") => "session is read-only",
            (SessionAttrs::ReadOnly, _, "off") => "session is not read-only",
            (SessionAttrs::Primary, "t", _) => "server is in hot standby mode",
            (SessionAttrs::Standby, "f", _) => "server is not in hot standby mode",
            _ => "",
        };
        if !unsuitable.is_empty() {
            return Err(Failure::Unsuitable(format!("{unsuitable} (target_session_attrs)")));
        }
        let number = |at| field(at).parse::<i32>().ok();
        let (Some(backend_pid), Some(server_version)) = (number(0), number(1)) else {
            return Err(Failure::Unsuitable("the server does not answer like PostgreSQL".into()));
        };
        session.backend_pid = backend_pid;
        session.server_version = server_version.unsigned_abs();
        Ok(session)
    }

    /// The same, on somebody's list of open sessions for as long as it lives.
    pub(crate) fn watched(self, by: Option<Enlisted>) -> Self {
        Self { _watched: by, ..self }
    }

    /// Waits for the next notification of the channels this session listens to. Safe to drop at any time. Of several
    /// who wait, one gets it.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn notification(&self) -> Result<Notification> {
        match self.notifications.lock().await.recv().await {
            Some(notification) => Ok(notification),
            None => Err(Error::Lost(self.end.lock().unwrap_or_else(PoisonError::into_inner).take())),
        }
    }

    /// Whether a notification has come that nobody has waited for.
    pub fn has_notification(&self) -> bool {
        self.notifications.try_lock().is_ok_and(|waiting| !waiting.is_empty())
    }

    /// Forgets the notifications that have come.
    pub fn hush(&self) {
        if let Ok(mut waiting) = self.notifications.try_lock() {
            while waiting.try_recv().is_ok() {}
        }
    }

    /// The server process of this session.
    pub fn backend_pid(&self) -> i32 {
        self.backend_pid
    }

    /// The server's version as in `server_version_num`: 150018 is 15.18.
    pub fn server_version(&self) -> u32 {
        self.server_version
    }

    /// The statement of that text, which is prepared when it is asked for first.
    pub(crate) async fn statement(
        &self,
        sql: &'static str,
        values: &[Typed<'_>],
    ) -> Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement);
        }
        let types: Vec<Type> = values.iter().map(|(_, of)| of.clone()).collect();
        let statement = self.client.prepare_typed(sql, &types).await?;
        self.prepared.keep(sql, &statement);
        Ok(statement)
    }

    /// Cancels the statement that this session runs, from any task.
    pub fn cancel_token(&self) -> CancelToken {
        CancelToken::new(self.client.cancel_token(), self.tls.clone())
    }
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session(backend {})", self.backend_pid)
    }
}
