//! Many small tables, which are read together: what is odd about one of them is told of that one.
use tests::{Pair, Setup};

const TABLES: usize = 130;

fn verdict<'a>(output: &'a str, table: &str) -> &'a str {
    let begins = format!("public.{table}: ");
    output.lines().find_map(|line| line.trim_start().strip_prefix(&begins)).unwrap_or("nothing")
}

#[test]
fn the_odd_ones_among_many_tables_are_told_and_all_others_are_equal() {
    let pair = Pair::start();
    pair.both(&format!(
        "do $$ begin
           for i in 1 .. {TABLES} loop
             execute format('create table t%s (id int primary key, v text)', i);
           end loop;
         end $$;
         create table bare (v text); create table \"Odd \"\"name\" (id text collate \"C\" primary key);
         create table parts (id int, at date, primary key (id, at)) partition by range (at);
         create table parts_a partition of parts for values from ('2026-01-01') to ('2026-07-01');
         create table parts_b partition of parts for values from ('2026-07-01') to ('2027-01-01')"
    ));
    pair.source.execute(&format!(
        "do $$ begin
           for i in 1 .. {TABLES} loop
             execute format('insert into t%s select g, ''v'' || g from generate_series(1, %s) g', i, i % 7);
           end loop;
         end $$;
         insert into bare values ('x'), ('x'), (null); insert into \"Odd \"\"name\" values ('a'), ('ä');
         insert into parts select g, date '2026-01-01' + g from generate_series(1, 300) g"
    ));
    let setup = Setup::new(&pair);
    setup.replicate();
    setup.wait_caught_up(std::time::Duration::from_secs(60));
    let first = setup.londiste(&["target.ini", "compare"]);
    first.expect_success();
    for (table, rows) in [("t7", 0), ("t8", 1), ("t130", 4), ("bare", 3), ("parts", 300)] {
        let words = format!("{rows} rows, equal at tick ");
        assert!(verdict(&first.stdout, table).starts_with(&words), "{table}: {}", first.stdout);
    }
    let equal = first.stdout.matches(" rows, equal at tick ").count();
    assert_eq!(equal, TABLES + 3, "{}", first.stdout);

    // one differs, one is without rights in the middle of the hundred, one lacks rows, one has grown beyond the small
    let damage = "set session_replication_role = replica; update t9 set v = 'other' where id = 1; \
                  delete from bare where v is null; delete from parts_b where id = 250";
    pair.target.admin().execute(damage);
    pair.target.execute("revoke select on t50 from current_user");
    pair.source
        .execute("insert into t60 select g, repeat(md5(g::text), 30) from generate_series(101, 6100) g");
    setup.wait_caught_up(std::time::Duration::from_secs(60));
    let found = setup.londiste(&["target.ini", "compare"]);
    found.expect_failure(1, &[]);
    for (table, words) in [
        ("t9", "2 rows, 1 DIFFER"),
        ("bare", "2 rows, 1 DIFFER"),
        ("parts", "300 rows, 1 DIFFER"),
        ("t50", "COULD NOT BE COMPARED"),
        ("t60", "6004 rows, equal"),
        ("t51", "2 rows, equal"),
        ("t130", "4 rows, equal"),
    ] {
        assert!(verdict(&found.stdout, table).contains(words), "{table}: {}", found.stdout);
    }
    pair.target.execute("grant select on t50 to current_user");

    // what is kept of tables that were read together counts as what is kept of any other
    setup.londiste(&["target.ini", "repair", "--apply"]).expect_success();
    pair.source.execute("update t10 set v = 'new' where id = 1; insert into t20 values (100, 'new')");
    let changed = setup.londiste(&["target.ini", "compare", "--changed"]);
    changed.expect_success();
    assert!(
        verdict(&changed.stdout, "t9").contains("all rows: it differed the last time"),
        "{}",
        changed.stdout
    );
    assert!(!verdict(&changed.stdout, "t10").contains("all rows"), "{}", changed.stdout);

    // a role that has lost its right to read one of them, and a row that somebody has changed on the target alone
    pair.source.execute("revoke select on t51 from current_user");
    pair.source.execute("update t11 set v = 'newer' where id = 1");
    setup.wait_caught_up(std::time::Duration::from_secs(60));
    pair.target
        .admin()
        .execute("set session_replication_role = replica; update t11 set v = 'alien' where id = 1");
    let odd = setup.londiste(&["target.ini", "compare", "--changed"]);
    odd.expect_failure(1, &[]);
    assert!(verdict(&odd.stdout, "t51").contains("COULD NOT BE COMPARED"), "{}", odd.stdout);
    assert!(verdict(&odd.stdout, "t11").contains("1 DIFFER"), "{}", odd.stdout);
    assert!(verdict(&odd.stdout, "t12").contains("equal"), "{}", odd.stdout);
    pair.source.execute("grant select on t51 to current_user");
}
