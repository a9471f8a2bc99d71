//! Partitions that go on the source, or go and come back: rows make no events by that, wherever the target keeps them.
use std::time::Duration;

use tests::{Pair, Setup, wait_for};

const SETTLE: Duration = Duration::from_secs(90);

const DROPPED: &str = "was dropped on the root";
const DETACHED: &str = "was detached on the root";
const BACK: &str = "was detached and attached again on the root";

struct Case {
    /// How `top` is partitioned on the source, with `gone` as one of its partitions.
    source: &'static str,
    /// How on the target; empty: it is not.
    target: &'static str,
    happens: &'static str,
    /// What is told of `gone`; empty: nothing, the rows are equal.
    told: &'static str,
    /// Makes the target's rows those of the source.
    mended: &'static str,
}

const RANGES: &str = "range (id); create table gone partition of top for values from (0) to (100);
    create table rest partition of top for values from (100) to (1000)";
const OTHERS: &str = "range (id); create table low partition of top for values from (0) to (150);
    create table high partition of top for values from (150) to (1000)";
const DEFAULT: &str = "range (id); create table gone partition of top default;
    create table rest partition of top for values from (100) to (1000)";
const HASHES: &str = "hash (id); create table gone partition of top for values with (modulus 2, remainder 0);
    create table rest partition of top for values with (modulus 2, remainder 1)";
const ONE_HASH: &str =
    "hash (id); create table one partition of top for values with (modulus 1, remainder 0)";
const LISTS: &str = "list (v); create table gone partition of top for values in ('even', null);
    create table rest partition of top for values in ('odd')";
const BRANCHES: &str = "range (id); create table branch partition of top for values from (0) to (300) \
                        partition by list (v);
    create table gone partition of branch for values in ('even'); create table other partition of branch default;
    create table rest partition of top for values from (300) to (1000)";
const EXPRESSION: &str = "range ((id + 0)); create table gone partition of top for values from (0) to (100);
    create table rest partition of top for values from (100) to (1000)";

const CASES: &[Case] = &[
    Case {
        source: RANGES,
        target: OTHERS,
        happens: "drop table gone",
        told: DROPPED,
        mended: "delete from top where id < 100",
    },
    Case {
        source: RANGES,
        target: OTHERS,
        happens: "alter table top detach partition gone",
        told: DETACHED,
        mended: "delete from top where id < 100",
    },
    Case { source: RANGES, target: OTHERS, happens: "truncate gone; drop table gone", told: "", mended: "" },
    Case {
        source: RANGES,
        target: "",
        happens: "drop table gone",
        told: DROPPED,
        mended: "delete from top where id < 100",
    },
    Case {
        source: RANGES,
        target: "",
        happens: "delete from top where id < 100; drop table gone",
        told: "",
        mended: "",
    },
    Case {
        source: DEFAULT,
        target: OTHERS,
        happens: "drop table gone",
        told: DROPPED,
        mended: "delete from top where id < 100",
    },
    // between two looks of the worker: rows of the new partition may have been the default one's
    Case {
        source: DEFAULT,
        target: OTHERS,
        happens: "create table more partition of top for values from (1000) to (2000); \
                  insert into top values (1500, 'odd'); drop table gone",
        told: DROPPED,
        mended: "",
    },
    Case {
        source: HASHES,
        target: ONE_HASH,
        happens: "drop table gone",
        told: DROPPED,
        mended: "delete from top \
                  where satisfies_hash_partition((select oid from pg_class where relname = 'top_model'), 2, 0, id)",
    },
    Case {
        source: LISTS,
        target: OTHERS,
        happens: "drop table gone",
        told: DROPPED,
        mended: "delete from top where v = 'even'",
    },
    Case {
        source: BRANCHES,
        target: OTHERS,
        happens: "drop table gone",
        told: DROPPED,
        mended: "delete from top where v = 'even' and id < 300",
    },
    Case {
        source: BRANCHES,
        target: OTHERS,
        happens: "alter table top detach partition branch",
        told: DETACHED,
        mended: "delete from top where id < 300",
    },
    // what its key means on the target cannot be told: it counts as different
    Case { source: EXPRESSION, target: OTHERS, happens: "drop table gone", told: DROPPED, mended: "" },
    Case {
        source: RANGES,
        target: OTHERS,
        happens: "begin; alter table top detach partition gone; delete from gone where id < 50;
            alter table top attach partition gone for values from (0) to (100); commit",
        told: BACK,
        mended: "",
    },
    Case {
        source: RANGES,
        target: RANGES,
        happens: "alter table top detach partition gone; update gone set v = 'other';
            alter table top attach partition gone for values from (0) to (100)",
        told: BACK,
        mended: "",
    },
    Case {
        source: BRANCHES,
        target: BRANCHES,
        happens: "begin; alter table top detach partition branch; delete from gone;
            alter table top attach partition branch for values from (0) to (300); commit",
        told: BACK,
        mended: "",
    },
    Case {
        source: RANGES,
        target: OTHERS,
        happens: "begin; alter table top detach partition gone; rollback; alter table gone rename to renamed",
        told: "",
        mended: "",
    },
];

/// Names of a case, in place of those in its statements.
fn named(sql: &str, nr: usize) -> String {
    let mut text = String::new();
    for word in sql.split_inclusive(|letter: char| !letter.is_alphanumeric() && letter != '_') {
        let names = ["top", "gone", "rest", "low", "high", "one", "branch", "other", "more", "renamed"];
        let bare = word.trim_end_matches(|letter: char| !letter.is_alphanumeric());
        let quoted = text.ends_with('\'');
        if names.contains(&bare) && !quoted || bare == "top_model" {
            text.push_str(&format!("c{nr:02}_{word}"));
        } else {
            text.push_str(word);
        }
    }
    text
}

#[test]
fn rows_of_partitions_that_go_are_told_of_where_the_target_has_them() {
    let pair = Pair::start();
    for (nr, Case { source, target, .. }) in CASES.iter().enumerate() {
        for (database, way) in [(&pair.source, source), (&pair.target, target)] {
            let by = if way.is_empty() { String::new() } else { format!("partition by {way}") };
            database.execute(&named(&format!("create table top (id int, v text) {by}"), nr));
        }
        let sql = "create table top_model (id int) partition by hash (id)";
        pair.target.execute(&named(sql, nr));
        let sql = "insert into top \
             select i, case i % 2 when 0 then 'even' else 'odd' end from generate_series(10, 400, 10) i \
             union all select i, 'odd' from generate_series(11, 400, 10) i";
        pair.source.execute(&named(sql, nr));
    }
    pair.target.execute("create table c06_more partition of c06_top for values from (1000) to (2000)");
    let setup = Setup::new(&pair);
    setup.set("target.ini", "drift_every", "0");
    setup.replicate();
    let told = |nr: usize, tables: &str| {
        let about = |word: &&&str| tables.contains(&format!("partition public.c{nr:02}_gone {word}"));
        [DROPPED, DETACHED, BACK].iter().find(about).copied().unwrap_or_default()
    };
    let tables = || setup.londiste(&["target.ini", "tables"]).stdout;
    let wait_told = |what: &str, wanted: &dyn Fn(usize) -> &'static str| {
        wait_for(SETTLE, what, || {
            let text = tables();
            match (0..CASES.len()).find(|nr| told(*nr, &text) != wanted(*nr)) {
                None => Ok(()),
                Some(nr) => Err(format!("case {nr}: {}\n{text}\n{}", CASES[nr].happens, setup.logs())),
            }
        });
    };
    setup.stop_daemon("source");
    for (nr, case) in CASES.iter().enumerate() {
        pair.source.execute(&named(case.happens, nr));
    }
    setup.start_daemon("source");
    wait_told("what is told of partitions that have gone", &|nr| CASES[nr].told);
    setup.wait_caught_up(SETTLE);
    let equal = |nr: usize| {
        let sql = named("select md5(string_agg(t::text, ',' order by t::text)) from top t", nr);
        pair.source.value(&sql) == pair.target.value(&sql)
    };
    for (nr, case) in CASES.iter().enumerate() {
        assert_eq!(equal(nr), case.told.is_empty(), "case {nr}: {}", case.happens);
        if !case.mended.is_empty() {
            pair.target.execute(&named(case.mended, nr));
            assert!(equal(nr), "case {nr}: {}", case.happens);
        }
    }
    // the worker looks again each minute, and at its start
    setup.stop_daemon("target");
    setup.start_daemon("target");
    let left = |nr: usize| if CASES[nr].mended.is_empty() { CASES[nr].told } else { "" };
    wait_told("rows that were deleted are told of no more", &left);
    let names: Vec<String> =
        (0..CASES.len()).filter(|nr| !left(*nr).is_empty()).map(|nr| named("top", nr)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    setup.londiste(&[["target.ini", "resync"].as_slice(), &names].concat()).expect_success();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    wait_told("tables that were copied again are told of no more", &|_| "");
    (0..CASES.len()).for_each(|nr| assert!(equal(nr), "case {nr}: {}", CASES[nr].happens));
}
