//! Changes that are gathered for the next chunk, and how many are enough for it.

use std::collections::HashSet;
use std::sync::Arc;

use crate::{Change, Options};

/// How many times its size a chunk may grow to while rows change their keys.
const PATIENT_CHUNKS: usize = 4;

/// Changes of a transaction's first chunk; the next ones have up to twice as many as all before.
const FIRST_CHANGES: usize = 2_500;
/// Changes for each of its tables that the first chunk has at least, as far as it may be that large.
const CHANGES_OF_TABLE: usize = 25;
/// So many tables in a chunk, and it may have twice as many changes; and twice as much memory, up to
const MANY_TABLES: usize = 100;
/// so many times as much.
const MOST_MEMORY: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Gathered {
    changes: Vec<Change>,
    bytes: usize,
    tables: HashSet<Arc<str>>,
    /// Changes of this transaction in chunks that are written, or on their way.
    begun: usize,
}

impl Gathered {
    pub(super) fn push(&mut self, change: Change) {
        self.bytes += change.size();
        let table = &change.table;
        let of_last = self.changes.last().is_some_and(|last| Arc::ptr_eq(&last.table, table));
        if !of_last && !self.tables.contains(table) {
            self.tables.insert(Arc::clone(table));
        }
        self.changes.push(change);
    }

    /// There is enough for a chunk, and the last change is none of several that exchange keys and have to be written
    /// together.
    pub(super) fn is_chunk(&self, options: &Options) -> bool {
        let tables = self.tables.len();
        let memory = options.chunk_bytes * (1 + tables / MANY_TABLES).min(MOST_MEMORY);
        let is_enough = self.changes.len() >= enough(options.chunk_changes, tables, self.begun);
        let between_moves =
            || self.bytes < PATIENT_CHUNKS * memory && self.changes.last().is_some_and(Change::moves);
        (is_enough || self.bytes >= memory) && !between_moves()
    }

    /// All of them, for a chunk.
    pub(super) fn take(&mut self) -> Vec<Change> {
        self.begun += self.changes.len();
        self.bytes = 0;
        self.tables.clear();
        std::mem::take(&mut self.changes)
    }

    /// Gathers into a chunk's buffer, which is empty now.
    pub(super) fn reuse(&mut self, buffer: Vec<Change>) {
        if self.changes.capacity() == 0 {
            self.changes = buffer;
        }
    }

    /// The next changes are the first ones of a transaction, or of its part behind a flush.
    pub(super) fn begin(&mut self) {
        self.begun = 0;
    }

    /// Forgets them.
    pub(super) fn forget(&mut self) {
        self.take().clear();
        self.begin();
    }
}

/// Changes that are enough for a chunk of so many tables, when so many of the transaction have `begun` to be written.
/// It begins with small chunks, so that the target has something to do while more is read. Where tables are many,
/// chunks are larger: each table needs statements of its own.
fn enough(chunk_changes: usize, tables: usize, begun: usize) -> usize {
    let first = FIRST_CHANGES.max(CHANGES_OF_TABLE * tables);
    let most = chunk_changes * (1 + tables / MANY_TABLES);
    most.min(first.max(2 * begun))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Op;

    /// The sizes of a transaction's first chunks, of changes of so many tables in turn.
    fn sizes(chunk_changes: usize, chunk_bytes: usize, tables: usize) -> Vec<usize> {
        let options = Options { chunk_changes, chunk_bytes, ..Options::default() };
        let names: Vec<Arc<str>> = (0..tables).map(|n| Arc::from(format!("public.t{n}"))).collect();
        let mut gathered = Gathered::default();
        let mut next = names.iter().cycle().map(|table| Change {
            table: Arc::clone(table),
            op: Op::Insert,
            new: None,
            old: None,
            event_id: 1,
            txid: 1,
        });
        let sizes = (0..4).map(|_| {
            while !gathered.is_chunk(&options) {
                gathered.push(next.next().expect("there are tables"));
            }
            gathered.take().len()
        });
        sizes.collect()
    }

    #[test]
    fn chunks_grow_to_their_size() {
        const MUCH: usize = 1 << 30;
        assert_eq!(sizes(20_000, MUCH, 3), [2_500, 5_000, 15_000, 20_000]);
        assert_eq!(sizes(7, MUCH, 3), [7, 7, 7, 7]);
        assert_eq!(sizes(10_000, MUCH, 1_000), [25_000, 50_000, 110_000, 110_000]);
    }

    #[test]
    fn memory_is_bounded_and_grows_with_the_tables_of_the_chunk() {
        let memory = 100 * size_of::<Change>();
        assert_eq!(sizes(10_000, memory, 1), [100; 4]);
        assert_eq!(sizes(10_000, memory, 150), [200; 4]);
        assert_eq!(sizes(10_000, memory, 1_000), [400; 4]);
    }
}
