//! Copies as the leaf's worker of version 0.1 made them: of small tables, and of a large one in chunks.

use std::io;

use postgres::{IsolationLevel, Transaction};

use super::old_sessions::{OldSessions, next_batch, tick};

/// The table that is copied in chunks.
pub(super) const LARGE: &str = "public.pgbench_accounts";
const CONSUMER: &str = "target_app.copy.public.pgbench_accounts";

/// Nobody writes meanwhile, so that all of them are in sync at once.
pub(super) fn small_tables(old: &mut OldSessions, tables: &[String]) {
    let mut reading = old.root.transaction().expect("a transaction");
    let mut writing = old.leaf.transaction().expect("a transaction");
    for table in tables {
        let sql = "select londiste_rs.drop_fkeys($1), londiste_rs.relax_table($1)";
        writing.execute(sql, &[table]).expect("foreign keys are dropped");
    }
    for table in tables {
        let sql = "select format('%I.%I', n.nspname, c.relname),
                          (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a
                            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '')
                     from pg_class c join pg_namespace n on n.oid = c.relnamespace
                    where c.oid = londiste_rs.find_relation($1)";
        let row = reading.query_one(sql, &[table]).expect("a table");
        let (name, columns): (String, String) = (row.get(0), row.get(1));
        pour(
            &mut reading,
            &format!("select {columns} from {name}"),
            &mut writing,
            &format!("{name} ({columns})"),
        );
        let sql = "select londiste.local_set_table_state('migq', $1, null, 'ok')";
        writing.execute(sql, &[table]).expect("a state");
    }
    writing.commit().expect("a commit");
}

/// Copies what a query answers.
fn pour(from: &mut Transaction<'_>, query: &str, into: &mut Transaction<'_>, table: &str) -> i64 {
    into.batch_execute("select set_config('londiste_rs.replay', 'on', true)").expect("a setting");
    let mut rows = from.copy_out(&format!("copy ({query}) to stdout")).expect("rows are read");
    let mut sink = into.copy_in(&format!("copy {table} from stdin")).expect("rows are written");
    io::copy(&mut rows, &mut sink).expect("rows are copied");
    i64::try_from(sink.finish().expect("rows are written")).expect("a number of rows")
}

/// A copy in chunks.
pub(super) struct Large {
    first_snapshot: String,
    staging: String,
    relation: String,
}

impl Large {
    /// Subscribes its consumer, empties the table, puts its index away, makes record and staging table.
    pub(super) fn begin(old: &mut OldSessions) -> Large {
        let first_tick = tick(&mut old.root);
        old.on_leaf(&format!(
            "select londiste.local_set_table_state('migq', '{LARGE}', null, 'in-copy');
             select londiste_rs.drop_fkeys('{LARGE}'), londiste_rs.relax_table('{LARGE}')"
        ));
        old.on_root(&format!("select pgq.register_consumer_at('migq', '{CONSUMER}', {first_tick})"));
        let (mut look, first_snapshot) = look(old);
        let row = look.query_one(
            "select r.relid::text, r.relid || ':' || pg_relation_filenode(r.relid)
               from londiste_rs.row_relations('pgbench_accounts'::regclass) r",
            &[],
        );
        let row = row.expect("the relation");
        let (relation, source_files): (String, String) = (row.get(0), row.get(1));
        drop(look);
        let oid =
            old.leaf.query_one("select 'pgbench_accounts'::regclass::oid::text", &[]).expect("the relation");
        let staging = format!("copy_{}", oid.get::<_, String>(0));
        let columns = concat!(
            r#""aid" integer integer, "bid" integer integer, "#,
            r#""abalance" integer integer, "filler" character(84)"#,
        );
        let layout = format!("{columns} character(84) key [\"aid\"] binary true");
        old.on_leaf(&format!(
            "begin;
             select set_config('londiste_rs.replay', 'on', true);
             insert into londiste_rs.copy_index
                    (dest_table, index_name, place, alone, create_sql, constraint_name, constraint_sql)
             select '{LARGE}', i.name, 0, false, pg_get_indexdef(i.name::regclass), i.name,
                    'alter table \"public\".\"pgbench_accounts\" add constraint \"pgbench_accounts_pkey\" '
                    'primary key using index \"pgbench_accounts_pkey\"'
               from (values ('pgbench_accounts_pkey')) i (name);
             alter table pgbench_accounts drop constraint pgbench_accounts_pkey;
             select londiste_rs.copy_note_dropped('migq', '{LARGE}', '{LARGE}');
             truncate only pgbench_accounts;
             insert into londiste_rs.copy_run
                    (queue_name, table_name, dest_table, step, provider_node, first_tick, first_snapshot,
                     source_files, layout, staging, target_file)
             values ('migq', '{LARGE}', '{LARGE}', 'rows', 'primary', {first_tick}, '{first_snapshot}',
                     '{source_files}', '{layout}', '{staging}', pg_relation_filenode('pgbench_accounts'));
             create table londiste_rs.{staging} as
                 select false as londiste_gone, aid, bid, abalance, filler from only pgbench_accounts with no data;
             alter table londiste_rs.{staging} add column londiste_seq bigint generated by default as identity;
             select pgq_node.register_consumer('migq', '{CONSUMER}', 'primary', {first_tick});
             commit"
        ));
        Large { first_snapshot, staging, relation }
    }

    /// Copies pages under a snapshot of their own, and commits them with their record.
    pub(super) fn chunk(&self, old: &mut OldSessions, first_page: i64, end_page: i64) {
        let mut writing = old.leaf.transaction().expect("a transaction");
        let mut reading = snapshot(&mut old.root);
        let seen: String =
            reading.query_one("select txid_current_snapshot()::text", &[]).expect("a snapshot").get(0);
        let pages = format!(
            "select aid, bid, abalance, filler from only pgbench_accounts
              where ctid >= '({first_page},0)' and ctid < '({end_page},0)'"
        );
        let rows = pour(&mut reading, &pages, &mut writing, "pgbench_accounts (aid, bid, abalance, filler)");
        let sql = "insert into londiste_rs.copy_chunk
                          (queue_name, table_name, relation, first_page, end_page, snapshot, rows, bytes, seconds)
                   values ('migq', $1, $2, $3, $4, $5, $6::int8, $6::int8 * 97, 1)";
        writing
            .execute(sql, &[&LARGE, &self.relation, &first_page, &end_page, &seen, &rows])
            .expect("a record");
        writing.commit().expect("a commit");
        assert!(rows > 5_000, "{rows} rows of {pages}");
    }

    /// Keeps what was changed since the first snapshot, up to a tick that is made now.
    pub(super) fn drain(&mut self, old: &mut OldSessions) {
        let until = tick(&mut old.root);
        let mut kept = 0;
        while let Some(batch) = next_batch(&mut old.root, CONSUMER) {
            let sql = "select ev_type, ev_data from pgq.get_batch_events($1)
                        where ev_extra1 = $2 and not txid_visible_in_snapshot(ev_txid, $3::text::txid_snapshot)
                        order by ev_id";
            let events = old.root.query(sql, &[&batch, &LARGE, &self.first_snapshot]).expect("events");
            let mut writing = old.leaf.transaction().expect("a transaction");
            for event in &events {
                let (kind, row): (String, String) = (event.get(0), event.get(1));
                assert!(["rec.U", "rec.P"].contains(&kind.as_str()), "pgbench only updates: {kind}");
                let sql = format!(
                    "insert into londiste_rs.{} (londiste_gone, aid, bid, abalance, filler)
                     select false, ($1::text::public.pgbench_accounts).*",
                    self.staging
                );
                kept += writing.execute(&sql, &[&row]).expect("a change is kept");
            }
            let sql = "select tick_id from pgq.get_batch_info($1)";
            let end: i64 = old.root.query_one(sql, &[&batch]).expect("a batch").get(0);
            writing
                .batch_execute(&format!(
                    "select pgq_node.set_consumer_completed('migq', '{CONSUMER}', {end})"
                ))
                .expect("a position");
            writing.commit().expect("a commit");
            old.root.execute("select pgq.finish_batch($1)", &[&batch]).expect("a batch is finished");
            if end >= until {
                break;
            }
        }
        assert!(kept > 0, "the application has changed nothing meanwhile");
    }
}

/// A snapshot of the source, and what it sees.
fn look(old: &mut OldSessions) -> (Transaction<'_>, String) {
    let mut reading = snapshot(&mut old.root);
    let seen = reading.query_one("select txid_current_snapshot()::text", &[]).expect("a snapshot").get(0);
    (reading, seen)
}

fn snapshot(root: &mut postgres::Client) -> Transaction<'_> {
    let reading =
        root.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start();
    let mut reading = reading.expect("a transaction");
    reading.batch_execute("lock table only pgbench_accounts in access share mode").expect("a lock");
    reading
}
