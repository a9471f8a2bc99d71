//! Questions that are asked again and again: over a session they are prepared once, over any other client they travel
//! with their values in one round trip.
//!
//! Planning a small question takes the server longer than answering it. What is kept is for questions that find their
//! few rows by a key: the server keeps one plan for them, whatever becomes of the tables.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row, Statement, Transaction};

use crate::Session;

/// A value with its type, so that nothing has to be asked first.
pub type Typed<'a> = (&'a (dyn ToSql + Sync), Type);

/// Whoever can be asked.
pub trait Ask: Sync {
    /// Asks; the text is of the program's own, and the same each time.
    fn ask(
        &self,
        sql: &'static str,
        values: &[Typed<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, Error>> + Send;

    /// For all other statements.
    fn plain(&self) -> &Client;
}

impl Ask for Client {
    async fn ask(&self, sql: &'static str, values: &[Typed<'_>]) -> Result<Vec<Row>, Error> {
        self.query_typed(sql, values).await
    }

    fn plain(&self) -> &Client {
        self
    }
}

impl Ask for Transaction<'_> {
    async fn ask(&self, sql: &'static str, values: &[Typed<'_>]) -> Result<Vec<Row>, Error> {
        self.query_typed(sql, values).await
    }

    fn plain(&self) -> &Client {
        self.client()
    }
}

impl Ask for Session {
    async fn ask(&self, sql: &'static str, values: &[Typed<'_>]) -> Result<Vec<Row>, Error> {
        let statement = self.statement(sql, values).await?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|(value, _)| *value).collect();
        self.query(&statement, &values).await
    }

    fn plain(&self) -> &Client {
        self
    }
}

/// The statements that a session has prepared, by their texts.
#[derive(Default)]
pub(crate) struct Prepared(Mutex<HashMap<&'static str, Statement>>);

impl Prepared {
    pub(crate) fn get(&self, sql: &'static str) -> Option<Statement> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned()
    }

    pub(crate) fn keep(&self, sql: &'static str, statement: &Statement) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(sql, statement.clone());
    }
}
