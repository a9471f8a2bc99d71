//! `schema --apply`.

use tests::Pair;

use crate::support::{ZOO, expect_same, schema, setup};

#[test]
fn an_object_of_every_kind_is_taken_over_and_then_nothing_differs() {
    let pair = Pair::start();
    let setup = setup(&pair);
    pair.source.execute(ZOO);
    let before = schema(&setup, &[]);
    assert_eq!(before.code, 1, "{}", before.report());
    let output = schema(&setup, &["--apply"]);
    output.expect_success();
    expect_same(&setup, &[]);
}
