//! Checks that put both sides beside each other.

use tests::{Pair, Setup};

use super::case::{By, Case, line, preflight, setup};

const CASES: &[Case] = &[
    Case {
        check: "structure",
        broken: &[(By::Target, "alter table item add constraint positive check (id > 0)")],
        line: &[
            "warning",
            "target",
            "constraint positive on public.item",
            "is there only (stops replication)",
        ],
        mended: &[(By::Target, "alter table item drop constraint positive")],
    },
    Case {
        check: "structure",
        broken: &[(By::Source, "create view two as select 2 as two; create view one as select 1 as one")],
        line: &["info", "target", "2 differences: view", "(changes data) the first: public.two is missing"],
        mended: &[(By::Target, "create view two as select 2 as two; create view one as select 1 as one")],
    },
    Case {
        check: "tables-missing",
        broken: &[(By::Source, "create table \"It's\" (id int primary key)")],
        line: &[
            "blocker",
            "target",
            "table public.\"It's\"",
            "is missing",
            "pg_dump --schema-only",
            r#"--table='public."It'\''s"'"#,
        ],
        mended: &[(By::Target, "create table \"It's\" (id int primary key)")],
    },
    Case {
        check: "ownership",
        broken: &[(By::TargetAdmin, "create table foreign_one (id int)")],
        line: &[
            "blocker",
            "target",
            "table public.foreign_one",
            "alter table public.foreign_one owner to cloud_owner",
        ],
        mended: &[],
    },
    Case {
        check: "columns",
        broken: &[(By::Source, "alter table item add price numeric(10,2)")],
        line: &[
            "blocker",
            "target",
            "column public.item.price",
            "is missing",
            "alter table public.item add column price numeric(10,2)",
        ],
        mended: &[(By::Target, "alter table item add column price numeric(10,2)")],
    },
    Case {
        check: "columns",
        broken: &[(By::Target, "alter table item alter price type int")],
        line: &[
            "warning",
            "target",
            "is integer, and numeric(10,2) on the source",
            "alter column price type numeric(10,2)",
        ],
        mended: &[],
    },
    Case {
        check: "columns",
        broken: &[(By::Target, "alter table item alter name set not null")],
        line: &[
            "warning",
            "target",
            "column public.item.name",
            "NOT NULL on the target only",
            "alter column name drop not null",
        ],
        mended: &[],
    },
    Case {
        check: "columns",
        broken: &[(By::Target, "alter table item alter name type text collate \"C\"")],
        line: &["warning", "target", "column public.item.name", "collation", "type text collate \"default\""],
        mended: &[],
    },
    Case {
        check: "columns",
        broken: &[
            (By::Target, "alter table item add twice int generated always as (id * 2) stored"),
            (By::Source, "alter table item add twice int"),
        ],
        line: &[
            "warning",
            "target",
            "column public.item.twice",
            "is generated on the target only",
            "drop expression",
        ],
        mended: &[],
    },
    Case {
        check: "columns",
        broken: &[(By::Target, "alter table item add own int not null")],
        line: &[
            "blocker",
            "target",
            "column public.item.own",
            "is there only, NOT NULL",
            "alter column own drop not null",
        ],
        mended: &[],
    },
    Case {
        check: "key-differs",
        broken: &[(By::Target, "alter table item drop constraint item_pkey")],
        line: &[
            "warning",
            "target",
            "table public.item",
            "has key none, and (id) on the source",
            "add unique (\"id\")",
        ],
        mended: &[],
    },
    Case {
        check: "enum-labels",
        broken: &[
            (By::Source, "create type mood as enum ('a', 'b')"),
            (By::Target, "create type mood as enum ('b', 'a')"),
        ],
        line: &["warning", "target", "type public.mood", "has labels 'b', 'a', and 'a', 'b' on the source"],
        mended: &[(By::Target, "drop type mood; create type mood as enum ('a', 'b')")],
    },
    Case {
        check: "rows-there",
        broken: &[(By::Target, "insert into item (id) values (1)")],
        line: &["warning", "target", "table public.item", "holds rows", "--expect-sync"],
        mended: &[(By::Target, "delete from item")],
    },
    Case {
        check: "languages",
        broken: &[(By::SourceAdmin, "create language other handler plpgsql_call_handler")],
        line: &["warning", "target", "language other", "is missing", "create extension other"],
        mended: &[(By::SourceAdmin, "drop language other")],
    },
    Case {
        check: "extensions",
        broken: &[(By::TargetAdmin, "drop extension plpgsql cascade")],
        line: &[
            "warning",
            "target",
            "extension plpgsql 1.0",
            "is not created yet",
            "create extension plpgsql",
        ],
        mended: &[],
    },
];

#[test]
fn every_difference_of_the_sides_is_told_and_mended() {
    let pair = Pair::start();
    pair.forbid_silencing();
    let setup = setup(&pair);
    let nothing = preflight(&setup, &["--check", "tables-missing"]);
    nothing.expect_success();
    pair.source.execute(
        "create table item (id int primary key, name text); create table other (id int primary key)",
    );
    let none = preflight(&setup, &["--check", "tables-missing"]);
    line(
        &none,
        &[
            "warning",
            "target",
            "schema",
            "none of the source's 2 tables is there yet",
            "migrate takes it over",
            "pg_dump --schema-only",
            "| psql",
        ],
    );
    pair.target.execute(
        "create table item (id int primary key, name text); create table other (id int primary key)",
    );
    for case in CASES {
        case.check(&pair, &setup);
    }
    encodings(&pair);
    silencing(&pair, &setup);
    one_database(&pair, &setup);
    tables_that_are_replicated(&pair, &setup);
}

fn encodings(pair: &Pair) {
    let other = pair.another_in("2", ["SQL_ASCII", "UTF8"]);
    let setup = setup(&other);
    let output = preflight(&setup, &["--check", "encoding", "--check", "collation"]);
    line(&output, &["warning", "both", "encoding SQL_ASCII / UTF8", "parks its table", "encoding 'UTF8'"]);
    let alike = preflight(&self::setup(pair), &["--check", "encoding,collation,version,clock,pooler"]);
    alike.expect_success();
    // an older target is warned of
    let in_order = if pair.source.cluster.major() > pair.target.cluster.major() { 4 } else { 5 };
    assert!(alike.stdout.contains(&format!("{in_order} checks in order.")), "{}", alike.report());
}

fn silencing(pair: &Pair, setup: &Setup) {
    let output = preflight(setup, &["--check", "silencing"]);
    let told = line(&output, &["info", "target", "role cloud_owner", "may not set session_replication_role"]);
    if pair.target.cluster.major() >= 15 {
        pair.target.admin().execute(told.rsplit_once("  |  ").unwrap().1);
    } else {
        pair.target.admin().execute("alter role cloud_owner superuser");
    }
    assert!(preflight(setup, &["--check", "silencing"]).stdout.contains("1 check in order."));
    pair.target.admin().execute("alter role cloud_owner nosuperuser");
}

/// The command line counts more than the ini file.
fn one_database(pair: &Pair, setup: &Setup) {
    preflight(setup, &["--check", "same-database"]).expect_success();
    let own = pair.target.app().connstr();
    let output = preflight(setup, &["--check", "same-database", "--source", &own]);
    assert_eq!(output.code, 1, "{}", output.report());
    line(&output, &["blocker", "both", "database", "are one database", "--source"]);
    let tls = preflight(setup, &["--check", "tls"]);
    line(&tls, &["info", "source", "connection to 127.0.0.1", "sslmode=verify-full"]);
}

/// Where nodes exist, the provider is known, and rows of replicated tables are where they belong.
fn tables_that_are_replicated(pair: &Pair, _: &Setup) {
    pair.source.execute("insert into item (id) values (1)");
    let setup = Setup::new(pair);
    let unknown = preflight(&setup, &["--check", "reachable"]);
    line(&unknown, &["blocker", "source", "no source is named", "--source CONNSTR"]);
    setup.replicate();
    let output = preflight(&setup, &["--check", "rows-there,reachable,other-writers"]);
    output.expect_success();
    assert!(output.stdout.contains("3 checks in order."), "{}", output.report());
    assert_eq!(pair.target.number("select count(*) from item"), 1);
}
