//! Checks that look at connect strings, and at encodings of both sides.

use std::sync::atomic::{AtomicBool, Ordering};

use tests::{Pair, Setup, Shutdown};

use super::case::{line, preflight, setup};

const IN_ORDER: &str = "1 check in order.";

#[test]
fn connections_without_signs_of_life_are_told() {
    let pair = Pair::start();
    let setup = setup(&pair);
    let source = |words: &str| format!("{} {words}", pair.source.app().connstr());
    let asked = |words: &str| preflight(&setup, &["--check", "keepalives", "--source", &source(words)]);
    for (words, found) in
        [("keepalives=0", "keepalives=0 out of"), ("keepalives_idle=900", "for 900 s (keepalives_idle=900)")]
    {
        let output = asked(words);
        line(&output, &["warning", "source", "connection to the source", found]);
        assert_eq!(output.code, 0, "{}", output.report());
    }
    let output = asked("keepalives_idle=60");
    assert!(output.stdout.contains(IN_ORDER), "{}", output.report());
}

/// Which bytes are a text is the target's to say; the server without encoding is asked for hexadecimal digits.
#[test]
fn bytes_that_are_no_text_are_named_by_table_and_row() {
    let ascii = Pair::start().another_in("_ascii", ["SQL_ASCII", "UTF8"]);
    let setup = setup(&ascii);
    let asked = |setup: &Setup| preflight(setup, &["--check", "text-bytes"]);
    // each piece by itself, next to plain text: all lengths, and what a decoder must refuse
    let valid = ["", "41", "c3a4", "e282ac", "ed9fbf", "ee8080", "f09f9880", "f48fbfbf", "c3a441e282ac"];
    let invalid =
        ["ff", "c3", "c328", "c080", "e08080", "eda080", "f0808080", "f4908080", "f5808080", "41e282", "80"];
    let text = |hex: &str| format!("convert_from(decode('{hex}', 'hex'), 'SQL_ASCII')");
    ascii.source.execute(
        "create table words (id int primary key, w text); \
         create table fine (id int primary key, w varchar[])",
    );
    for (at, hex) in valid.iter().enumerate() {
        ascii.source.execute(&format!(
            "insert into words values ({at}, {}); insert into fine values ({at}, array['x', {}])",
            text(hex),
            text(hex)
        ));
    }
    let output = asked(&setup);
    assert!(output.code == 0 && output.stdout.contains(IN_ORDER), "{}", output.report());
    for hex in invalid {
        ascii.source.execute(&format!("insert into words values (100, 'a' || {} || 'b')", text(hex)));
        let at = ascii.source.value("select ctid::text from words where id = 100");
        let output = asked(&setup);
        let told = line(
            &output,
            &["warning", "source", "table public.words", "1 rows hold bytes", &format!("the row at {at}")],
        );
        assert!(told.ends_with(&format!("from only public.words where ctid = '{at}'")), "{hex}: {told}");
        ascii.source.execute("delete from words where id = 100");
    }
    let output = asked(&setup);
    assert!(output.code == 0 && output.stdout.contains(IN_ORDER), "{}", output.report());
    // a target that takes any bytes has nothing to refuse
    ascii.source.execute(&format!("insert into words values (100, {})", text("ff")));
    let both = ascii.another_in("_both", ["SQL_ASCII", "SQL_ASCII"]);
    let other = self::setup(&both);
    both.source.execute(&format!(
        "create table words (id int, w text); insert into words values (100, {})",
        text("ff")
    ));
    assert!(asked(&other).stdout.contains(IN_ORDER));
}

/// Rows are written while it looks.
#[test]
fn the_estimate_tells_what_a_sample_has_seen() {
    let pair = Pair::start();
    pair.both("create table rows (id int primary key, v text)");
    pair.source.execute("insert into rows select i, repeat('x', 100) from generate_series(1, 20000) i");
    pair.source.execute("vacuum analyze rows");
    let setup = setup(&pair);
    let done = AtomicBool::new(false);
    let estimate = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = pair.source.connect();
            for id in 100_000.. {
                client.execute(&format!("insert into rows values ({id}, 'written')"), &[]).expect("a row");
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let output = preflight(&setup, &["--json", "--sample", "4"]);
        done.store(true, Ordering::Relaxed);
        let answer: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
        answer["estimate"].clone()
    });
    let number = |key: &str| estimate[key].as_f64().unwrap_or_else(|| panic!("{key}: {estimate:#}"));
    assert!(number("sampled_seconds") >= 4.0, "{estimate:#}");
    assert!(number("bytes") >= 20_000.0 * 100.0, "{estimate:#}");
    for key in [
        "read_bytes_per_second",
        "copy_seconds",
        "comparison_seconds",
        "rows_written_per_second",
        "outage_seconds",
    ] {
        assert!(number(key) > 0.0, "{key}: {estimate:#}");
    }
    let grown = number("rows_written_per_second") * 3600.0 * 120.0;
    assert!(number("event_bytes_per_hour") > grown, "{estimate:#}");
    assert_eq!(number("connections_needed"), 11.0);
    assert!(estimate["connections_free"]["target"].as_i64().is_some_and(|free| free > 0), "{estimate:#}");

    let mut writer = pair.source.connect();
    writer.batch_execute("begin; insert into rows values (-1, 'open')").expect("a transaction");
    let output = preflight(&setup, &["--sample", "1"]);
    let told = line(
        &output,
        &["Estimate by 1 s: copy of ", "11 connections are needed", "the switch refuses writes for about "],
    );
    assert!(!told.contains("unknown"), "{told}");
    drop(writer);
    let none = preflight(&setup, &["--sample", "0"]);
    assert!(!none.stdout.contains("stimate"), "{}", none.report());
    // a table that somebody holds is not waited for, and an empty database has nothing to read
    let mut locks = pair.source.connect();
    locks.batch_execute("begin; lock rows").expect("a lock");
    line(
        &preflight(&setup, &["--sample", "1"]),
        &["Estimate by ", "about unknown, comparison about unknown"],
    );
    drop(locks);
    pair.source.cluster.stop(Shutdown::Fast);
    line(&preflight(&setup, &["--sample", "1"]), &["No estimate: ", "cannot connect"]);
    preflight(&setup, &["--sample", "often"]).expect_failure(2, &["--sample"]);
}
