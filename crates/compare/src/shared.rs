//! Observer that several tables tell at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pgq::comparison::Comparison;

use crate::{Difference, Observer, Outcome};

/// One of those who tell the same observer.
#[derive(Debug)]
pub(crate) struct Shared<'a, O>(&'a Mutex<&'a mut O>);

impl<'a, O: Observer> Shared<'a, O> {
    pub(crate) fn new(observer: &'a Mutex<&'a mut O>) -> Shared<'a, O> {
        Shared(observer)
    }

    fn lock(&self) -> MutexGuard<'_, &'a mut O> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<O: Observer> Observer for Shared<'_, O> {
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
