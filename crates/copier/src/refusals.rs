//! Copies that a server refuses again and again for reasons that may pass.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Tries before a table is parked, which gives its copy slot to another one. A batch of replay has as many.
const TRIES: u32 = 5;

/// Refusals of the copies of a node, by table.
#[derive(Clone, Default)]
pub(crate) struct Refusals(Arc<Mutex<HashMap<String, Refused>>>);

/// Refusals of a table's copy since it has come further.
#[derive(Clone, Copy)]
struct Refused {
    pieces: u64,
    times: u32,
}

impl Refusals {
    /// Counts a refusal. True when there are too many; counting begins anew then. `pieces`: how much work the copy has
    /// done ([`parts::Report::pieces`]).
    pub(crate) fn are_too_many(&self, table: &str, pieces: u64) -> bool {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = refused.get(table).filter(|before| before.pieces == pieces);
        let times = before.map_or(0, |before| before.times) + 1;
        if times < TRIES {
            refused.insert(table.to_owned(), Refused { pieces, times });
        } else {
            refused.remove(table);
        }
        times >= TRIES
    }

    /// The copy is over.
    pub(crate) fn forget(&self, table: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(table);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_in_a_row_are_too_many_unless_the_copy_comes_further_between_them() {
        let refusals = Refusals::default();
        let refused = |table: &str, pieces| refusals.are_too_many(table, pieces);
        assert_eq!(
            [1, 1, 1, 1, 2, 2, 2, 2, 2, 2].map(|pieces| refused("a", pieces)).map(u8::from),
            [0, 0, 0, 0, 0, 0, 0, 0, 1, 0]
        );
        assert!(!refused("b", 2));
        refusals.forget("a");
        assert_eq!([2, 2, 2, 2, 2].map(|pieces| refused("a", pieces)), [false, false, false, false, true]);
    }
}
