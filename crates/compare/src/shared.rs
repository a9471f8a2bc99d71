//! Observer that several tables tell at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pgq::comparison::Comparison;

use crate::{Difference, Observer, Outcome};

/// One of those who tell the same observer.
pub(crate) struct Shared<'a, 'b>(&'a Mutex<&'b mut dyn Observer>);

impl<'a, 'b> Shared<'a, 'b> {
    pub(crate) fn new(observer: &'a Mutex<&'b mut dyn Observer>) -> Shared<'a, 'b> {
        Shared(observer)
    }

    fn lock(&self) -> MutexGuard<'_, &'b mut dyn Observer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Shared<'_, '_> {
    fn waits(&mut self, why: &str) {
        self.lock().waits(why);
    }

    fn begins(&mut self, comparison: &Comparison) {
        self.lock().begins(comparison);
    }

    fn is_at(&mut self, table: &str, rows: i64, expected: i64) {
        self.lock().is_at(table, rows, expected);
    }

    fn differs(&mut self, table: &str, key: &str, difference: &Difference) {
        self.lock().differs(table, key, difference);
    }

    fn ended(&mut self, outcome: &Outcome) {
        self.lock().ended(outcome);
    }
}
