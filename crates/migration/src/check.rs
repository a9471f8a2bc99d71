//! A check: its name, its question, and how the answer is found.

use futures_util::future::BoxFuture;

use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place};

/// A check of preflight.
#[derive(Debug)]
pub struct Check {
    /// Its name, for `--check` and `--skip`.
    pub name: &'static str,
    /// What it asks; yes is in order.
    pub question: &'static str,
    /// The sides that it asks.
    pub place: Place,
    /// It reads rows, and is made only where it is named.
    pub reads_rows: bool,
    pub(crate) ask: Ask,
}

/// The findings of a check that is a function.
pub(crate) type Found<'a> = BoxFuture<'a, Result<Vec<Finding>>>;

/// How the answer is found.
#[derive(Debug)]
pub(crate) enum Ask {
    /// A query with the columns verdict, object, found, remedy; asked of both sides where the check's place is both.
    Sql(&'static str),
    /// Whatever takes more than a query.
    Code(for<'a> fn(&'a Context) -> Found<'a>),
}

impl Check {
    pub(crate) const fn sql(
        name: &'static str,
        place: Place,
        question: &'static str,
        sql: &'static str,
    ) -> Check {
        Check { name, question, place, reads_rows: false, ask: Ask::Sql(sql) }
    }

    pub(crate) const fn code(
        name: &'static str,
        place: Place,
        question: &'static str,
        ask: for<'a> fn(&'a Context) -> Found<'a>,
    ) -> Check {
        Check { name, question, place, reads_rows: false, ask: Ask::Code(ask) }
    }

    /// The same as one that reads rows.
    pub(crate) const fn reading_rows(self) -> Check {
        Check { reads_rows: true, ..self }
    }
}
