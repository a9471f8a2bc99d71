//! Questions that are asked again and again: over a session they are prepared once, over any other client they travel
//! with their values in one round trip.
//!
//! Planning a small question takes the server longer than answering it. What is kept is for questions that find their
//! few rows by a key: the server keeps one plan for them, whatever becomes of the tables.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Transaction};

use crate::Session;
use crate::prepared::Typed;

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
