//! Checks of each server by itself.

use std::time::Duration;

use tests::{Pair, Shutdown};

use crate::case::{By, Case, line, preflight, setup};

const ITEM: &str = "create table item (id int primary key, name text)";

const CASES: &[Case] = &[
    Case {
        check: "create-privilege",
        broken: &[(
            By::SourceAdmin,
            "grant all on schema public to shop_owner; alter database shop owner to current_user",
        )],
        line: &[
            "blocker",
            "source",
            "role shop_owner",
            "may not create schemas",
            "grant create on database shop to shop_owner",
        ],
        mended: &[],
    },
    Case {
        check: "settings",
        broken: &[(
            By::SourceAdmin,
            "alter role shop_owner in database shop set default_transaction_isolation = 'serializable'",
        )],
        line: &[
            "warning",
            "source",
            "setting default_transaction_isolation",
            "alter role shop_owner in database shop reset",
        ],
        mended: &[],
    },
    Case {
        check: "settings",
        broken: &[(By::TargetAdmin, "alter database cloud set default_transaction_read_only = on")],
        line: &["blocker", "target", "setting default_transaction_read_only", "alter database cloud reset"],
        mended: &[(
            By::TargetAdmin,
            "set transaction read write; alter database cloud reset default_transaction_read_only",
        )],
    },
    Case {
        check: "settings",
        broken: &[(By::Target, "alter role cloud_owner set statement_timeout = '5s'")],
        line: &[
            "info",
            "target",
            "setting statement_timeout",
            "is 5000",
            "alter role cloud_owner reset statement_timeout",
        ],
        mended: &[],
    },
    Case {
        check: "connections",
        broken: &[(By::SourceAdmin, "alter role shop_owner connection limit 6")],
        line: &[
            "warning",
            "source",
            "connections of role shop_owner",
            "10 are needed",
            "alter role shop_owner connection limit -1",
        ],
        mended: &[],
    },
    Case {
        check: "connections",
        broken: &[(By::TargetAdmin, "alter database cloud connection limit 2")],
        line: &[
            "blocker",
            "target",
            "connections of database cloud",
            "2 are free",
            "alter database cloud connection limit -1",
        ],
        mended: &[],
    },
    Case {
        check: "event-triggers",
        broken: &[(
            By::SourceAdmin,
            "create function seen() returns event_trigger language plpgsql as 'begin end'; \
             create event trigger seen on ddl_command_end execute function seen()",
        )],
        line: &[
            "warning",
            "source",
            "event trigger seen",
            "ddl_command_end",
            "alter event trigger seen disable",
        ],
        mended: &[],
    },
    Case {
        check: "rules",
        broken: &[(By::Source, "create rule keep as on delete to item do instead nothing")],
        line: &[
            "warning",
            "source",
            "rule keep on table public.item",
            "instead",
            "drop rule keep on public.item",
        ],
        mended: &[],
    },
    Case {
        check: "always-triggers",
        broken: &[(
            By::Target,
            "create function touch() returns trigger language plpgsql as 'begin return new; end'; \
             create trigger touch before update on item for each row execute function touch(); \
             alter table item enable always trigger touch",
        )],
        line: &[
            "warning",
            "target",
            "trigger touch on table public.item",
            "alter table public.item enable trigger touch",
        ],
        mended: &[(By::Target, "drop trigger touch on item")],
    },
    Case {
        check: "target-triggers",
        broken: &[(
            By::Target,
            "create trigger touch before update on item for each row execute function touch()",
        )],
        line: &["info", "target", "trigger touch on table public.item", "does not fire"],
        mended: &[(By::Target, "drop function touch() cascade")],
    },
    Case {
        check: "remains",
        broken: &[(By::Source, "create schema pgq")],
        line: &["info", "source", "schema pgq", "is there already"],
        mended: &[(By::Source, "drop schema pgq")],
    },
    Case {
        check: "remains",
        broken: &[(
            By::Source,
            "create schema slony; create function slony.logtrigger() returns trigger language plpgsql as 'begin return new; end'; \
             create trigger log after insert on item for each row execute function slony.logtrigger()",
        )],
        line: &[
            "warning",
            "source",
            "trigger log on table public.item",
            "slony.logtrigger",
            "drop trigger log on public.item",
        ],
        mended: &[],
    },
    Case {
        check: "invalid-indexes",
        broken: &[
            (By::Target, "create index slow on item (name)"),
            (By::TargetAdmin, "update pg_index set indisvalid = false where indexrelid = 'slow'::regclass"),
        ],
        line: &["warning", "target", "index public.slow", "reindex index concurrently public.slow"],
        mended: &[],
    },
    Case {
        check: "prepared-transactions",
        broken: &[(By::Target, "begin; insert into item values (-1, 'x'); prepare transaction 'p1'")],
        line: &[
            "warning",
            "target",
            "prepared transaction 'p1'",
            "of cloud_owner since",
            "rollback prepared 'p1'",
        ],
        mended: &[],
    },
    Case {
        check: "schema-privileges",
        broken: &[(
            By::SourceAdmin,
            "create schema hidden; create table hidden.t (id int primary key); grant all on hidden.t to shop_owner",
        )],
        line: &[
            "blocker",
            "source",
            "schema hidden",
            "role shop_owner lacks USAGE",
            "grant usage on schema hidden to shop_owner",
        ],
        mended: &[],
    },
    Case {
        check: "sequence-privileges",
        broken: &[(By::SourceAdmin, "create sequence hidden.s")],
        line: &["blocker", "source", "sequence hidden.s", "grant select on sequence hidden.s to shop_owner"],
        mended: &[],
    },
    Case {
        check: "row-security",
        broken: &[(
            By::Source,
            "alter table item enable row level security; alter table item force row level security",
        )],
        line: &[
            "blocker",
            "source",
            "table public.item",
            "row security",
            "alter table public.item no force row level security",
        ],
        mended: &[],
    },
    Case {
        check: "keys",
        broken: &[(By::Source, "create table audit (at int)")],
        line: &[
            "info",
            "source",
            "table public.audit",
            "has no key",
            "alter table public.audit add primary key",
        ],
        mended: &[(By::Source, "alter table audit add primary key (at)")],
    },
    Case {
        check: "keys",
        broken: &[(
            By::Source,
            "create table expr (at int not null, b text not null); create unique index on expr (lower(b))",
        )],
        line: &["info", "source", "table public.expr", "has no key"],
        mended: &[(By::Source, "drop table expr")],
    },
    Case {
        check: "deferrable-keys",
        broken: &[(By::Source, "create table late (id int primary key deferrable)")],
        line: &[
            "info",
            "source",
            "table public.late",
            "has only a deferrable key (id)",
            "alter table public.late add unique",
        ],
        mended: &[(By::Source, "alter table late add unique (id)")],
    },
    Case {
        check: "unlogged-tables",
        broken: &[(By::Source, "alter table item set unlogged")],
        line: &["info", "source", "table public.item", "alter table public.item set logged"],
        mended: &[],
    },
    Case {
        check: "foreign-tables",
        broken: &[(
            By::SourceAdmin,
            "create foreign data wrapper away; create server away foreign data wrapper away; create foreign table far (id int) server away",
        )],
        line: &["warning", "source", "foreign table public.far", "server and user mapping"],
        mended: &[(By::SourceAdmin, "drop foreign data wrapper away cascade")],
    },
    Case {
        check: "materialized-views",
        broken: &[(By::Source, "create materialized view sums as select count(*) from item")],
        line: &["info", "source", "materialized view public.sums", "refresh materialized view public.sums"],
        mended: &[(By::Source, "drop materialized view sums")],
    },
    Case {
        check: "generated-columns",
        broken: &[(By::Source, "alter table item add twice int generated always as (id * 2) stored")],
        line: &["info", "source", "column public.item.twice", "is generated"],
        mended: &[(By::Source, "alter table item drop twice")],
    },
    Case {
        check: "identity-columns",
        broken: &[(By::Source, "alter table item add nr int generated always as identity")],
        line: &["info", "source", "column public.item.nr", "add-seq public.item_nr_seq"],
        mended: &[(By::Source, "alter table item drop nr")],
    },
    Case {
        check: "inheritance",
        broken: &[(By::Source, "create table child () inherits (item)")],
        line: &["info", "source", "table public.item", "has 1 children", "add-table public.child"],
        mended: &[(By::Source, "drop table child")],
    },
    Case {
        check: "exclusion-constraints",
        broken: &[(
            By::Source,
            "create table booked (id int primary key, at int4range, constraint once exclude using gist (at with &&))",
        )],
        line: &["info", "source", "constraint once on table public.booked", "excludes rows"],
        mended: &[(By::Source, "drop table booked")],
    },
    Case {
        check: "not-valid",
        broken: &[(By::Source, "alter table item add constraint named check (name <> '') not valid")],
        line: &[
            "info",
            "source",
            "constraint named on table public.item",
            "alter table public.item validate constraint named",
        ],
        mended: &[],
    },
    Case {
        check: "subscriptions",
        broken: &[(
            By::TargetAdmin,
            "create subscription elsewhere connection 'dbname=x' publication p with (connect = false)",
        )],
        line: &["warning", "target", "subscription elsewhere", "is disabled", "drop subscription elsewhere"],
        mended: &[
            (By::TargetAdmin, "alter subscription elsewhere set (slot_name = none)"),
            (By::TargetAdmin, "drop subscription elsewhere"),
        ],
    },
    Case {
        check: "roles",
        broken: &[(By::SourceAdmin, "create role reporting; grant select on item to reporting")],
        line: &["info", "target", "role reporting", "create role reporting"],
        mended: &[(By::TargetAdmin, "create role reporting")],
    },
    Case {
        check: "long-names",
        broken: &[(
            By::Source,
            "create table a_table_whose_name_is_of_more_than_forty_bytes (id int primary key)",
        )],
        line: &["info", "source", "table public.a_table_whose", "46 bytes"],
        mended: &[(By::Source, "drop table a_table_whose_name_is_of_more_than_forty_bytes")],
    },
    Case {
        check: "case-names",
        broken: &[(By::Source, "create table \"Item\" (id int primary key)")],
        line: &["info", "source", "tables public.\"Item\", public.item", "differ by case only"],
        mended: &[(By::Source, "drop table \"Item\"")],
    },
    Case {
        check: "large-objects",
        broken: &[(By::Source, "select lo_from_bytea(4711, 'abc')")],
        line: &["warning", "source", "1 large objects", "are not replicated", "pg_dump --blobs"],
        mended: &[(By::Source, "select lo_unlink(4711)")],
    },
    Case {
        check: "sequences",
        broken: &[(By::Source, "create sequence small maxvalue 100; select setval('small', 95)")],
        line: &[
            "warning",
            "source",
            "sequence public.small",
            "used up to 94 % (last value 95)",
            "alter sequence public.small as bigint",
        ],
        mended: &[(By::Source, "alter sequence small maxvalue 10000")],
    },
    Case {
        check: "sequences",
        broken: &[(By::Source, "create sequence around increment -1 cycle")],
        line: &["info", "source", "sequence public.around", "begins again at its end and goes downwards"],
        mended: &[(By::Source, "drop sequence around")],
    },
    Case {
        check: "foreign-key-violations",
        broken: &[
            (
                By::Source,
                "create table part (id int primary key, item int constraint of_item references item)",
            ),
            (
                By::SourceAdmin,
                "set session_replication_role = replica; insert into part values (1, 99), (2, null)",
            ),
        ],
        line: &[
            "warning",
            "source",
            "constraint of_item on table public.part",
            "by 1 rows",
            "select * from public.part c where",
        ],
        mended: &[(By::Source, "delete from part")],
    },
    Case {
        check: "unique-duplicates",
        broken: &[
            (
                By::Source,
                "create index once on part (item); insert into part values (3, null), (4, null); insert into item values (1, 'a')",
            ),
            (By::Source, "insert into part values (5, 1), (6, 1)"),
            (By::SourceAdmin, "update pg_index set indisunique = true where indexrelid = 'once'::regclass"),
        ],
        line: &[
            "warning",
            "source",
            "index public.once on table public.part",
            "holds 1 values twice",
            "select ctid, * from only public.part",
        ],
        mended: &[(By::Source, "delete from part")],
    },
    Case {
        check: "wraparound",
        broken: &[(
            By::Source,
            "create table burn (i int primary key); do 'begin for i in 1..92000 loop begin insert into burn values (i); \
             exception when unique_violation then null; end; end loop; end'; truncate burn",
        )],
        line: &[
            "warning",
            "source",
            "table public.item",
            "is due for a VACUUM against wraparound (9",
            "vacuum (freeze) public.item",
        ],
        mended: &[(By::SourceAdmin, "vacuum (freeze)")],
    },
    Case {
        check: "locks",
        broken: &[
            (
                By::Target,
                "do 'begin for i in 1..100 loop execute format(''create table many_%s (id int)'', i); end loop; end'",
            ),
            (
                By::Target,
                "do 'begin for i in 101..200 loop execute format(''create table many_%s (id int)'', i); end loop; end'",
            ),
        ],
        line: &[
            "warning",
            "target",
            "setting max_locks_per_transaction",
            "room for 350 locks",
            "raise max_locks_per_transaction",
        ],
        mended: &[
            (
                By::Target,
                "do 'begin for i in 1..100 loop execute format(''drop table many_%s'', i); end loop; end'",
            ),
            (
                By::Target,
                "do 'begin for i in 101..200 loop execute format(''drop table many_%s'', i); end loop; end'",
            ),
        ],
    },
];

/// Made to fail and mended, one after the other, on one pair; two checks of sessions and connections go along.
#[test]
fn every_check_of_a_server_fails_with_a_remedy_and_is_in_order_when_that_is_done() {
    let pair = Pair::start_with(&[
        ("max_prepared_transactions", "5"),
        ("max_connections", "30"),
        ("max_locks_per_transaction", "10"),
        ("autovacuum_freeze_max_age", "100000"),
    ]);
    let setup = setup(&pair);
    pair.both(ITEM);
    let began = std::time::Instant::now();
    let mut idle = pair.source.connect();
    idle.batch_execute("begin; select 1").unwrap();
    for case in CASES {
        case.check(&pair, &setup);
    }
    std::thread::sleep(Duration::from_secs(6).saturating_sub(began.elapsed()));
    let output = preflight(&setup, &["--check", "long-transactions"]);
    let told = line(
        &output,
        &["warning", "source", "of shop_owner", "idle in transaction", "select pg_terminate_backend("],
    );
    pair.source.rows(told.rsplit_once("  |  ").unwrap().1);
    let in_order = "1 check in order.";
    tests::wait_until(Duration::from_secs(10), "the idle session is gone", || {
        preflight(&setup, &["--check", "long-transactions"]).stdout.contains(in_order)
    });
    let _other = pair.source.admin().connect();
    let hidden = preflight(&setup, &["--check", "long-transactions"]);
    line(&hidden, &["info", "source", "1 sessions of other roles", "grant pg_read_all_stats to shop_owner"]);
    others_of_the_target(&pair, &setup);
    table_privileges(&pair, &setup);
    vacuum_at_work(&pair, &setup);
    a_locked_table_of_the_target(&pair, &setup);
    all_at_once(&pair, &setup);
}

fn others_of_the_target(pair: &Pair, setup: &tests::Setup) {
    let other = pair.target.connect();
    let output = preflight(setup, &["--check", "other-writers"]);
    line(&output, &["info", "target", "1 sessions of role cloud_owner", "pg_stat_activity"]);
    drop(other);
    tests::wait_until(Duration::from_secs(10), "the other session is gone", || {
        preflight(setup, &["--check", "other-writers"]).stdout.contains("1 check in order.")
    });
}

/// The remedy names what is missing only.
fn table_privileges(pair: &Pair, setup: &tests::Setup) {
    let admin = pair.source.admin();
    admin.execute("create table hidden.u (id int primary key); grant select on hidden.u to shop_owner");
    let output = preflight(setup, &["--check", "table-privileges"]);
    let told = line(
        &output,
        &[
            "blocker",
            "source",
            "table hidden.u",
            "lacks TRIGGER on it",
            "grant trigger on hidden.u to shop_owner",
        ],
    );
    // one table that cannot be read keeps no other from being checked
    admin.execute("revoke select on hidden.u from shop_owner; insert into part values (7, 1)");
    admin.execute("update pg_index set indisunique = false where indexrelid = 'once'::regclass");
    pair.source.execute("insert into part values (8, 1)");
    admin.execute("update pg_index set indisunique = true where indexrelid = 'once'::regclass");
    let reading = preflight(setup, &["--check", "unique-duplicates"]);
    line(
        &reading,
        &[
            "unchecked",
            "source",
            "index hidden.u_pkey on table hidden.u",
            "permission denied",
            "grant what is missing",
        ],
    );
    line(&reading, &["warning", "source", "index public.once on table public.part", "holds 1 values twice"]);
    assert_eq!(reading.code, 3, "{}", reading.report());
    admin.execute("grant select on hidden.u to shop_owner");
    admin.execute(told.rsplit_once("  |  ").unwrap().1);
    preflight(setup, &["--check", "table-privileges"]).expect_success();
}

/// A table that is due, and held as VACUUM holds it.
fn vacuum_at_work(pair: &Pair, setup: &tests::Setup) {
    pair.source.admin().execute(
        "update pg_class set relfrozenxid = (txid_current() - 92000)::text::xid where oid = 'public.item'::regclass",
    );
    let mut vacuum = pair.source.connect();
    vacuum.batch_execute("begin; lock item in share update exclusive mode").unwrap();
    let output = preflight(setup, &["--check", "wraparound"]);
    line(
        &output,
        &["warning", "source", "table public.item", "(92 % of the limit), and process", "wait for it"],
    );
    drop(vacuum);
    pair.source.execute("vacuum (freeze) item");
    assert!(preflight(setup, &["--check", "wraparound"]).stdout.contains("1 check in order."));
}

/// It is not checked, and the others are.
fn a_locked_table_of_the_target(pair: &Pair, setup: &tests::Setup) {
    pair.target.execute("create table filled (id int primary key); insert into filled values (1)");
    let mut locks = pair.target.connect();
    locks.batch_execute("begin; lock item").unwrap();
    let output = preflight(setup, &["--check", "rows-there"]);
    line(&output, &["unchecked", "target", "table public.item", "lock timeout", "the table is locked"]);
    line(&output, &["warning", "target", "table public.filled", "holds rows"]);
    assert_eq!(output.code, 3, "{}", output.report());
}

/// No check fails by itself for an ordinary role, even while a table of the source is locked.
fn all_at_once(pair: &Pair, setup: &tests::Setup) {
    let mut locks = pair.source.connect();
    locks.batch_execute("create table parted (a int) partition by range (a)").unwrap();
    locks.batch_execute("begin; lock item, parted").unwrap();
    let output = preflight(setup, &[]);
    drop(locks);
    assert!(!output.stdout.contains("could not be checked"), "{}", output.report());
    line(&output, &["info", "source", "table public.parted", "has no key", "(0 bytes, 0 updates"]);
    let json: serde_json::Value =
        serde_json::from_str(&preflight(setup, &["--json"]).stdout).expect("an array of objects");
    let findings = json.as_array().unwrap();
    let ok = findings.iter().filter(|found| found["verdict"] == "ok").count();
    assert!(ok > 30 && findings.iter().all(|found| found["check"].is_string()), "{json:#}");
    down(pair, setup);
}

/// A server that is down blocks; what would ask it is not checked; the rest is.
fn down(pair: &Pair, setup: &tests::Setup) {
    pair.source.cluster.stop(Shutdown::Fast);
    let output = preflight(setup, &[]);
    assert_eq!(output.code, 1, "{}", output.report());
    let told = line(&output, &["blocker", "source", "server", "cannot connect to", "psql \""]);
    assert!(!told.contains("live-Secret1"), "{told}");
    line(&output, &["unchecked", "checks", "the source cannot be reached: ", "row-security"]);
    let output = preflight(setup, &["--check", "keys"]);
    assert_eq!(output.code, 3, "{}", output.report());
    line(&output, &["unchecked", "source", "keys", "the source cannot be reached"]);
    assert!(output.stdout.contains("0 blockers, 1 could not be checked, 0 warnings"), "{}", output.report());
    assert_eq!(preflight(setup, &["--check", "ownership"]).code, 0);
    pair.source.cluster.start_again();
    preflight(setup, &["--check", "reachable,keys"]).expect_success();
}
