//! COPY into a server, kept in step with it.
//!
//! The driver sends a Sync right behind the statement. Where the server refuses the COPY before it reads that Sync
//! (missing table, no privilege, lock timeout, a statement trigger that raises), it answers once more than the driver
//! expects, and every later statement would get the answer of the one before it (rust-postgres issue 789). So after
//! each failure the connection is probed, and ended if it is out of step.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::{Client, CopyInSink, SimpleQueryMessage};

/// Answers that may lie between us and the end of a connection that is out of step.
const LEFT_OVER: usize = 8;

/// A `copy … from stdin` that takes data. Dropping it aborts the COPY.
pub struct CopyIn<'a> {
    client: &'a Client,
    sink: Pin<Box<CopyInSink<Bytes>>>,
}

impl<'a> CopyIn<'a> {
    /// Starts the COPY.
    ///
    /// # Errors
    /// The server refuses. If it does so only when the statement runs, the connection is closed on return (see
    /// `Client::is_closed`): it could not be used any more.
    pub async fn begin(client: &'a Client, statement: &str) -> Result<Self, tokio_postgres::Error> {
        let prepared = client.prepare(statement).await?;
        match client.copy_in(&prepared).await {
            Ok(sink) => Ok(Self { client, sink: Box::pin(sink) }),
            Err(refusal) => {
                settle(client).await;
                Err(refusal)
            }
        }
    }

    /// Sends a piece of COPY data, cut anywhere; waits while the server is behind.
    ///
    /// # Errors
    /// The connection is lost. What the server thinks of the data is told by `finish`.
    pub async fn send(&mut self, data: Bytes) -> Result<(), tokio_postgres::Error> {
        self.sink.feed(data).await
    }

    /// Ends the COPY and returns the number of rows it wrote.
    ///
    /// # Errors
    /// The server refused the data, or the connection is lost.
    pub async fn finish(mut self) -> Result<u64, tokio_postgres::Error> {
        let ended = self.sink.as_mut().finish().await;
        if ended.is_err() {
            settle(self.client).await;
        }
        ended
    }

    /// Makes the COPY fail and waits until the server has noticed.
    pub async fn abort(self) {
        let Self { client, sink } = self;
        drop(sink);
        settle(client).await;
    }
}

async fn settle(client: &Client) {
    let in_step = match client.simple_query("select 1").await {
        Ok(answer) => answer.iter().any(|message| matches!(message, SimpleQueryMessage::Row(_))),
        Err(e) => e.as_db_error().is_some(),
    };
    if in_step || client.is_closed() {
        return;
    }
    tracing::debug!("the COPY was refused before it began: closing the connection, which is out of step");
    for _ in 0..LEFT_OVER {
        let end = "rollback; select pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())";
        if client.batch_execute(end).await.is_err() && client.is_closed() {
            return;
        }
    }
    tracing::error!("a connection that is out of step could not be closed");
}
