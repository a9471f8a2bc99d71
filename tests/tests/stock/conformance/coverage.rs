//! Which functions of the contract the scripts have called.
use std::collections::BTreeSet;
use std::time::Duration;

use tests::{Database, wait_for};

/// The contract: one signature a line, as the catalog spells it.
const SIGNATURES: &str = include_str!("signatures.txt");

/// Every line of the contract.
pub(crate) fn signatures() -> BTreeSet<String> {
    SIGNATURES.lines().map(str::to_owned).collect()
}

/// What a database has of it, spelled the same way. Names that begin with an underscore are ours alone, but for those
/// listed.
pub(crate) fn installed(database: &Database) -> BTreeSet<String> {
    let listed = signatures();
    signatures_where(database, "true")
        .into_iter()
        .filter(|line| !line.contains("._") || listed.contains(line))
        .collect()
}

/// Waits until the server's statistics count calls of all of these; panics with what was never called.
#[track_caller]
pub(crate) fn assert_called(database: &Database, so_far: &mut BTreeSet<String>) {
    let counted = "exists (select from pg_stat_user_functions s where s.funcid = p.oid and s.calls > 0)";
    // Statistics of a session arrive when it ends, at the latest a moment after.
    let mut last = 0;
    wait_for(Duration::from_secs(10), "statistics of the calls", || {
        so_far.extend(signatures_where(database, counted));
        let settled = so_far.len() == last && last > 0;
        last = so_far.len();
        if settled { Ok(()) } else { Err(format!("{last} functions called")) }
    });
}

fn signatures_where(database: &Database, condition: &str) -> BTreeSet<String> {
    let sql = format!(
        "select n.nspname || '.' || p.proname || '(' || pg_get_function_arguments(p.oid) || ') -> ' || \
                pg_get_function_result(p.oid) || case when p.prosecdef then '  [security definer]' else '' end \
           from pg_proc p join pg_namespace n on n.oid = p.pronamespace \
          where n.nspname in ('pgq', 'pgq_node', 'londiste') and {condition}"
    );
    database.rows(&sql).into_iter().map(|row| row[0].clone().unwrap()).collect()
}
