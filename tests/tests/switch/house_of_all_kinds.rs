//! A database with objects of all kinds that replication changes, and what its catalogs said before.

use std::time::Duration;

use tests::inventory::{assert_unchanged, inventory};
use tests::{Output, Pair, Setup, guide, wait_until};

pub(crate) const SETTLE: Duration = Duration::from_secs(90);

const SCHEMA: &str = "
    create table parent (id int primary key, v int, t text unique);
    create table child (id serial primary key, parent int constraint own_name references parent on update cascade);
    alter table child add constraint late foreign key (parent) references parent deferrable;
    alter table child add constraint never_valid foreign key (id) references parent not valid;
    comment on constraint own_name on child is 'of the child';
    create index on child (parent) where parent > 10;
    create table keyless (a int, b text);
    create table log (id bigserial primary key, what text);
    create table parts (id int, r int, parent int references parent, primary key (id, r)) partition by range (r);
    create table parts_1 partition of parts for values from (0) to (100);
    create table parts_2 partition of parts for values from (100) to (200);
    create table heap (id int primary key, pad text not null, part text);
    alter table heap add constraint pads unique (pad);
    create index on heap (part desc) include (pad);
    create index heap_own on heap (lower(pad));
    alter table heap cluster on heap_own;
    comment on index heap_own is 'an index';
    alter table heap alter part set statistics 300;
    create sequence lonely increment -3;
    create function note() returns trigger language plpgsql as
        $$ begin insert into log (what) values (tg_op || ' ' || tg_table_name); return null; end $$;
    create trigger note after insert or update or delete on parent for each row execute function note();
    create trigger asleep after insert on parent for each row execute function note();
    alter table parent disable trigger asleep;
    create trigger eager after insert on keyless for each row execute function note();
    alter table keyless enable replica trigger eager;
    create view seen as select * from parent;
    grant select on parent, seen to public;
    grant update (v) on parent to public;
    alter default privileges grant select on tables to public;";

const ROWS: &str = "
    insert into parent select i, i, 'x' || i from generate_series(1, 200) i;
    insert into child (parent) select i from generate_series(1, 100) i;
    insert into keyless select i % 7, 'k' from generate_series(1, 50) i;
    insert into parts select i, i, 1 + i % 100 from generate_series(0, 199) i;
    insert into heap select i, 'pad ' || i, repeat('p', 60) from generate_series(1, 40000) i;";

/// Both sides, with the application's objects and the source's rows.
pub(crate) struct House {
    pub(crate) pair: Pair,
    pub(crate) setup: Setup,
    before: [Vec<String>; 2],
}

impl House {
    pub(crate) fn new() -> House {
        House::of(Setup::new)
    }

    /// With nodes made by `setup`.
    pub(crate) fn of(setup: impl FnOnce(&Pair) -> Setup) -> House {
        let pair = Pair::start();
        // its trigger for replicas would fire
        pair.forbid_silencing();
        pair.both(SCHEMA);
        pair.source.execute(ROWS);
        let before = [&pair.source, &pair.target].map(|side| inventory(side));
        let setup = setup(&pair);
        House { pair, setup, before }
    }

    /// Everything is copied, and the foreign keys are back.
    pub(crate) fn replicated() -> House {
        let house = House::new();
        house.setup.replicate();
        house
    }

    /// All tables are registered on both sides, and no worker has begun to copy them.
    pub(crate) fn add_all_uncopied(&self) {
        let setup = &self.setup;
        let [add_seq_there, add_seq, add_there, add]: [_; 4] = guide::add().try_into().expect("four steps");
        for step in [add_seq_there, add_there, add_seq] {
            step.run(setup).expect_success();
        }
        let known = "select count(*) from londiste.table_info";
        let all = self.pair.source.number(known);
        wait_until(SETTLE, "the leaf knows the tables", || self.pair.target.number(known) == all);
        setup.stop_daemon("target");
        add.run(setup).expect_success();
    }

    /// All tables are in sync but one, which the leaf's worker copies until it dies at this place.
    #[cfg(debug_assertions)]
    #[track_caller]
    pub(crate) fn copies_until(&self, point: &str) {
        let londiste = |words: &[&str]| {
            self.setup.londiste(words).expect_success();
        };
        londiste(&["source.ini", "add-table", "--all"]);
        let others = ["parent", "child", "keyless", "log", "parts"];
        londiste(&[&["target.ini", "add-table"], others.as_slice()].concat());
        self.setup.wait_ok(SETTLE);
        self.setup.stop_daemon("target");
        londiste(&["target.ini", "add-table", "heap"]);
        let environment = [("LONDISTE_FAIL_POINT", point)];
        let words = ["target.ini", "worker"];
        let mut worker = self.setup.foreground_in("londiste", &words, "dying", &environment);
        assert_eq!(worker.wait(SETTLE), -1, "{point}");
    }

    /// Stops ticker and workers, as far as they run.
    pub(crate) fn stop(&self) {
        for name in ["target", "source", "pgqd"] {
            let ini = format!("{name}.ini");
            if name == "pgqd" { self.setup.pgqd(&["-s", &ini]) } else { self.setup.londiste(&["-s", &ini]) }
                .expect_success();
        }
    }

    #[track_caller]
    pub(crate) fn switch(&self) {
        self.setup.wait_caught_up(SETTLE);
        self.setup.londiste(&["target.ini", "switchover", "--force", "comparison,triggers"]).expect_success();
    }

    /// `londiste INI complete …` dies at this place.
    #[cfg(debug_assertions)]
    #[track_caller]
    pub(crate) fn dies(&self, words: &[&str], point: &str) {
        let environment = [("LONDISTE_FAIL_POINT", point)];
        let mut command = self.setup.foreground_in("londiste", words, "dying", &environment);
        assert_eq!(command.wait(SETTLE), -1, "{words:?} {point}: it should have died there");
    }

    /// The command says that nothing is left, and the catalogs of both sides say what they said before.
    #[track_caller]
    pub(crate) fn is_as_before(&self, output: &Output) {
        output.expect_success();
        let nothing = output.stdout.matches("nothing is left").count();
        assert!(nothing == 2 && !output.stderr.contains("ERROR"), "{}", output.report());
        self.catalogs_are_as_before(&output.report());
    }

    #[track_caller]
    pub(crate) fn catalogs_are_as_before(&self, report: &str) {
        for ((side, name), before) in
            [(&self.pair.source, "source"), (&self.pair.target, "target")].into_iter().zip(&self.before)
        {
            assert_unchanged(&format!("{name}\n{report}"), &inventory(side), before);
        }
    }

    /// Application and target's own writers write freely.
    #[track_caller]
    pub(crate) fn takes_writes(&self) {
        for side in [&self.pair.source, &self.pair.target] {
            side.execute(
                "begin; insert into keyless values (1, 'free'); delete from heap where id = 5; \
                 truncate parts_2; rollback",
            );
        }
    }
}
