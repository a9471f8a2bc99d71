//! Statements on their way: sent in order without waiting for the answers of those before.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use crate::write::parameter::{Array, Text};

type Answer = std::result::Result<u64, tokio_postgres::Error>;

/// Statements in flight, each with what to remember it by. `T` comes back with the answer.
pub(crate) struct Pipeline<'a, T> {
    client: &'a Client,
    flying: VecDeque<(T, Flight<'a>)>,
}

enum Flight<'a> {
    Waiting(Pin<Box<dyn Future<Output = Answer> + Send + 'a>>),
    Landed(Answer),
}

/// Statements in flight at most: bounds the memory of their parameters.
const DEPTH: usize = 64;

impl<'a, T> Pipeline<'a, T> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Pipeline { client, flying: VecDeque::new() }
    }

    /// Sends a statement. Gives back the oldest one's answer when there are too many in flight.
    pub(crate) async fn send(
        &mut self,
        tag: T,
        statement: Statement,
        parameters: Parameters<'a>,
    ) -> Option<(T, Answer)> {
        let client = self.client;
        let mut answer: Pin<Box<dyn Future<Output = Answer> + Send + 'a>> = Box::pin(async move {
            let parameters = parameters.as_sql();
            client.execute(&statement, &parameters).await
        });
        // the first poll sends it
        let polled = std::future::poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await;
        self.flying.push_back(match polled {
            Poll::Ready(answer) => (tag, Flight::Landed(answer)),
            Poll::Pending => (tag, Flight::Waiting(answer)),
        });
        if self.flying.len() > DEPTH { self.next().await } else { None }
    }

    /// Awaits another answer on the same connection, behind those of the statements in flight. These are taken in
    /// meanwhile: an answer that comes in pieces and that nobody takes keeps the connection from reading on.
    pub(crate) async fn meanwhile<F: Future>(&mut self, other: F) -> F::Output {
        let mut other = std::pin::pin!(other);
        std::future::poll_fn(|context| {
            for (_, flight) in &mut self.flying {
                if let Flight::Waiting(answer) = flight
                    && let Poll::Ready(answer) = answer.as_mut().poll(context)
                {
                    *flight = Flight::Landed(answer);
                }
            }
            other.as_mut().poll(context)
        })
        .await
    }

    /// The oldest statement's answer; `None` when nothing is in flight.
    pub(crate) async fn next(&mut self) -> Option<(T, Answer)> {
        let (tag, flight) = self.flying.pop_front()?;
        let answer = match flight {
            Flight::Waiting(answer) => answer.await,
            Flight::Landed(answer) => answer,
        };
        Some((tag, answer))
    }
}

/// Parameters of a statement: values of several rows, or single ones.
#[derive(Debug)]
pub(crate) enum Parameters<'a> {
    Arrays(Vec<Array<'a>>),
    Texts(Vec<Text<'a>>),
}

impl Parameters<'_> {
    pub(crate) fn as_sql(&self) -> Vec<&(dyn ToSql + Sync)> {
        match self {
            Parameters::Arrays(arrays) => arrays.iter().map(|a| a as &(dyn ToSql + Sync)).collect(),
            Parameters::Texts(texts) => texts.iter().map(|t| t as &(dyn ToSql + Sync)).collect(),
        }
    }
}
