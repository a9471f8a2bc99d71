//! A schema that is called otherwise on the other side, as a provider's for extensions: no difference, there and back.

use tests::{compare, wait_until};

use crate::scene::{SETTLE, Scene};

#[test]
fn a_provider_s_schema_is_no_difference_there_and_back() {
    let scene = Scene::with_sides(
        "create schema heroku_ext; create type heroku_ext.mood as enum ('calm', 'cross'); \
         create table t (id int primary key, m heroku_ext.mood not null default 'calm')",
        "create type mood as enum ('calm', 'cross'); \
         create table t (id int primary key, m mood not null default 'calm')",
    );
    let setup = &scene.setup;
    scene.pair.source.execute("insert into t values (1, 'cross')");
    setup.wait_caught_up(SETTLE);
    let refused = setup.londiste(&["target.ini", "switchover", "--dry-run"]);
    refused.expect_failure(1, &["structure", "column public.t.m"]);
    let differs = setup.londiste(&["target.ini", "schema"]);
    differs.expect_failure(1, &[]);
    assert!(differs.stdout.contains("heroku_ext"), "{}", differs.stdout);

    for name in ["source", "target"] {
        setup.set(&format!("{name}.ini"), "extension_schema", "heroku_ext=public");
    }
    setup.londiste(&["target.ini", "schema"]).expect_success();
    for (ini, side) in [("target.ini", &scene.pair.target), ("source.ini", &scene.pair.source)] {
        setup.londiste(&[ini, "switchover"]).expect_success();
        let id = side.number("select max(id) + 1 from t");
        side.execute(&format!("insert into t values ({id}, 'calm')"));
        let arrived = format!("select count(*) from t where id = {id}");
        for side in [&scene.pair.source, &scene.pair.target] {
            wait_until(SETTLE, "the row arrives", || side.number(&arrived) == 1);
        }
    }
    compare::assert_equal(&scene.pair);
    setup.set("target.ini", "extension_schema", "heroku_ext");
    setup.londiste(&["target.ini", "schema"]).expect_failure(1, &["extension_schema", "OLD=NEW"]);
}
