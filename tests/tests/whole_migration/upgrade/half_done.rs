//! A migration as processes of version 0.1 leave it in its middle: most tables in sync with relaxed foreign keys, one
//! parked, one copied half, one waiting, and events in the queue.

use postgres::GenericClient;
use tests::Pair;

use super::old_copy::{self, LARGE};
use super::old_sessions::OldSessions;

/// Not yet copied.
const WAITING: &str = "public.pgbench_tellers";
/// Cannot take a change.
const PARKED: &str = "public.reading";

/// What this version has to find and keep.
pub(super) struct Left {
    /// Tick up to which the leaf has applied.
    pub(super) position: i64,
    /// The event that the parked table could not take.
    pub(super) failed_event: i64,
    /// [`Left::kept`] when it was left.
    pub(super) chunks: String,
    /// Tells the chunks of the large table that version 0.1 has committed.
    pub(super) kept: &'static str,
    /// Tells by which generators the source's capture functions were written.
    pub(super) generators: &'static str,
}

const KEPT: &str = "select string_agg(first_page || ' ' || committed, ',' order by first_page)
    from (select * from londiste_rs.copy_chunk order by first_page limit 4) c";
const GENERATORS: &str =
    "select string_agg(distinct layouts::json ->> 'generator', ',') from londiste_rs.capture";

/// Nodes, and all tables in sync but three: the application may begin to write.
pub(super) fn begin(pair: &Pair) -> OldSessions {
    let mut old = OldSessions::create_nodes(pair);
    old.add_all();
    let mut small = old.tables();
    small.retain(|table| ![WAITING, LARGE].contains(&table.as_str()));
    small.iter().for_each(|table| old.add_on_leaf(table));
    old_copy::small_tables(&mut old, &small);
    bring_foreign_keys_back(&mut old);
    old
}

/// The rest, while the application writes; its processes are killed then.
pub(super) fn leave(old: &mut OldSessions, pair: &Pair) -> Left {
    old.add_on_leaf(LARGE);
    let mut copy = old_copy::Large::begin(old);
    for first_page in [0, 200, 400, 600] {
        copy.chunk(old, first_page, first_page + 200);
    }
    copy.drain(old);
    old.add_on_leaf(WAITING);
    let position = pair.target.number("select completed_tick from pgq_node.get_worker_state('migq')");
    let failed_event = pair.target.number("select ev_id from londiste_rs.parked_tables('migq')");
    let relaxed = "select fkey_def from londiste.pending_fkeys where fkey_name = 'history_account'";
    assert!(
        pair.target.value(relaxed).ends_with("DEFERRABLE INITIALLY DEFERRED NOT VALID"),
        "as version 0.1 has left it"
    );
    Left { position, failed_event, chunks: pair.target.value(KEPT), kept: KEPT, generators: GENERATORS }
}

/// What the worker of the leaf does about foreign keys when small tables have become `ok`. Rows of the history lack
/// their accounts, which are not copied yet: their foreign key cannot be validated.
fn bring_foreign_keys_back(old: &mut OldSessions) {
    old.on_leaf(
        "select londiste_rs.restore_fkey(from_table, fkey_name) from londiste_rs.restorable_fkeys();
         select londiste_rs.relax_tables()",
    );
    let rows = old.leaf.query(
        "select table_name, fkey_name from londiste_rs.unvalidated_fkey where error is null order by 1, 2",
        &[],
    );
    let mut failed = Vec::new();
    for row in rows.expect("foreign keys") {
        let (table, fkey): (String, String) = (row.get(0), row.get(1));
        let Err(error) = old.leaf.execute("select londiste_rs.validate_fkey($1, $2)", &[&table, &fkey])
        else {
            continue;
        };
        let error = error.as_db_error().map(ToString::to_string).unwrap_or_default();
        let sql =
            "update londiste_rs.unvalidated_fkey set error = $3 where table_name = $1 and fkey_name = $2";
        old.leaf.execute(sql, &[&table, &fkey, &error]).expect("a failure is kept");
        let sql =
            "insert into londiste_rs.table_error (queue_name, table_name, error) values ('migq', $1, $2)";
        old.leaf.execute(sql, &[&table, &format!("foreign key {fkey}: {error}")]).expect("a failure is kept");
        failed.push(fkey);
    }
    assert_eq!(failed, ["history_account"]);
    park(old);
}

/// The table's next change is refused by a check that only the target has; the worker goes on without it.
fn park(old: &mut OldSessions) {
    let whole = old.apply_to_here();
    old.on_root("update reading set v = 1000 where id = 7");
    let event: i64 =
        old.root.query_one("select last_value from pgq.event_1_id_seq", &[]).expect("an event").get(0);
    old.on_root(&format!("select pgq.register_consumer_at('migq', 'target_app.copy.{PARKED}', {whole})"));
    let mut batch = old.leaf.transaction().expect("a transaction");
    let parked = format!(
        "select londiste_rs.drop_fkeys('{PARKED}');
         update londiste.table_info set merge_state = 'catching-up'
          where table_name = '{PARKED}' and merge_state = 'ok';
         select pgq_node.register_consumer('migq', 'target_app.copy.{PARKED}', 'primary', {whole});
         select londiste_rs.park_table('migq', '{PARKED}', 'new row violates check constraint \"small\"',
                                       '23514', {event}, {whole})"
    );
    GenericClient::batch_execute(&mut batch, &parked).expect("the table is parked");
    batch.commit().expect("a commit");
    old.apply_to_here();
}
