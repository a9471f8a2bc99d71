//! Keys that are gone, in event order, where foreign keys of the target act on other rows.

use apply::{Applier, Options};
use pgq::Event;
use tokio_postgres::Client;

use crate::capture::{replay, rows};
use crate::edges::pair;

const TREE: &str = "create table {s}.tree (id int primary key, \
                        parent int references {s}.tree on delete cascade \
                        on update cascade deferrable initially deferred, name text unique)";
const ROWS: &str =
    "insert into dst.tree values (1, null, 'a'), (2, 1, 'b'), (3, 2, 'c'), (4, 3, 'd'), (50, null, 'e')";

/// An event with the row that is left, and the one that it took the key of.
fn event(id: i64, kind: &str, data: Option<&str>, old: Option<&str>) -> Event {
    let shape = r#"{"columns": [["id", "x"], ["parent", "x"], ["name", "x"]], "key": ["id"]}"#;
    Event {
        id,
        // the movers' transactions are their own: they are no rotation of several rows
        txid: id.min(4),
        kind: kind.to_owned(),
        data: data.map(str::to_owned),
        extra1: Some("src.tree".to_owned()),
        extra2: old.map(str::to_owned),
        extra3: Some(shape.to_owned()),
        ..Event::default()
    }
}

/// A key that moves twice is written in event order, and what comes with it.
async fn in_order(target: &Client, applier: &mut Applier, more: &[Event]) -> apply::Result<()> {
    let mut events = vec![
        event(1, "rec.U", Some("(60,,e)"), Some("(50,,e)")),
        event(2, "rec.U", Some("(70,,e)"), Some("(60,,e)")),
    ];
    events.extend(more.iter().cloned());
    replay(target, applier, &events).await.map(|_| ())
}

#[tokio::test]
async fn a_key_that_is_gone_does_not_take_along_what_refers_to_another_by_now() {
    let (_cluster, _source, target) = pair(TREE, &[("tree", "id")]).await;
    let mut applier = Applier::new(Options::default());
    target.batch_execute(ROWS).await.unwrap();
    let events = [
        event(4, "rec.P", None, Some("(2,1,b)")),
        event(5, "rec.P", Some("(20,1,new)"), None),
        event(6, "rec.P", Some("(3,20,c)"), None),
    ];
    in_order(&target, &mut applier, &events).await.unwrap();
    let there = ["(1,,a)", "(20,1,new)", "(3,20,c)", "(4,3,d)", "(70,,e)"];
    assert_eq!(rows(&target, "dst.tree").await, there);
}

#[tokio::test]
async fn nor_where_a_new_key_takes_its_unique_value() {
    let (_cluster, _source, target) = pair(TREE, &[("tree", "id")]).await;
    let mut applier = Applier::new(Options::default());
    target.batch_execute(ROWS).await.unwrap();
    let events = [
        event(4, "rec.P", None, Some("(2,1,b)")),
        event(5, "rec.P", Some("(20,1,b)"), None),
        event(6, "rec.P", Some("(3,20,c)"), None),
    ];
    in_order(&target, &mut applier, &events).await.unwrap();
    let there = ["(1,,a)", "(20,1,b)", "(3,20,c)", "(4,3,d)", "(70,,e)"];
    assert_eq!(rows(&target, "dst.tree").await, there);
}

#[tokio::test]
async fn where_no_order_is_right_it_is_an_error_and_no_row_is_lost() {
    let (_cluster, _source, target) = pair(TREE, &[("tree", "id")]).await;
    let mut applier = Applier::new(Options::default());
    target.batch_execute(ROWS).await.unwrap();
    let events = [
        event(4, "rec.P", None, Some("(2,1,b)")),
        event(5, "rec.P", Some("(20,1,x)"), None),
        event(6, "rec.P", Some("(3,20,b)"), None),
    ];
    let error = in_order(&target, &mut applier, &events).await.unwrap_err();
    assert!(error.is_of_its_table() && error.event_id() == Some(6), "{error}");
    target.batch_execute("rollback").await.unwrap();
    let there = ["(1,,a)", "(2,1,b)", "(3,2,c)", "(4,3,d)", "(50,,e)"];
    assert_eq!(rows(&target, "dst.tree").await, there);
}
