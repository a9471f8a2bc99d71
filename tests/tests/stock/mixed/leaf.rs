//! A running leaf changes over between the stock worker and ours, with tables in every state of their copies.
use std::time::Duration;

use tests::setup::{QUEUE, Tools};
use tests::{Daemon, Pair, Setup, process, wait_for};

use super::application::{self, Load};
use super::gate::Gate;
use super::{SYNC, pair, wait_reaped};

/// In the order in which the root adds them, and so they are copied. The first five are held.
const TABLES: [&str; 9] = [
    "public.Odd Names",
    "public.customer",
    "public.item",
    "public.journal",
    "public.pgbench_accounts",
    "public.pgbench_branches",
    "public.pgbench_history",
    "public.pgbench_tellers",
    "public.purchase",
];

/// How a worker ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// `-s`. The processes that the stock worker has started for its copies live on.
    Stop,
    /// SIGKILL for it and the processes of its copies.
    Kill,
}

struct Leaf {
    pair: Pair,
    setup: Setup,
    gate: Gate,
}

/// A root of ours that captures with the stock triggers, and a leaf with nothing added yet, whose foreign keys are in
/// place.
fn start(tools: Tools) -> Option<Leaf> {
    let pair = pair(false)?;
    application::create(&pair);
    let setup = Setup::new(&pair);
    setup.set("source.ini", "capture", "stock");
    setup.set("target.ini", "parallel_copies", "5");
    setup.use_tools("target", tools);
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-seq", "--all"]).expect_success();
    setup.londiste(&["target.ini", "add-seq", "--all"]).expect_success();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    let gate = Gate::install(&pair.target);
    Some(Leaf { pair, setup, gate })
}

impl Leaf {
    /// Adds the tables, or copies them again, and holds them: one at `in-copy` and four at `catching-up`, or where
    /// `handing_over` two of these at `do-sync` and at `wanna-sync` or beyond. The others wait for a free slot.
    fn copy_and_hold(&mut self, command: &str, handing_over: bool) {
        let [first, second, third, fourth, fifth] = [TABLES[0], TABLES[1], TABLES[2], TABLES[3], TABLES[4]];
        for (table, state) in [(second, "wanna-sync"), (fourth, "catching-up")] {
            self.gate.shut(table, state);
        }
        for table in [third, fifth] {
            self.gate.shut(table, "wanna-sync");
        }
        let (before, held) = if handing_over { ("ok", "do-sync") } else { ("wanna-sync", "catching-up") };
        self.gate.shut(first, before);
        self.gate.shut(second, "ok");
        // one after the other: who has seen all of them may begin with any
        let (held_tables, others) = TABLES.split_at(5);
        self.give(command, held_tables);
        self.wait_states(&[
            (first, held),
            (second, "catching-up"),
            (third, "catching-up"),
            (fourth, "in-copy"),
            (fifth, "catching-up"),
        ]);
        self.give(command, others);
        self.wait_states(&[(TABLES[5], "new")]);
        if handing_over {
            self.gate.open(second, "wanna-sync");
            self.wait_states(&[
                (first, held),
                (second, "-sync"),
                (third, "catching-up"),
                (fourth, "in-copy"),
                (fifth, "catching-up"),
            ]);
        }
    }

    fn give(&self, command: &str, tables: &[&str]) {
        let mut words = vec!["target.ini", command];
        words.extend(tables);
        words.extend((command == "add-table").then_some("--no-triggers"));
        self.setup.londiste(&words).expect_success();
    }

    fn wait_states(&self, wanted: &[(&str, &str)]) {
        wait_for(SYNC, "the tables to be held", || {
            let states = self.setup.table_states();
            let is = |name: &str, state: &str| {
                states
                    .iter()
                    .any(|(n, s)| n == name && s.split(':').next().is_some_and(|s| s.ends_with(state)))
            };
            let there = wanted.iter().all(|(name, state)| is(name, state));
            if there { Ok(()) } else { Err(format!("{states:?}\n{}", self.setup.logs())) }
        });
    }

    /// Ends the worker and starts the other party's in its place.
    fn change_over(&mut self, to: Tools, end: End) {
        self.end(end);
        self.begin(to);
    }

    fn end(&mut self, end: End) {
        match end {
            End::Stop => {
                self.setup.stop_daemon("target");
                if self.setup.tools_of("target") == Tools::Ours {
                    self.gate.dismiss();
                }
            }
            End::Kill => {
                let pid = self.setup.target_worker().expect_pid();
                self.setup.target_worker().kill();
                wait_reaped(pid);
                for copy in self.copies() {
                    if let Some(pid) = copy.pid() {
                        process::signal("KILL", &pid.to_string());
                        copy.wait_gone(Duration::from_secs(10));
                    }
                }
                self.gate.dismiss();
            }
        }
    }

    fn begin(&mut self, tools: Tools) {
        self.gate.open_all();
        self.setup.use_tools("target", tools);
        self.setup.start_daemon("target");
    }

    /// The stock worker starts copies of new tables only, whoever has left the others: those are started by hand. One
    /// after the other, and new ones too: a stock copy that is ahead of another takes away that one's snapshot, and
    /// then rows come twice.
    fn take_up_copies(&self) {
        let states = self.setup.table_states();
        for (table, _) in states.iter().filter(|(_, state)| state != "ok" && state != "new") {
            if self.copies().iter().all(|copy| {
                copy.pid().is_none() || !copy.pidfile.ends_with(format!("target.pid.copy.{table}"))
            }) {
                self.setup.londiste(&["-d", "target.ini", "copy", table]).expect_success();
            }
            self.wait_states(&[(table, "ok")]);
        }
    }

    /// Pidfiles of copies. Those of ours hold the worker's own pid.
    fn copies(&self) -> Vec<Daemon> {
        let files = std::fs::read_dir(self.setup.directory()).unwrap().map(|file| file.unwrap().path());
        let copies =
            files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("target.pid.copy."));
        copies.map(|pidfile| Daemon { logfile: self.setup.target_worker().logfile, pidfile }).collect()
    }

    /// All tables in sync, every row equal, every index, constraint and foreign key back, and no trace of a copy.
    #[track_caller]
    fn settle(&self, load: Load, structure: &[Vec<Option<String>>]) {
        self.setup.wait_ok(SYNC);
        load.settle(&self.pair, &self.setup);
        let remains = |database: &tests::Database, sql: &str| {
            wait_for(Duration::from_secs(60), sql, || match database.value(sql).as_str() {
                "" => Ok(()),
                found => Err(found.to_owned()),
            });
        };
        let subscriptions = "select string_agg(consumer_name, ' ') from pgq.get_consumer_info() \
                              where consumer_name like '%.copy.%'";
        remains(&self.pair.source, subscriptions);
        remains(
            &self.pair.target,
            "select string_agg(consumer_name, ' ') from pgq_node.local_state where consumer_name like '%.copy.%'",
        );
        remains(
            &self.pair.target,
            "select string_agg(table_name, ' ') from londiste.table_info where dropped_ddl is not null",
        );
        remains(&self.pair.target, "select string_agg(fkey_name, ' ') from londiste.pending_fkeys");
        assert_eq!(self.pair.target.rows(STRUCTURE), structure);
        assert_eq!(
            self.pair
                .target
                .number(&format!("select count(*) from pgq_node.local_state where queue_name = '{QUEUE}'")),
            1
        );
    }
}

/// Indexes and constraints, without what either worker changes of foreign keys while they are replicated (deferrable,
/// not valid).
const STRUCTURE: &str = "select conrelid::regclass::text, conname,
           regexp_replace(pg_get_constraintdef(oid), '( DEFERRABLE| INITIALLY DEFERRED| NOT VALID)', '', 'g')
      from pg_constraint where connamespace = 'public'::regnamespace
    union all select tablename, indexname, indexdef from pg_indexes where schemaname = 'public' order by 1, 2, 3";

/// As a copy leaves its table that records what it drops, and ends before it has made that again.
const INDEXES_AWAY: &str = "
    alter table item drop constraint item_pkey;
    update londiste.table_info
       set dropped_ddl = 'ALTER TABLE ONLY public.item ADD CONSTRAINT item_pkey PRIMARY KEY (purchase_id, line);'
     where table_name = 'public.item' and dropped_ddl is null;
    alter table pgbench_accounts drop constraint pgbench_accounts_pkey;
    update londiste.table_info
       set dropped_ddl = 'ALTER TABLE ONLY public.pgbench_accounts ADD CONSTRAINT pgbench_accounts_pkey \
                          PRIMARY KEY (aid);'
     where table_name = 'public.pgbench_accounts' and dropped_ddl is null";

/// The stock worker cannot be stopped with `-s` while it waits for a copy that is held.
fn is_handing_over(from: Tools, end: End) -> bool {
    from == Tools::Ours || end == End::Kill
}

/// Through the states of a copy from one party to the other, killed and stopped, and to and fro during replay.
fn change_over_and_back(from: Tools, to: Tools) {
    let Some(mut leaf) = start(from) else { return };
    let structure = leaf.pair.target.rows(STRUCTURE);
    for (command, end) in [("add-table", End::Kill), ("resync", End::Stop)] {
        let load = Load::start(&leaf.setup);
        leaf.copy_and_hold(command, is_handing_over(from, end));
        leaf.end(end);
        if from == Tools::Stock && end == End::Kill {
            leaf.pair.target.execute(INDEXES_AWAY);
            // One goes on from there, one starts over from there.
            leaf.setup.use_tools("target", to);
            leaf.setup.londiste(&["target.ini", "resync", "public.item"]).expect_success();
            let states = "select string_agg(merge_state, ' ' order by nr) from londiste.table_info \
                           where dropped_ddl is not null";
            assert_eq!(leaf.pair.target.value(states), "in-copy catching-up");
        }
        if to == Tools::Stock {
            leaf.setup.set("target.ini", "parallel_copies", "1");
        }
        leaf.begin(to);
        if to == Tools::Stock {
            leaf.take_up_copies();
        }
        leaf.setup.set("target.ini", "parallel_copies", "5");
        leaf.settle(load, &structure);
        let load = Load::start(&leaf.setup);
        for (tools, end) in [(from, End::Kill), (to, End::Stop), (from, End::Stop)] {
            leaf.change_over(tools, end);
            leaf.setup.wait_caught_up(SYNC);
        }
        leaf.settle(load, &structure);
    }
}

#[test]
fn a_leaf_changes_over_from_the_stock_worker_to_ours() {
    change_over_and_back(Tools::Stock, Tools::Ours);
}

#[test]
fn a_leaf_changes_over_from_our_worker_to_the_stock_one() {
    change_over_and_back(Tools::Ours, Tools::Stock);
}
