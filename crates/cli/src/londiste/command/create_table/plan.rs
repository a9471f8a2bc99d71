//! Statements that make a table, carried out in the caller's transaction.

use anyhow::{Context, Result};
use pg::Ident;
use tokio_postgres::Transaction;

/// SQLSTATE classes of statements that name what is not there, or what is there already.
const DOES_NOT_FIT: [&str; 3] = ["42", "3F", "0A"];

const CREATING: &str = "creating it from the provider's definition";

/// What to do, in order.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Schema(String),
    Must(String),
    May { sql: String, otherwise: String },
    Note(String),
}

impl Plan {
    /// A schema that is made where it is missing.
    pub(crate) fn schema(&mut self, name: &str) {
        self.steps.push(Step::Schema(name.to_owned()));
    }

    /// A statement; an empty one is nothing.
    pub(crate) fn must(&mut self, sql: String) {
        if !sql.is_empty() {
            self.steps.push(Step::Must(sql));
        }
    }

    /// A statement that is left out, with a note, where it names things that do not exist here.
    pub(crate) fn may(&mut self, sql: String, otherwise: String) {
        self.steps.push(Step::May { sql, otherwise });
    }

    /// Something the user should know.
    pub(crate) fn note(&mut self, text: String) {
        self.steps.push(Step::Note(text));
    }

    /// Carries it out; answers the notes.
    pub(crate) async fn carry_out(&self, transaction: &Transaction<'_>) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for step in &self.steps {
            match step {
                Step::Schema(name) => ensure_schema(transaction, name).await?,
                Step::Must(sql) => run(transaction, sql).await.context(CREATING)?,
                Step::May { sql, otherwise } => {
                    run(transaction, "savepoint may").await?;
                    match run(transaction, sql).await {
                        Ok(()) => run(transaction, "release savepoint may").await?,
                        Err(error) if does_not_fit(&error) => {
                            run(transaction, "rollback to savepoint may").await?;
                            notes.push(format!("{otherwise}: {error}"));
                        }
                        Err(error) => return Err(error).context(CREATING),
                    }
                }
                Step::Note(text) => notes.push(text.clone()),
            }
        }
        Ok(notes)
    }
}

async fn run(transaction: &Transaction<'_>, sql: &str) -> Result<(), pg::Error> {
    tracing::debug!("{sql}");
    transaction.batch_execute(sql).await.map_err(pg::Error::from)
}

fn does_not_fit(error: &pg::Error) -> bool {
    error.sqlstate().is_some_and(|state| DOES_NOT_FIT.iter().any(|class| state.code().starts_with(class)))
}

/// `create schema if not exists` asks for a privilege even where the schema exists.
async fn ensure_schema(transaction: &Transaction<'_>, name: &str) -> Result<()> {
    let sql = "select exists (select from pg_catalog.pg_namespace where nspname = $1)";
    let exists: bool = transaction.query_one(sql, &[&name]).await.map_err(pg::Error::from)?.get(0);
    if !exists {
        run(transaction, &format!("create schema {}", Ident::new(name)))
            .await
            .context("creating its schema")?;
    }
    Ok(())
}
