//! Sessions of version 0.1's processes with both databases: its schemas, and what its executables called of them.
//!
//! The statements are those that the executables of commit a784589 were seen to send (`log_statement = all`), without
//! the looks between them.

use postgres::{Client, GenericClient};
use tests::{Pair, repository};

/// Who is captured and copied, in a queue called as [`tests::setup::QUEUE`].
pub(super) struct OldSessions {
    /// With the source.
    pub(super) root: Client,
    /// With the target.
    pub(super) leaf: Client,
}

impl OldSessions {
    /// Installs the schemas and makes both nodes.
    pub(super) fn create_nodes(pair: &Pair) -> OldSessions {
        for side in [&pair.source, &pair.target] {
            side.psql_file(&repository().join("tests/fixtures/version_0_1/init_noext.sql"));
        }
        let mut old = OldSessions { root: pair.source.connect(), leaf: pair.target.connect() };
        let location = |name: &str, side: &tests::Side| {
            format!("select pgq_node.register_location('migq', '{name}', '{}', false);", side.connstr())
        };
        let [primary, subscriber] = [location("primary", &pair.source), location("subscriber", &pair.target)];
        old.on_root(&format!(
            "{primary} select pgq_node.create_node('migq', 'root', 'primary', 'source_app', null, null, null);
             select pgq.set_queue_config('migq', 'ticker_max_lag', '20 milliseconds');
             select londiste_rs.set_captures_unchanged('migq', true); select londiste_rs.open_gate('migq');
             {subscriber} select pgq_node.register_subscriber('migq', 'subscriber', 'target_app', null)"
        ));
        let subscribed = old.position();
        old.on_leaf(&format!(
            "{primary} {subscriber}
             select pgq_node.create_node('migq', 'leaf', 'subscriber', 'target_app', 'primary', {subscribed}, null)"
        ));
        old
    }

    /// `add-seq --all` and `add-table --all` on the root, and the worker of the leaf when it hears of them.
    pub(super) fn add_all(&mut self) {
        self.on_root(
            "select londiste.local_add_seq('migq', format('%s.%s', schemaname, sequencename)) from pg_sequences
              where schemaname !~ '^(pgq|londiste)';
             select londiste_rs.add_table('migq', format('%s.%s', n.nspname, c.relname), null, '{}')
               from pg_class c join pg_namespace n on n.oid = c.relnamespace
              where c.relkind in ('r', 'p') and not c.relispartition
                and n.nspname !~ '^(pg_|pgq|londiste|information_schema)'
              order by c.oid",
        );
        for row in self
            .root
            .query("select seq_name, last_value from londiste.get_seq_list('migq')", &[])
            .expect("sequences")
        {
            let (name, value): (String, i64) = (row.get(0), row.get(1));
            self.leaf
                .execute("select londiste.global_update_seq('migq', $1, $2)", &[&name, &value])
                .expect("a sequence");
            self.leaf.execute("select londiste.local_add_seq('migq', $1)", &[&name]).expect("a sequence");
        }
        for table in self.tables() {
            self.leaf.execute("select londiste.global_add_table('migq', $1)", &[&table]).expect("a table");
        }
        self.apply_to_here();
    }

    /// Tables of the queue.
    pub(super) fn tables(&mut self) -> Vec<String> {
        let rows = self
            .root
            .query("select table_name from londiste.table_info where queue_name = 'migq' order by nr", &[]);
        rows.expect("tables").iter().map(|row| row.get(0)).collect()
    }

    /// `add-table` on the leaf.
    pub(super) fn add_on_leaf(&mut self, table: &str) {
        self.leaf
            .execute("select londiste_rs.add_table('migq', $1, null, '{no_triggers}')", &[&table])
            .expect("a table is added");
    }

    /// The leaf's worker goes through batches that change nothing there up to a tick that is made now: its position.
    pub(super) fn apply_to_here(&mut self) -> i64 {
        tick(&mut self.root);
        while let Some(batch) = next_batch(&mut self.root, "target_app") {
            self.root.execute("select pgq.finish_batch($1)", &[&batch]).expect("a batch is finished");
        }
        let position = self.position();
        self.on_leaf(&format!("select pgq_node.set_consumer_completed('migq', 'target_app', {position})"));
        position
    }

    /// Where the leaf's worker is subscribed.
    fn position(&mut self) -> i64 {
        let sql = "select last_tick from pgq.get_consumer_info('migq', 'target_app')";
        self.root.query_one(sql, &[]).expect("a subscription").get(0)
    }

    #[track_caller]
    pub(super) fn on_root(&mut self, sql: &str) {
        self.root.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}\n{error:?}"));
    }

    #[track_caller]
    pub(super) fn on_leaf(&mut self, sql: &str) {
        self.leaf.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}\n{error:?}"));
    }
}

/// A tick that is made now.
pub(super) fn tick(root: &mut Client) -> i64 {
    root.query_one("select londiste_rs.tick_now('migq')", &[]).expect("a tick").get(0)
}

/// A consumer's next batch, where there is one.
pub(super) fn next_batch(root: &mut impl GenericClient, consumer: &str) -> Option<i64> {
    root.query_one("select pgq.next_batch('migq', $1)", &[&consumer]).expect("a consumer").get(0)
}
