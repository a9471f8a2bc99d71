//! Partitions that are created, filled, emptied and dropped before the root's worker has put its trigger on them: what
//! their events have told is on the target, and either the same rows are on the source, or the table says that not.
use std::time::Duration;

use tests::{Pair, Setup, compare, wait_for};

const SETTLE: Duration = Duration::from_secs(90);

const EMPTIED: &str = "was emptied or rewritten before it was captured";
const GONE: &str = "came and went before it was captured";

/// `new` is a partition of `top`, for ids from 0 to 100. What is told of it; nothing where rows stay equal.
const CASES: &[(&str, Option<&str>)] = &[
    (
        "begin; create; fill; truncate new; insert into top values (2, 'again'), (50, 'new'); commit",
        Some(EMPTIED),
    ),
    ("begin; create; fill; truncate new; commit", Some(EMPTIED)),
    (
        "begin; create table new (like top including all); insert into new values (90, 'unseen'); attach; \
         fill; truncate new; commit",
        Some(EMPTIED),
    ),
    (
        "begin; create table new (like top including all); insert into new values (90, 'unseen'); attach; \
         truncate new; commit",
        None,
    ),
    (
        "create table new (like top including all); insert into new values (90, 'unseen'); begin; attach; \
         fill; truncate new; commit",
        Some(EMPTIED),
    ),
    ("begin; savepoint a; create; fill; release a; truncate new; commit", Some(EMPTIED)),
    ("begin; create; savepoint a; fill; truncate new; release a; commit", Some(EMPTIED)),
    (
        "begin; create; fill; savepoint a; truncate new; rollback to a; insert into top values (51, 'b'); commit",
        None,
    ),
    ("begin; create; fill; truncate new; rollback", None),
    ("begin; create; fill; truncate top; insert into top values (52, 'b'); commit", None),
    ("begin; create; fill; truncate top; fill; truncate new; commit", Some(EMPTIED)),
    ("begin; create; fill; truncate new, top; fill; commit", None),
    (
        "begin; create table branch partition of top for values from (0) to (100) partition by range (id); \
         create table new partition of branch default; fill; truncate branch; insert into top values (53, 'b'); commit",
        Some(EMPTIED),
    ),
    ("begin; create; fill; truncate new; drop table new; commit", Some(GONE)),
    ("begin; create; fill; drop table new; commit", Some(GONE)),
    ("begin; create; fill; alter table top detach partition new; commit", Some(GONE)),
    ("create; fill; drop table new", Some(GONE)),
    ("create; fill; truncate top; drop table new", None),
    ("create; fill; delete from top where id < 100; drop table new", None),
    ("create; fill; drop table new; create; insert into top values (50, 'new')", Some(GONE)),
    (
        "begin; create; fill; commit; set datestyle = 'German'; set timezone = 'Asia/Tokyo'; \
         set extra_float_digits = 0; \
         update top set v = v || ' more', at = at + interval '1 hour'; delete from top where id = 3; \
         update top set id = id + 150 where id = 4; update top set id = 60 where id = 101",
        None,
    ),
    ("begin; create; insert into new select i, 'v' from generate_series(1, 50) i; commit", None),
];

/// The statements of a case, of its own tables.
fn statements(case: &str, top: &str) -> String {
    let create = format!("create table {top}_new partition of {top} for values from (0) to (100)");
    let attach = format!("alter table {top} attach partition {top}_new for values from (0) to (100)");
    let fill = format!("insert into {top} select i, 'v', 0.1 * i, now() from generate_series(1, 5) i");
    let steps = case.split("; ").map(|step| match step {
        "create" => create.clone(),
        "attach" => attach.clone(),
        "fill" => fill.clone(),
        other => {
            let word = |word: &str| match word.trim_end_matches(',') {
                "top" | "branch" | "new" => {
                    let name = word.replace("branch", "top_branch").replace("new", "top_new");
                    name.replace("top", top)
                }
                _ => word.to_owned(),
            };
            other.split(' ').map(word).collect::<Vec<_>>().join(" ")
        }
    });
    steps.collect::<Vec<_>>().join("; ")
}

#[test]
fn rows_that_went_with_a_new_partition_are_told_of() {
    let pair = Pair::start();
    // triggers see nothing of virtual columns
    let kind =
        if pair.source.cluster.major().min(pair.target.cluster.major()) >= 18 { "virtual" } else { "stored" };
    let tops: Vec<String> = (0..CASES.len()).map(|nr| format!("t{nr:02}")).collect();
    for top in &tops {
        pair.both(&format!(
            "create table {top} (id int primary key, v text, f float8, at timestamptz,
                 next int generated always as (id + 1) {kind}) partition by range (id);
             create table {top}_rest partition of {top} for values from (100) to (1000)"
        ));
        pair.source.execute(&format!("insert into {top} select i, 'old' from generate_series(100, 110) i"));
        pair.target
            .execute(&format!("create table {top}_low partition of {top} for values from (0) to (100)"));
    }
    let setup = Setup::new(&pair);
    // it would name partitions that the target lacks
    setup.set("target.ini", "drift_every", "0");
    setup.replicate();
    setup.stop_daemon("source");
    for ((case, _), top) in CASES.iter().zip(&tops) {
        pair.source.execute(&statements(case, top));
    }
    setup.start_daemon("source");
    let tables = || setup.londiste(&["target.ini", "tables"]).stdout;
    let told = |text: &str, top: &str| {
        [EMPTIED, GONE].into_iter().find(|notice| text.contains(&format!("public.{top}_new {notice}")))
    };
    wait_for(SETTLE, "the subscriber tells of the partitions", || {
        let text = tables();
        match CASES
            .iter()
            .zip(&tops)
            .find(|((_, wanted), top)| wanted.is_some() && told(&text, top).is_none())
        {
            None => Ok(()),
            Some(((case, _), top)) => Err(format!("{top}: {case}\n{text}\n{}", setup.logs())),
        }
    });
    setup.wait_caught_up(SETTLE);
    let text = tables();
    for ((case, wanted), top) in CASES.iter().zip(&tops) {
        assert_eq!(told(&text, top), *wanted, "{top}: {case}\n{text}");
        let sql = format!("select md5(string_agg(t::text, ',' order by id)) from {top} t");
        let equal = pair.source.value(&sql) == pair.target.value(&sql);
        assert_eq!(equal, wanted.is_none(), "{top}: {case}");
    }
    assert_eq!(pair.source.number("select count(*) from londiste_rs.new_partition_row"), 0);
    let unequal = CASES.iter().zip(&tops).filter(|((_, wanted), _)| wanted.is_some());
    let names: Vec<&str> = unequal.map(|(_, top)| top.as_str()).collect();
    setup.londiste(&[["target.ini", "resync"].as_slice(), &names].concat()).expect_success();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    pair.source.execute(
        "insert into t00 values (70, 'later'); truncate t00_new; insert into t00 values (71, 'last')",
    );
    setup.wait_caught_up(SETTLE);
    for top in &tops {
        let sql = format!("select md5(string_agg(t::text, ',' order by id)) from {top} t");
        assert_eq!(pair.source.value(&sql), pair.target.value(&sql), "{top}");
        assert_eq!(told(&tables(), top), None);
    }
    pair.source.execute("drop table t15_new");
    compare::assert_equal(&pair);
}
