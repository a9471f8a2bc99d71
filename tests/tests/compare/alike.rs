//! Rows whose values look alike when they are put together in one text are told apart.
use std::time::Duration;

use tests::{Pair, Setup};

const SETTLE: Duration = Duration::from_secs(90);

/// Each value of a column is in one row of the source, and the next one is in the same row of the target.
const COLUMNS: &[(&str, &[&str])] = &[
    ("a text, b text", &["'x,y', 'z'", "'x', 'y,z'", "'x', null", "null, 'x'", "'', 'x'", "'x', ''"]),
    ("a text, b int", &["'1', 2", "'1,2', null", "null, 1", "'3,1', 2"]),
    ("a varchar, b text[]", &["'{a}', null", "null, '{a}'", "'', '{\"a,b\"}'", "'', '{a,b}'", "'', '{}'"]),
    ("a char(4), b char(2)", &["'ab', 'c'", "'a', 'bc'", "null, 'bc'"]),
    ("a jsonb, b json", &["'[1]', '2'", "'[1, 2]', null", "'null', '1'", "null, '1'", "null, ' 1'"]),
    ("a bytea, b bytea", &["'\\x01', '\\x02'", "'\\x0102', ''", "'', '\\x0102'", "null, '\\x0102'"]),
    ("a numeric, b numeric", &["1.0, 2", "1.00, 2", "1, 0.2", "'NaN', null", "null, 'NaN'"]),
    ("a float8, b bool", &["0, true", "'-0', true", "'NaN', false", "'Infinity', null", "null, false"]),
    ("a int[], b int", &["'{1,2}', 3", "'{1}', 2", "'[0:0]={1}', 2", "null, 1", "'{{1}}', 2"]),
    ("a point, b text", &["'(1,2)', '3'", "'(1,2)', null", "null, '(1,2)'"]),
];

#[test]
fn rows_that_look_alike_in_one_text_differ() {
    let pair = Pair::start();
    for (table, (columns, values)) in COLUMNS.iter().enumerate() {
        pair.both(&format!("create table t{table} (id int primary key, {columns})"));
        for (id, values) in values.iter().enumerate() {
            pair.source.execute(&format!("insert into t{table} values ({id}, {values})"));
        }
    }
    let setup = Setup::new(&pair);
    setup.replicate();
    setup.londiste(&["target.ini", "compare"]).expect_success();

    for (table, (_, values)) in COLUMNS.iter().enumerate() {
        for id in 0..values.len() {
            let next = values[(id + 1) % values.len()];
            pair.target.admin().execute(&format!(
                "set session_replication_role = replica; delete from t{table} where id = {id}; \
                 insert into t{table} values ({id}, {next})"
            ));
        }
    }
    let report = setup.directory().join("report.jsonl");
    let path = report.to_str().expect("a path");
    let output = setup.londiste(&["target.ini", "compare", "--again", "--report", path]);
    assert_eq!(output.code, 1, "{output:?}");
    let lines = std::fs::read_to_string(&report).expect("the report");
    for (table, (_, values)) in COLUMNS.iter().enumerate() {
        let name = format!("\"public.t{table}\"");
        let told = lines.lines().filter(|line| line.contains(&name) && line.contains("\"differs\"")).count();
        assert_eq!(told, values.len(), "t{table}: {lines}");
    }
    setup.londiste(&["target.ini", "repair", "--apply"]).expect_success();
    setup.wait_caught_up(SETTLE);
    setup.londiste(&["target.ini", "compare", "--again"]).expect_success();
    tests::compare::assert_equal(&pair);
}
