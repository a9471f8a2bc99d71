//! Updates that leave out what stayed as it was (`rec.L`): alone, folded with others of their row, and gathered.

use apply::{Applier, Error, OnConflict, Options};
use pgq::Event;

use crate::capture::{replay, rows};
use crate::edges::pair;

const TABLE: &str = "create table {s}.t (id int primary key, u int, body text, data text)";
const ROWS: &str = "insert into dst.t select g, g, 'body ' || g, 'data ' || g from generate_series(1, 6) g";

fn event(id: i64, kind: &str, data: &str, without: Option<&str>) -> Event {
    let shape = r#"{"columns": [["id", "x"], ["u", "x"], ["body", "x"], ["data", "x"]], "key": ["id"]}"#;
    Event {
        id,
        txid: 1,
        kind: kind.to_owned(),
        data: Some(data.to_owned()),
        extra1: Some("src.t".to_owned()),
        extra3: Some(shape.to_owned()),
        extra4: without.map(str::to_owned),
        ..Event::default()
    }
}

fn light(id: i64, data: &str, without: &str) -> Event {
    event(id, "rec.L", data, Some(without))
}

#[tokio::test]
async fn a_row_keeps_what_no_event_tells() {
    let (_cluster, _source, target) = pair(TABLE, &[("t", "id")]).await;
    let mut applier = Applier::new(Options::default());
    target.batch_execute(ROWS).await.unwrap();
    let events = [
        // alone, and NULL where it is told
        light(1, "(1,10,,)", r#"["body", "data"]"#),
        light(2, "(2,20,,)", r#"["data"]"#),
        // with other events of the same row
        light(3, "(3,30,,new)", r#"["body"]"#),
        light(4, "(3,31,other,)", r#"["data"]"#),
        event(5, "rec.U", "(4,40,whole,whole)", None),
        light(6, "(4,41,,)", r#"["body", "data"]"#),
        light(7, "(5,50,,)", r#"["body", "data"]"#),
        event(8, "rec.D", "(5,50,\"body 5\",\"data 5\")", None),
        event(9, "rec.I", "(7,70,seven,seven)", None),
        light(10, "(7,71,,7)", r#"["body"]"#),
        light(11, "(6,60,,)", r#"["body", "data"]"#),
        event(12, "rec.U", "(6,61,six,)", None),
        event(13, "rec.P", "(8,80,eight,eight)", None),
        light(14, "(8,81,,)", r#"["body"]"#),
    ];
    replay(&target, &mut applier, &events).await.unwrap();
    let there = [
        "(1,10,\"body 1\",\"data 1\")",
        "(2,20,,\"data 2\")",
        "(3,31,other,new)",
        "(4,41,whole,whole)",
        "(6,61,six,)",
        "(7,71,seven,7)",
        "(8,81,eight,)",
    ];
    assert_eq!(rows(&target, "dst.t").await, there);
}

#[tokio::test]
async fn rows_that_are_gathered_keep_it_too() {
    let (_cluster, _source, target) = pair(TABLE, &[("t", "id")]).await;
    let mut applier = Applier::new(Options { chunk_changes: 2, ..Options::default() });
    target.batch_execute(ROWS).await.unwrap();
    target.batch_execute("create unique index on dst.t (u)").await.unwrap();
    let events = [
        light(1, "(1,2,,)", r#"["body", "data"]"#),
        light(2, "(2,3,,told)", r#"["body"]"#),
        light(3, "(3,4,told,)", r#"["data"]"#),
        light(4, "(4,5,,)", r#"["body", "data"]"#),
        light(5, "(5,6,,)", r#"["body", "data"]"#),
        light(6, "(2,3,,)", r#"["body", "data"]"#),
        light(7, "(6,1,,)", r#"["body", "data"]"#),
    ];
    let error = replay(&target, &mut applier, &events).await.unwrap_err();
    assert!(error.is_collision(), "{error}");
    target.batch_execute("rollback").await.unwrap();
    applier.reset();
    assert!(applier.gather(&target, "src.t").await.unwrap());
    replay(&target, &mut applier, &events).await.unwrap();
    let there = [
        "(1,2,\"body 1\",\"data 1\")",
        "(2,3,\"body 2\",told)",
        "(3,4,told,\"data 3\")",
        "(4,5,\"body 4\",\"data 4\")",
        "(5,6,\"body 5\",\"data 5\")",
        "(6,1,\"body 6\",\"data 6\")",
    ];
    assert_eq!(rows(&target, "dst.t").await, there);
}

#[tokio::test]
async fn a_row_that_is_missing_is_not_made_of_a_part() {
    for on_conflict in [OnConflict::Error, OnConflict::Apply] {
        for gathered in [false, true] {
            let (_cluster, _source, target) = pair(TABLE, &[("t", "id")]).await;
            let mut applier = Applier::new(Options { on_conflict, ..Options::default() });
            target.batch_execute("insert into dst.t values (1, 1, 'body', 'data')").await.unwrap();
            let known = event(0, "rec.U", "(1,1,body,data)", None);
            replay(&target, &mut applier, &[known]).await.unwrap();
            assert!(!gathered || applier.gather(&target, "src.t").await.unwrap());
            let events =
                [light(1, "(1,2,,)", r#"["body", "data"]"#), light(2, "(9,9,,)", r#"["body", "data"]"#)];
            let done = replay(&target, &mut applier, &events).await;
            if on_conflict == OnConflict::Error {
                let error = done.unwrap_err();
                assert!(
                    matches!(&error, Error::RowMissing { op: "update", key, .. } if key == "id=9"),
                    "{error}"
                );
                continue;
            }
            assert_eq!(done.unwrap().conflicts["src.t"].count, 1);
            assert_eq!(rows(&target, "dst.t").await, ["(1,2,body,data)"]);
        }
    }
}
