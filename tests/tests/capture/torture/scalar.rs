//! Texts of scalar values: the ordinary, the extremes, and what needs quoting.
use fastrand::Rng;

use super::numbers::int2;

pub(crate) fn one_of(rng: &mut Rng, values: &[&str]) -> String {
    values[rng.usize(..values.len())].to_owned()
}

pub(crate) fn boolean(rng: &mut Rng) -> String {
    rng.bool().to_string()
}

const PIECES: &[&str] = &[
    "a", "Z", "0", " ", "  ", "\"", "'", "\\", ",", "(", ")", "{", "}", "[", "]", "=", ":", ";", "&", "%",
    "+", "\n", "\r\n", "\t", "\u{1}", "\u{7f}", "ä", "ß", "İ", "é", "e\u{301}", "漢", "🐘", "\u{202e}",
    "NULL", "null", "\\N", "$$", "$1", "%s", "--", "/*", "''", "\\\\", "\\x41", "$body$",
];

fn pieces(rng: &mut Rng, most: usize) -> String {
    let count = rng.usize(..=most);
    (0..count).map(|_| PIECES[rng.usize(..PIECES.len())]).collect()
}

pub(crate) fn text(rng: &mut Rng) -> String {
    match rng.u16(..200) {
        // compressed, or out of line
        0 => "long ".repeat(rng.usize(1_000..20_000)),
        1 => (0..rng.usize(3_000..30_000)).map(|_| rng.alphanumeric()).collect(),
        2..50 => one_of(rng, &["", " ", "NULL", "x", "\\", "\"\"", "(,)"]),
        _ => pieces(rng, 12),
    }
}

pub(crate) fn short_text(rng: &mut Rng) -> String {
    pieces(rng, 8).chars().take(8).collect()
}

pub(crate) fn ascii_char(rng: &mut Rng) -> String {
    let byte = rng.u8(..128);
    if byte == 0 { String::new() } else { char::from(byte).to_string() }
}

pub(crate) fn high_char(rng: &mut Rng) -> String {
    format!("\\{:03o}", rng.u8(128..))
}

pub(crate) fn name(rng: &mut Rng) -> String {
    pieces(rng, 6)
}

pub(crate) fn mood(rng: &mut Rng) -> String {
    one_of(rng, &["sad", "so so", "It's \"fine\"", "NULL", ""])
}

pub(crate) fn code(rng: &mut Rng) -> String {
    one_of(rng, &["abc", "", "a\"b", "x,y", "ünï"])
}

pub(crate) fn bytea(rng: &mut Rng) -> String {
    let size = if rng.u8(..50) == 0 { rng.usize(..20_000) } else { rng.usize(..20) };
    (0..size).fold("\\x".to_owned(), |text, _| text + &format!("{:02x}", rng.u8(..)))
}

fn bits(rng: &mut Rng, count: usize) -> String {
    (0..count).map(|_| rng.digit(2)).collect()
}

pub(crate) fn bit_5(rng: &mut Rng) -> String {
    bits(rng, 5)
}

pub(crate) fn varbit(rng: &mut Rng) -> String {
    let count = rng.usize(..70);
    bits(rng, count)
}

pub(crate) fn uuid(rng: &mut Rng) -> String {
    format!("{:032x}", rng.u128(..))
}

fn json_value(rng: &mut Rng, depth: u8) -> String {
    let space = one_of(rng, &["", "", " ", "\n ", "\t"]);
    let most = if depth == 0 { 6 } else { 8 };
    let value = match rng.u8(..most) {
        0 => one_of(rng, &["null", "true", "false"]),
        1 => one_of(rng, &["1.10", "-0", "1e5", "0.0", "12345678901234567890.5"]),
        2..6 => json_string(rng),
        6 => {
            let parts: Vec<String> = (0..rng.usize(..4)).map(|_| json_value(rng, depth - 1)).collect();
            format!("[{}]", parts.join(","))
        }
        _ => {
            let pair = |_| format!("{}:{}", json_string(rng), json_value(rng, depth - 1));
            format!("{{{}}}", (0..2).map(pair).collect::<Vec<_>>().join(","))
        }
    };
    format!("{space}{value}{space}")
}

fn json_string(rng: &mut Rng) -> String {
    one_of(
        rng,
        &[
            r#""""#,
            r#""a""#,
            r#""a""#,
            r#""NULL""#,
            r#""\"\\\/\b\n""#,
            r#""\u00e4""#,
            r#""🐘""#,
            r#""it's (,)""#,
            r#""{\"a\": 1}""#,
        ],
    )
}

/// Kept to the letter: blanks, order, keys that come twice, escapes.
pub(crate) fn json(rng: &mut Rng) -> String {
    match rng.u8(..6) {
        0 => one_of(rng, &["null", r#""\u0000""#, r#"{"a":1,  "a": 2}"#, " 1 ", "[ ]", "{}"]),
        _ => json_value(rng, 3),
    }
}

pub(crate) fn jsonb(rng: &mut Rng) -> String {
    match rng.u8(..6) {
        0 => one_of(rng, &["null", r#"{"b": 1, "a": 1.100}"#, "1.10", "1.1", "[]", "{}"]),
        _ => json_value(rng, 3),
    }
}

pub(crate) fn jsonpath(rng: &mut Rng) -> String {
    one_of(rng, &["$", "$.a[*] ? (@ > 1.0)", "strict $.\"a b\"", "$.x like_regex \"^a\\\\d\" flag \"i\""])
}

pub(crate) fn xml(rng: &mut Rng) -> String {
    one_of(
        rng,
        &[
            "<a b=\"c\">&lt;</a>",
            "text <b/>",
            "<?xml version=\"1.0\"?><r>\n ä</r>",
            "",
            "<!-- c --><a/>",
            "<a><![CDATA[<x>]]></a>",
        ],
    )
}

fn v4(rng: &mut Rng) -> String {
    format!("{}.{}.{}.{}", rng.u8(..), rng.u8(..), rng.u8(..), rng.u8(..))
}

pub(crate) fn inet(rng: &mut Rng) -> String {
    match rng.u8(..4) {
        0 => v4(rng),
        1 => format!("{}/{}", v4(rng), rng.u8(..=32)),
        2 => format!("{:x}::{:x}/{}", rng.u16(..), rng.u16(..), rng.u8(..=128)),
        _ => one_of(rng, &["::1", "::ffff:1.2.3.4", "0.0.0.0/0", "2001:db8::/32"]),
    }
}

pub(crate) fn cidr(rng: &mut Rng) -> String {
    match rng.u8(..4) {
        0 => format!("{}/32", v4(rng)),
        1 => format!("{}.{}.0.0/{}", rng.u8(..), rng.u8(..), rng.u8(16..=32)),
        2 => format!("{:x}::/{}", rng.u16(..), rng.u8(16..=128)),
        _ => one_of(rng, &["10.0.0.0/8", "::/0", "0.0.0.0/0"]),
    }
}

pub(crate) fn macaddr(rng: &mut Rng) -> String {
    format!("{:012x}", rng.u64(..1 << 48))
}

pub(crate) fn macaddr8(rng: &mut Rng) -> String {
    format!("{:016x}", rng.u64(..))
}

pub(crate) fn pg_lsn(rng: &mut Rng) -> String {
    format!("{:X}/{:X}", rng.u32(..), rng.u32(..))
}

pub(crate) fn tsvector(rng: &mut Rng) -> String {
    one_of(rng, &["'a b':1A c:2", "", "'it''s':3,4B 'x\\\\y'", "fat:2 cat:3C", "'ä':16383"])
}

pub(crate) fn tsquery(rng: &mut Rng) -> String {
    one_of(rng, &["a & (b | !c)", "fat <2> rat", "'it''s':*A", "", "!!a"])
}

pub(crate) fn regclass(rng: &mut Rng) -> String {
    one_of(rng, &["pg_catalog.pg_class", "pg_catalog.pg_type", "information_schema.tables", "-"])
}

pub(crate) fn regtype(rng: &mut Rng) -> String {
    one_of(rng, &["integer", "public.mood", "timestamp with time zone", "\"char\"", "text[]"])
}

pub(crate) fn regprocedure(rng: &mut Rng) -> String {
    one_of(rng, &["pg_catalog.lower(text)", "pg_catalog.abs(integer)", "-"])
}

pub(crate) fn tid(rng: &mut Rng) -> String {
    format!("({},{})", rng.u32(..), rng.u16(..))
}

pub(crate) fn pg_snapshot(rng: &mut Rng) -> String {
    let low = rng.u32(1..1000);
    format!("{low}:{}:{low}", low + 1 + rng.u32(..1000))
}

pub(crate) fn int2vector(rng: &mut Rng) -> String {
    let count = rng.usize(..5);
    (0..count).map(|_| int2(rng)).collect::<Vec<_>>().join(" ")
}

pub(crate) fn hstore(rng: &mut Rng) -> String {
    one_of(
        rng,
        &[
            "",
            "a=>1",
            "\"a b\"=>NULL, c=>\"NULL\"",
            "\"it's\"=>\"\\\"\\\\\", \"\"=>\"\"",
            "k=>\"x=>y\", z=>ä",
        ],
    )
}

pub(crate) fn ltree(rng: &mut Rng) -> String {
    one_of(rng, &["", "a", "Top.Science.Astronomy", "a_1.b"])
}

pub(crate) fn cube(rng: &mut Rng) -> String {
    format!("({},{}),({},{})", rng.f64(), rng.f64(), rng.f64() * -1e10, rng.f64())
}

pub(crate) fn isbn(rng: &mut Rng) -> String {
    one_of(rng, &["978-0-393-04002-9", "978-0-306-40615-7"])
}
