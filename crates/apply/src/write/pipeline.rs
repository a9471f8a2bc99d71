//! Statements on their way: sent in order without waiting for the answers of those before.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use tokio_postgres::{Client, Statement};

use crate::write::parameter::Parameter;
use crate::write::request::Sent;

/// The server's answer: how many rows.
pub(crate) type Answer = std::result::Result<u64, tokio_postgres::Error>;

/// Statements in flight, each with what to remember it by; nothing for settings and savepoints.
pub(crate) struct Pipeline<'a> {
    client: &'a Client,
    flying: VecDeque<(Option<Sent>, Flying<'a>)>,
}

enum Flying<'a> {
    Waiting(Pin<Box<dyn Future<Output = Answer> + Send + 'a>>),
    Landed(Answer),
}

/// Statements in flight at most: bounds the memory of what is remembered of them. Their parameters are with the driver.
const DEPTH: usize = 1024;

impl<'a> Pipeline<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Pipeline { client, flying: VecDeque::new() }
    }

    /// There are so many in flight that an answer should be taken in.
    pub(crate) fn is_full(&self) -> bool {
        self.flying.len() >= DEPTH
    }

    /// Sends a statement.
    pub(crate) async fn send(&mut self, sent: Sent, statement: Statement, parameters: Vec<Parameter>) {
        let client = self.client;
        let answer = Box::pin(async move { client.execute_raw(&statement, parameters).await });
        self.fly(Some(sent), answer).await;
    }

    /// Sends statements without parameters and without rows.
    pub(crate) async fn set(&mut self, sql: String) {
        let client = self.client;
        self.fly(None, Box::pin(async move { client.batch_execute(&sql).await.map(|()| 0) })).await;
    }

    async fn fly(
        &mut self,
        sent: Option<Sent>,
        mut answer: Pin<Box<dyn Future<Output = Answer> + Send + 'a>>,
    ) {
        // the first poll sends it
        let polled = std::future::poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await;
        self.flying.push_back(match polled {
            Poll::Ready(answer) => (sent, Flying::Landed(answer)),
            Poll::Pending => (sent, Flying::Waiting(answer)),
        });
    }

    /// Awaits another answer on the same connection, behind those of the statements in flight. These are taken in
    /// meanwhile: an answer that comes in pieces and that nobody takes keeps the connection from reading on.
    pub(crate) async fn meanwhile<F: Future>(&mut self, other: F) -> F::Output {
        let mut other = std::pin::pin!(other);
        std::future::poll_fn(|context| {
            for (_, flying) in &mut self.flying {
                if let Flying::Waiting(answer) = flying
                    && let Poll::Ready(answer) = answer.as_mut().poll(context)
                {
                    *flying = Flying::Landed(answer);
                }
            }
            other.as_mut().poll(context)
        })
        .await
    }

    /// The oldest statement's answer; `None` when nothing is in flight.
    pub(crate) async fn next(&mut self) -> Option<(Option<Sent>, Answer)> {
        let (sent, flying) = self.flying.pop_front()?;
        let answer = match flying {
            Flying::Waiting(answer) => answer.await,
            Flying::Landed(answer) => answer,
        };
        Some((sent, answer))
    }
}

impl fmt::Debug for Pipeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("flying", &self.flying.len()).finish_non_exhaustive()
    }
}
