//! Random events, well-formed and damaged. A row that goes through an encoder written after the server's (`record_out`,
//! the stock triggers' formats) comes out as it went in; anything else is an error or a value, never a panic.
//!
//! `PROPTEST_CASES` says how many cases each property tries; `PROPTEST_RNG_SEED` plays others, or the same ones again.
//! What a failure shrinks to is kept in `proptest-regressions/` and tried first from then on.

use pgq::Event;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{Decoded, Decoder};
use crate::{Change, Op, Row};

type Value = Option<String>;

const CASES: u32 = 4000;

fn config() -> ProptestConfig {
    // the variable of proptest itself goes first
    let cases =
        if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { CASES };
    ProptestConfig { cases, ..ProptestConfig::default() }
}

/// Values that are hard to write: quotes, separators, escapes, words that mean NULL, anything.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(None),
        2 => prop_oneof![
            Just(""), Just("NULL"), Just("null"), Just("\\"), Just("\\N"), Just("%"), Just("+"), Just("&"), Just("="),
            Just("'"), Just("''"), Just("\""), Just(","), Just("("), Just(")"), Just(" where "), Just("\u{1}"),
            Just("é"), Just("\u{10feff}"),
        ]
            .prop_map(|text| Some(text.to_owned())),
        4 => "[a-c\"'\\\\,()&%+= \n\t\u{e9}\u{1f600}]{0,12}".prop_map(Some),
        // the server stores no NUL; the last characters stand for bytes that are no UTF-8 (`pg::raw`), also where text
        // has them
        3 => any::<String>().prop_map(|text| Some(text.replace(|c| c == '\0' || c >= '\u{10ff80}', ""))),
    ]
}

/// A row: distinct names and their values; the first column is the key.
fn row() -> impl Strategy<Value = Vec<(String, Value)>> {
    prop::collection::vec((column(), value()), 1..8).prop_map(|mut row| {
        for (at, (name, _)) in row.iter_mut().enumerate() {
            // distinct and as long as a name may be
            *name = format!("{name}{at}");
        }
        // a key is not NULL
        row[0].1.get_or_insert_default();
        row
    })
}

fn column() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z][a-z0-9_]{0,10}", "[A-Z \"'.&=%+é,(){}]{1,6}"]
}

/// The four formats of an insert.
#[derive(Debug, Clone, Copy)]
enum Format {
    Record,
    Url,
    Sql,
    Json,
}

const FORMATS: [Format; 4] = [Format::Record, Format::Url, Format::Sql, Format::Json];

fn url(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b' ' => "+".to_owned(),
            b'-' | b'_' | b'.' => (b as char).to_string(),
            b if b.is_ascii_alphanumeric() => (b as char).to_string(),
            b => format!("%{b:02x}"),
        })
        .collect()
}

fn url_row(row: &[(String, Value)]) -> String {
    let pair = |(name, value): &(String, Value)| match value {
        Some(value) => format!("{}={}", url(name), url(value)),
        None => url(name),
    };
    row.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn ident(name: &str) -> String {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn literal(value: &Value) -> String {
    match value {
        None => "NULL".to_owned(),
        Some(v) if v.contains('\\') => format!("E'{}'", v.replace('\\', "\\\\").replace('\'', "''")),
        Some(v) => format!("'{}'", v.replace('\'', "''")),
    }
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn json_row(row: &[(String, Value)]) -> String {
    let member = |(name, value): &(String, Value)| {
        format!("{}:{}", json(name), value.as_ref().map_or("null".to_owned(), |v| json(v)))
    };
    format!("{{{}}}", row.iter().map(member).collect::<Vec<_>>().join(","))
}

/// As `record_out` writes.
fn record(row: &[(String, Value)]) -> String {
    let field = |(_, value): &(String, Value)| {
        let Some(value) = value else { return String::new() };
        let quote =
            |c: char| "\"\\(),".contains(c) || matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}');
        if !value.is_empty() && !value.contains(quote) {
            return value.clone();
        }
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\"\""))
    };
    format!("({})", row.iter().map(field).collect::<Vec<_>>().join(","))
}

fn shape(row: &[(String, Value)]) -> String {
    let columns: Vec<String> =
        row.iter().map(|(name, _)| format!("[{},\"pg_catalog.text\"]", json(name))).collect();
    format!("{{\"columns\":[{}],\"key\":[{}]}}", columns.join(","), json(&row[0].0))
}

fn event(kind: String, data: String) -> Event {
    Event { id: 1, txid: 1, kind, data: Some(data), extra1: Some("public.t".to_owned()), ..Event::default() }
}

fn head(op: &str, row: &[(String, Value)]) -> String {
    format!("{{\"op\":\"{op}\",\"table\":[\"public\",\"t\"],\"pkey\":[{}]}}", json(&row[0].0))
}

/// Column names that urlencoded events can name as key: their list is separated by commas.
fn fits(format: Format, row: &[(String, Value)]) -> bool {
    !matches!(format, Format::Url) || !row[0].0.contains(',')
}

fn insert(format: Format, row: &[(String, Value)]) -> Event {
    match format {
        Format::Record => Event { extra3: Some(shape(row)), ..event("rec.I".to_owned(), record(row)) },
        Format::Url => event(format!("I:{}", row[0].0), url_row(row)),
        Format::Sql => {
            let names: Vec<_> = row.iter().map(|(name, _)| ident(name)).collect();
            let values: Vec<_> = row.iter().map(|(_, value)| literal(value)).collect();
            event("I".to_owned(), format!("({}) values ({})", names.join(","), values.join(",")))
        }
        Format::Json => event(head("INSERT", row), json_row(row)),
    }
}

fn delete(format: Format, row: &[(String, Value)]) -> Event {
    match format {
        Format::Record => Event { extra3: Some(shape(row)), ..event("rec.D".to_owned(), record(row)) },
        Format::Url => event(format!("D:{}", row[0].0), url_row(row)),
        Format::Sql => event("D".to_owned(), format!("{}={}", ident(&row[0].0), literal(&row[0].1))),
        Format::Json => event(head("DELETE", row), json_row(row)),
    }
}

/// An update of every column to `new` of the row that was `old`.
fn update(format: Format, old: &[(String, Value)], new: &[(String, Value)]) -> Event {
    let with_old = |event: Event, old: String| Event { extra2: Some(old), ..event };
    match format {
        Format::Record => {
            let event = Event { extra3: Some(shape(new)), ..event("rec.U".to_owned(), record(new)) };
            with_old(event, record(old))
        }
        Format::Url => with_old(event(format!("U:{}", new[0].0), url_row(new)), url_row(old)),
        Format::Sql => {
            let set: Vec<_> =
                new.iter().map(|(name, value)| format!("{}={}", ident(name), literal(value))).collect();
            let key = format!("{}={}", ident(&old[0].0), literal(&old[0].1));
            event("U".to_owned(), format!("{} where {key}", set.join(",")))
        }
        Format::Json => with_old(event(head("UPDATE", new), json_row(new)), json_row(old)),
    }
}

fn decode(event: &Event) -> Change {
    match Decoder::new().decode(event) {
        Ok(Decoded::Change(change)) => change,
        other => panic!("{event:?} is {other:?}"),
    }
}

fn plain(row: &Option<Row>) -> Vec<(String, Value)> {
    let row = row.as_ref().unwrap();
    row.columns.names.iter().cloned().zip(row.values.iter().map(|v| v.map(str::to_owned))).collect()
}

/// A text with something cut out, doubled, or put in at places that need not be the borders of anything.
fn damage(text: &str, at: Index, length: usize, by: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let from = at.index(chars.len() + 1);
    let to = (from + length).min(chars.len());
    chars[..from].iter().copied().chain(by.chars()).chain(chars[to..].iter().copied()).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_insert_comes_out_as_it_went_in(row in row()) {
        for format in FORMATS.into_iter().filter(|format| fits(*format, &row)) {
            let change = decode(&insert(format, &row));
            prop_assert_eq!((&change.op, &*change.table), (&Op::Insert, "public.t"));
            prop_assert_eq!(plain(&change.new), row.clone(), "{:?}", format);
        }
    }

    #[test]
    fn a_delete_tells_the_row_or_its_key(row in row()) {
        for format in FORMATS.into_iter().filter(|format| fits(*format, &row)) {
            let change = decode(&delete(format, &row));
            prop_assert_eq!(change.op, Op::Delete);
            let known = if matches!(format, Format::Sql) { &row[..1] } else { &row[..] };
            prop_assert_eq!(plain(&change.old), known.to_vec(), "{:?}", format);
            prop_assert_eq!(&change.old.unwrap().columns.key, &[0]);
        }
    }

    #[test]
    fn an_update_tells_both_rows(old in row(), values in prop::collection::vec(value(), 8)) {
        let mut new: Vec<_> = old.iter().zip(values).map(|((name, _), value)| (name.clone(), value)).collect();
        new[0].1.get_or_insert_default();
        for format in FORMATS.into_iter().filter(|format| fits(*format, &old)) {
            let change = decode(&update(format, &old, &new));
            prop_assert_eq!(&change.op, &Op::Update);
            prop_assert_eq!(plain(&change.new), new.clone(), "{:?}", format);
            let known = if matches!(format, Format::Sql) { &old[..1] } else { &old[..] };
            prop_assert_eq!(plain(&change.old), known.to_vec(), "{:?}", format);
        }
    }

    #[test]
    fn a_damaged_event_is_an_error_or_a_value(
        row in row(), at in any::<Index>(), length in 0usize..4, by in "[(),\"'\\\\&%=+{}:a \u{e9}\u{0}]{0,3}",
        field in 0usize..4,
    ) {
        for format in FORMATS {
            for mut event in [insert(format, &row), delete(format, &row), update(format, &row, &row)] {
                let text = match field {
                    0 => &mut event.kind,
                    1 => event.data.get_or_insert_default(),
                    2 => event.extra2.get_or_insert_default(),
                    _ => event.extra3.get_or_insert_default(),
                };
                *text = damage(text, at, length, &by);
                let _ = Decoder::new().decode(&event);
            }
        }
    }

    #[test]
    fn any_text_at_all_is_an_error_or_a_value(
        kind in prop_oneof![
            Just("rec.I"), Just("rec.U"), Just("rec.D"), Just("rec.R"), Just("I:id"), Just("U:id"), Just("D:id"),
            Just("I"), Just("U"), Just("D"), Just("R"), Just(r#"{"op":"UPDATE","pkey":["id"]}"#), Just("EXECUTE"),
            Just("londiste.update-seq"), Just("pgq.location-info"), Just("pgq.tick-id"), Just("rec."), Just("é"),
            Just(""),
        ].prop_map(str::to_owned),
        texts in prop::collection::vec(prop::option::of(prop_oneof![
            any::<String>(), "[(),\"'\\\\&%=+{}\\[\\]:aé id0-9]{0,30}",
            Just(r#"{"columns":[["id",null]],"key":["id"]}"#.to_owned()),
        ]), 4),
    ) {
        let [data, extra1, extra2, extra3] = <[Value; 4]>::try_from(texts).unwrap();
        let event = Event { kind, data, extra1, extra2, extra3, ..Event::default() };
        let _ = Decoder::new().decode(&event);
    }
}
