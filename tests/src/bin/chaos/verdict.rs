//! What has to be true after each block.
use std::time::Duration;

use tests::compare::{self, Equal};
use tests::definitions::{assert_same, definitions};
use tests::{Database, Pair, Setup, wait_for};

use crate::SETTLE;

/// Copies' consumers that nobody needs are cleared once a minute.
const CLEARED: Duration = Duration::from_secs(120);

type Rows = Vec<Vec<Option<String>>>;

/// Indexes, constraints and foreign keys of a database whose definitions the migrations leave alone.
pub(crate) struct Definitions {
    indexes_and_constraints: Rows,
    fkeys: Rows,
}

impl Definitions {
    pub(crate) fn of(database: &Database) -> Definitions {
        // a foreign key is deferrable while its table is replicated: only its name and its validity are compared
        let is_fkey = |row: &Vec<Option<String>>| row[4].as_deref() == Some("f");
        Definitions {
            indexes_and_constraints: definitions(database).into_iter().filter(|row| !is_fkey(row)).collect(),
            fkeys: database.rows(
                "select conrelid::regclass::text, conname, convalidated from pg_constraint \
                  where contype = 'f' order by 1, 2",
            ),
        }
    }
}

/// What stands on both sides when all is well.
pub(crate) struct Expected {
    definitions: Definitions,
    consumers: Rows,
}

impl Expected {
    /// As it is now, with all tables `ok`; `definitions`: as they were before replication began.
    pub(crate) fn after_start(setup: &Setup, definitions: Definitions) -> Expected {
        Expected { definitions, consumers: consumers(setup) }
    }

    /// Waits until all is well again, and compares all of it. Panics where something is not.
    #[track_caller]
    pub(crate) fn check(&self, pair: &Pair, setup: &Setup) -> Equal {
        setup.wait_ok(SETTLE);
        setup.wait_caught_up(SETTLE);
        let equal = compare::assert_equal(pair);
        wait_for(SETTLE, "foreign keys to come back", || {
            let now = Definitions::of(&pair.target);
            let pending = pair.target.rows("select from_table, fkey_name from londiste.pending_fkeys");
            if now.fkeys == self.definitions.fkeys && pending.is_empty() {
                Ok(())
            } else {
                Err(format!(
                    "expected {:#?}\nfound {:#?}\npending {pending:?}\n{}",
                    self.definitions.fkeys,
                    now.fkeys,
                    setup.logs()
                ))
            }
        });
        assert_same(
            &Definitions::of(&pair.target).indexes_and_constraints,
            &self.definitions.indexes_and_constraints,
        );
        wait_for(CLEARED, "consumers to be those of the start", || {
            let now = consumers(setup);
            if now == self.consumers {
                Ok(())
            } else {
                Err(format!("expected {:?}\nfound {now:?}", self.consumers))
            }
        });
        wait_for(CLEARED, "errors to be gone", || {
            let errors = errors(pair);
            if errors.is_empty() { Ok(()) } else { Err(format!("{errors:?}\n{}", setup.logs())) }
        });
        equal
    }
}

fn consumers(setup: &Setup) -> Rows {
    setup.source.rows("select queue_name, consumer_name from pgq.get_consumer_info() order by 1, 2")
}

/// Errors that are still told of tables and workers.
fn errors(pair: &Pair) -> Rows {
    let tables = "select table_name, error from londiste_rs.table_error";
    let workers = "select consumer_name, cur_error from pgq_node.local_state where cur_error is not null";
    let mut errors = pair.target.rows(tables);
    for side in [&pair.source, &pair.target] {
        errors.extend(side.rows(workers));
    }
    errors
}
