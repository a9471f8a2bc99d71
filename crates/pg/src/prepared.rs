//! Prepared statements of a session, by their texts.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio_postgres::Statement;
use tokio_postgres::types::{ToSql, Type};

/// A value with its type, so that nothing has to be asked first.
pub type Typed<'a> = (&'a (dyn ToSql + Sync), Type);

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
