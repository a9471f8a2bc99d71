//! Refusal by the server, in our words and without values of rows.

use tokio_postgres::error::DbError;

use crate::write::encoding;
use crate::write::encoding::is_about_encoding;
use crate::{Error, Row};

/// What was being done when the server refused.
#[derive(Debug)]
pub(crate) struct Doing<'a> {
    pub(crate) table: &'a str,
    pub(crate) op: &'static str,
    pub(crate) first_event: i64,
    pub(crate) last_event: i64,
    pub(crate) key: Option<String>,
    /// Where it was one row.
    pub(crate) row: Option<&'a Row>,
}

impl Doing<'_> {
    pub(crate) fn refused(self, error: tokio_postgres::Error) -> Error {
        let Some(db) = error.as_db_error() else {
            let what = format!(
                "{} in table {} (events {} to {})",
                self.op, self.table, self.first_event, self.last_event
            );
            return Error::Server { what, source: error };
        };
        self.refused_by(db)
    }

    pub(crate) fn refused_by(self, db: &DbError) -> Error {
        Error::Refused {
            table: self.table.to_owned(),
            op: self.op,
            first_event: self.first_event,
            last_event: self.last_event,
            key: self.key,
            code: Box::new(db.code().clone()),
            message: match is_about_encoding(db.code()) {
                true => encoding::message(db.message(), self.row).into(),
                false => pg::message_without_values(db).into(),
            },
            remedy: remedy(db),
        }
    }
}

fn remedy(db: &DbError) -> Option<&'static str> {
    Some(match db.code().code() {
        "22021" | "22P05" => encoding::REMEDY,
        "23505" | "23P01" => {
            "a row in its way is already on the target: remove what was written there by others, or resync the table"
        }
        "23503" | "23001" => {
            "make the target's foreign key DEFERRABLE INITIALLY DEFERRED or drop it while the table is \
             replicated, or resync the table if the other row is missing"
        }
        "23502" => "give the target's column a default, or allow NULL in it",
        // a row without a partition breaks no constraint that could be named
        "23514" if db.constraint().is_none() => {
            "no partition of the target's table takes this row: create one for it (or a default partition)"
        }
        "23514" => "the target has a check that the source has not: drop it on the target",
        "42501" => "the worker's role must own the target's tables or be granted to write them",
        "42703" | "42P01" | "42804" | "42846" | "0A000" => {
            "compare the definitions of the table on both sides"
        }
        "P0001" => {
            "a trigger or rule on the target refuses the change: disable it while the table is replicated"
        }
        "40001" | "40P01" => "the batch is tried again",
        code if code.starts_with("22") => {
            "the target's column does not take this value: give it the source's type"
        }
        _ => return None,
    })
}

impl Error {
    /// A deferred constraint that the commit of a transaction has found violated, where the server names its table.
    pub fn at_commit(source: &tokio_postgres::Error) -> Option<Error> {
        let db = source.as_db_error()?;
        let table = format!("{}.{}", db.schema()?, db.table()?);
        let own = pgq::table::is_own_cause(db.code().code());
        own.then(|| {
            let (first_event, last_event) = (0, 0);
            Doing { table: &table, op: "commit", first_event, last_event, key: None, row: None }
                .refused_by(db)
        })
    }
}
