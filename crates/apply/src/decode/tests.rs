use pgq::Event;

use super::{Control, Decoded, Decoder};
use crate::change::Partition;
use crate::{Change, Error, Op, Row};

fn event(kind: &str, data: &str) -> Event {
    Event {
        id: 5,
        txid: 9,
        kind: kind.to_owned(),
        data: Some(data.to_owned()),
        extra1: Some("public.item".to_owned()),
        ..Event::default()
    }
}

fn change(decoder: &mut Decoder, event: &Event) -> Change {
    match decoder.decode(event).unwrap() {
        Decoded::Change(change) => change,
        other => panic!("{other:?}"),
    }
}

fn value<'a>(row: &'a Option<Row>, name: &str) -> Option<&'a str> {
    row.as_ref().unwrap().by_name(name).unwrap()
}

const SHAPE: &str = r#"{"columns": [["id","pg_catalog.int4"], ["name","pg_catalog.text"]], "key": ["id"]}"#;

#[test]
fn record_text_waits_for_its_shape() {
    let mut decoder = Decoder::new();
    let mut update = event("rec.U", "(2,b)");
    update.extra2 = Some("(1,\"\")".to_owned());
    update.extra3 = Some("7".to_owned());
    assert_eq!(decoder.missing_shape(&update), Some(7));
    assert!(matches!(decoder.decode(&update), Err(Error::ShapeNotLoaded { id: 7, .. })));
    decoder.shapes().learn(7, SHAPE).unwrap();
    assert_eq!(decoder.missing_shape(&update), None);
    let change = change(&mut decoder, &update);
    assert_eq!((change.op, &*change.table, change.event_id, change.txid), (Op::Update, "public.item", 5, 9));
    assert_eq!(value(&change.new, "id"), Some("2"));
    assert_eq!(value(&change.old, "name"), Some(""));
}

#[test]
fn what_is_left_out_is_not_in_the_row() {
    let mut decoder = Decoder::new();
    let mut update = event("rec.L", "(1,,\"\")");
    let shape = r#"{"columns": [["a \"b\"","x"], ["doc","x"], ["id","x"]], "key": ["id"]}"#;
    update.extra3 = Some(shape.to_owned());
    update.extra4 = Some(r#"["doc"]"#.to_owned());
    for _ in 0..2 {
        let change = change(&mut decoder, &update);
        let new = change.new.unwrap();
        assert_eq!((change.op, change.old), (Op::Update, None));
        assert_eq!(
            (new.by_name("a \"b\""), new.by_name("doc"), new.by_name("id")),
            (Some(Some("1")), None, Some(Some("")))
        );
        assert_eq!(
            (new.columns.key.as_slice(), new.columns.left_out.as_slice()),
            (&[1][..], &["doc".to_owned()][..])
        );
    }
    for (left_out, reason) in [
        (None, "the columns left out (ev_extra4) are missing"),
        (Some("doc"), "cannot be read"),
        (Some(r#"["other"]"#), "other is left out, and not among its shape's columns"),
        (Some(r#"["id"]"#), "the key column id is left out"),
    ] {
        update.extra4 = left_out.map(str::to_owned);
        let message = decoder.decode(&update).unwrap_err().to_string();
        assert!(message.contains("event 5") && message.contains(reason), "{message}");
    }
}

#[test]
fn inline_shape_needs_no_lookup() {
    let mut decoder = Decoder::new();
    let mut delete = event("rec.D", "(1,)");
    delete.extra3 = Some(SHAPE.to_owned());
    assert_eq!(decoder.missing_shape(&delete), None);
    let change = change(&mut decoder, &delete);
    assert_eq!(change.op, Op::Delete);
    assert_eq!(value(&change.old, "name"), None);
    delete.data = Some("(1,2,3)".to_owned());
    let message = decoder.decode(&delete).unwrap_err().to_string();
    assert!(message.contains("event 5") && message.contains("3 columns"), "{message}");
}

#[test]
fn stock_formats_give_the_same_row() {
    let mut decoder = Decoder::new();
    let events = [
        event("I:id,part", "id=1&part=a+b&name&price=9.50"),
        event("I", "(id,part,name,price) values ('1','a b',null,'9.50')"),
        event(
            r#"{"op":"INSERT","table":["public","item"],"pkey":["id","part"]}"#,
            r#"{"id":1,"part":"a b","name":null,"price":"9.50"}"#,
        ),
    ];
    let rows: Vec<_> = events.iter().map(|e| change(&mut decoder, e)).collect();
    for change in &rows {
        assert_eq!(change.op, Op::Insert);
        assert_eq!(change.new.as_ref().unwrap().values, rows[0].new.as_ref().unwrap().values);
    }
    assert_eq!(rows[0].new.as_ref().unwrap().columns.key, [0, 1]);
    assert!(rows[1].new.as_ref().unwrap().columns.key.is_empty());
}

#[test]
fn partial_update_tells_changed_columns_and_key() {
    let mut decoder = Decoder::new();
    let change = change(&mut decoder, &event("U", "name=NULL,ok='f' where id='1' and part='a b'"));
    let new = change.new.clone().unwrap();
    assert_eq!(new.columns.names, ["name", "ok", "id", "part"]);
    assert_eq!(new.columns.key, [2, 3]);
    assert_eq!(value(&change.old, "part"), Some("a b"));
}

#[test]
fn backup_is_the_old_row() {
    let mut decoder = Decoder::new();
    let mut update = event("U:id", "id=1&name=b");
    update.extra2 = Some("id=1&name=a".to_owned());
    assert_eq!(value(&change(&mut decoder, &update).old, "name"), Some("a"));
    let mut update =
        event(r#"{"op":"UPDATE","table":["public","item"],"pkey":["id"]}"#, r#"{"id":1,"name":"b"}"#);
    update.extra2 = Some(r#"{"id":1,"name":"a"}"#.to_owned());
    update.extra1 = None;
    let change = change(&mut decoder, &update);
    assert_eq!(value(&change.old, "name"), Some("a"));
    assert_eq!(&*change.table, "public.item");
}

#[test]
fn rows_of_one_layout_share_their_columns() {
    let mut decoder = Decoder::new();
    let one = change(&mut decoder, &event("I:id", "id=1&name=a")).new.unwrap();
    let two = change(&mut decoder, &event("D:id", "id=2&name=b")).old.unwrap();
    assert!(std::sync::Arc::ptr_eq(&one.columns, &two.columns));
}

#[test]
fn truncates() {
    let mut decoder = Decoder::new();
    for kind in ["R", r#"{"op":"TRUNCATE","table":["public","item"],"pkey":["id"]}"#] {
        assert_eq!(change(&mut decoder, &event(kind, "")).op, Op::Truncate);
    }
    let partition = change(&mut decoder, &event("rec.R", "public.item_2026"));
    assert_eq!(
        partition.op,
        Op::TruncatePartition(Partition { name: "public.item_2026".to_owned(), bounds: None })
    );
}

#[test]
fn control_events() {
    let mut decoder = Decoder::new();
    let mut control = |kind: &str, data: &str, extras: [Option<&str>; 3]| {
        let [extra1, extra2, extra3] = extras.map(|e| e.map(str::to_owned));
        decoder.decode(&Event { extra1, extra2, extra3, ..event(kind, data) })
    };
    let seq = control("londiste.update-seq", "30001", [Some("public.s"), None, None]).unwrap();
    assert_eq!(seq, Decoded::Control(Control::UpdateSeq { seq: "public.s".to_owned(), value: 30001 }));
    let place = control("pgq.location-info", "n1", [Some("q"), Some("host=h"), Some("t")]).unwrap();
    let expected = Control::LocationInfo {
        node: "n1".to_owned(),
        queue: "q".to_owned(),
        connect: "host=h".to_owned(),
        dead: true,
    };
    assert_eq!(place, Decoded::Control(expected));
    let script = control("EXECUTE", "select 1", [Some("x.sql"), Some("a=b+c&d"), None]).unwrap();
    let expected = Control::Execute {
        script: "x.sql".to_owned(),
        sql: "select 1".to_owned(),
        attributes: vec![("a".to_owned(), Some("b c".to_owned())), ("d".to_owned(), None)],
    };
    assert_eq!(script, Decoded::Control(expected));
    assert!(control("pgq.global-watermark", "x", [Some("q"), None, None]).is_err());
    assert!(control("pgq.tick-id", "12", [None, None, None]).is_err());
    assert_eq!(control("app.event", "x", [Some("whatever"), None, None]).unwrap(), Decoded::Unknown);
}
