//! What one version of PostgreSQL has and another has not: a migration is also an upgrade. `make test-versions` runs
//! this from each version to itself, from the oldest to the newest, and back.
use std::time::Duration;

use tests::pair::Side;
use tests::{Pair, Setup};

/// The kind of generated column that people get today when they name none: virtual since PostgreSQL 18.
fn generated(side: &Side) -> &'static str {
    if side.cluster.major() >= 18 { "virtual" } else { "stored" }
}

#[test]
fn generated_columns_are_computed_by_each_side_in_its_way() {
    let pair = Pair::start();
    for side in [&pair.source, &pair.target] {
        side.execute(&format!(
            "create table keyed (id int primary key, twice int generated always as (id * 2) {0}, v text);
             create table plain (id int, twice int generated always as (id * 2) {0}, v text)",
            generated(side)
        ));
    }
    pair.source.execute(&format!(
        "create table made (id int primary key, twice int generated always as (id * 2) {}, v text)",
        generated(&pair.source)
    ));
    let tables = ["keyed", "plain", "made"];
    for table in tables {
        pair.source
            .execute(&format!("insert into {table} (id, v) select i, 'v' from generate_series(1, 100) i"));
    }
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "--all", "--create-full"]).expect_success();
    setup.wait_ok(Duration::from_secs(120));
    for table in tables {
        pair.source.execute(&format!(
            "insert into {table} values (1000, default, 'new'); update {table} set v = 'changed' where id % 3 = 0;
             update {table} set id = id + 2000 where id % 7 = 0; delete from {table} where id % 5 = 0"
        ));
    }
    setup.wait_caught_up(Duration::from_secs(60));
    for table in tables {
        let all = format!("select id, twice, v from {table} order by id");
        let rows = pair.source.rows(&all);
        assert!(rows.len() > 50);
        assert_eq!(pair.target.rows(&all), rows, "{table}");
    }
}

#[test]
fn values_that_triggers_cannot_see_are_written_neither_by_copy_nor_by_replay() {
    let pair = Pair::start();
    let kind = generated(&pair.source);
    pair.source
        .execute(&format!("create table t (id int, twice int generated always as (id * 2) {kind}, v text)"));
    pair.target.execute("create table t (id int, twice int default -1, v text)");
    pair.source.execute("insert into t (id, v) select i, 'v' from generate_series(1, 10) i");
    let setup = Setup::new(&pair);
    setup.replicate();
    pair.source.execute(
        "insert into t values (11, default, 'v'); update t set v = 'w' where id > 5; \
         delete from t where id = 1",
    );
    setup.wait_caught_up(Duration::from_secs(60));
    let wanted = if kind == "virtual" { "2,10,-1,-1" } else { "2,10,4,22" };
    let found = "select concat_ws(',', min(id), count(*), min(twice), max(twice)) from t";
    assert_eq!(pair.target.value(found), wanted);
    assert_eq!(pair.target.number("select count(*) from t where v = 'w'"), 6);
}

#[test]
fn a_not_null_that_is_not_validated_makes_no_key() {
    let pair = Pair::start();
    pair.both("create table t (code int, v text); create unique index on t (code)");
    pair.source.execute("insert into t values (null, 'a'), (null, 'b'), (1, 'c')");
    for side in [&pair.source, &pair.target] {
        if side.cluster.major() >= 18 {
            side.execute("alter table t add constraint wanted not null code not valid");
        }
    }
    let setup = Setup::new(&pair);
    setup.start_nodes();
    if pair.target.cluster.major() >= 18 {
        // copied rows count as new ones: the constraint would refuse them
        pair.target.execute("alter table t drop constraint wanted");
    }
    setup.add_all();
    setup.wait_ok(Duration::from_secs(60));
    pair.source.execute("delete from t where v = 'a'; update t set v = 'd' where code = 1");
    setup.wait_caught_up(Duration::from_secs(60));
    assert_eq!(pair.target.value("select string_agg(v, ',' order by v) from t"), "b,d");
}

#[test]
fn whoever_may_create_roles_gets_those_of_the_queue_with_their_memberships() {
    let pair = Pair::start();
    pair.source.admin().execute(&format!("alter role {} createrole", pair.source.user));
    let file = tests::repository().join("sql/init_noext.sql");
    for database in [pair.source.app(), &pair.target.admin()] {
        for _ in 0..2 {
            database.psql_file(&file);
        }
        let members = database
            .value("select string_agg(roleid::regrole || '>' || member::regrole, ' ') from pg_auth_members");
        for wanted in [
            "pgq_reader>pgq_admin",
            "pgq_writer>pgq_admin",
            "pgq_reader>londiste_reader",
            "pgq_admin>londiste_writer",
        ] {
            assert!(members.contains(wanted), "{wanted} in {members}");
        }
        assert_eq!(database.value("select has_schema_privilege('pgq_reader', 'pgq', 'usage')"), "t");
    }
}
