//! The types of the columns, and what must be created for them.
use super::geometry::*;
use super::kind::Kind;
use super::numbers::*;
use super::scalar::*;
use super::times::*;
use tests::Pair;

/// A column's type and how its values are made.
#[derive(Clone)]
pub(crate) struct Type {
    /// As a column definition and a cast name it.
    pub(crate) sql: &'static str,
    pub(crate) kind: Kind,
}

const CREATE: &str = r#"
create type public.mood as enum ('sad', 'so so', 'It''s "fine"', 'NULL', '');
create domain public.code as varchar(8) check (value <> 'bad');
create domain public.codes as public.code[];
create domain public.positive as numeric check (value is distinct from 123456789);
create type public."Pair" as (a int, gone text, "B b" text, c numeric[]);
alter type public."Pair" drop attribute gone;
create domain public.pair_domain as public."Pair";
create type public.nest as (p public."Pair", m public.mood, "null" float8, j json, list public."Pair"[]);
create type public.span as range (subtype = float8);
create type public.words as range (subtype = text, collation = "C");
create table public.row_type (x int, gone int, y text);
alter table public.row_type drop column gone;
"#;

/// A random value of a type, as SQL.
type Value = fn(&mut fastrand::Rng) -> String;

/// Contrib types; the packages of some installations leave them out.
const EXTENSIONS: &[(&str, &str, Value)] = &[
    ("hstore", "public.hstore", hstore),
    ("citext", "public.citext", text),
    ("ltree", "public.ltree", ltree),
    ("cube", "public.cube", cube),
    ("isn", "public.isbn13", isbn),
];

const DATES: &[&str] =
    &["-infinity", "4713-01-01 BC", "0044-03-15 BC", "2024-02-29", "2024-03-01", "9999-12-31", "infinity"];
const NUMBERS: &[&str] = &["-1e50", "-1.50", "-1.5", "0.00", "0.1", "1", "12345678901234567890.000"];
const FLOATS: &[&str] = &["-Infinity", "-1e300", "-0.5", "0", "0.1", "1e300", "Infinity"];
const INTEGERS: &[&str] = &["-1000", "-1", "0", "1", "2", "1000"];
const TIMES: &[&str] = &["-infinity", "2024-01-01 00:00:00.000001", "2024-06-01 12:00:00", "infinity"];
const ZONED: &[&str] =
    &["-infinity", "2024-01-01 00:00:00+05:30", "2024-06-01 12:00:00-07", "294276-12-30 00:00:00+00"];
const WORDS: &[&str] = &["", "\"", "(", ")", ",", "A", "\\", "a b"];

/// Creates what the types need on both sides, and lists all that both servers have.
pub(crate) fn create(pair: &Pair) -> Vec<Type> {
    pair.both(CREATE);
    let mut types = built_in();
    let major = pair.source.cluster.major().min(pair.target.cluster.major());
    if major >= 14 {
        types.extend(since_14());
    }
    if major >= 16 {
        types.push(Type { sql: "\"char\"", kind: Kind::Scalar(high_char) });
    }
    if major >= 17 {
        types.push(Type { sql: "interval", kind: Kind::Scalar(interval_infinite) });
    }
    let has_xml = |side: &tests::Side| side.try_rows("select '<a/>'::xml").is_ok();
    if has_xml(&pair.source) && has_xml(&pair.target) {
        types.push(Type { sql: "xml", kind: Kind::Scalar(xml) });
        types.push(Type { sql: "xml[]", kind: Kind::Scalar(xml).array() });
    } else {
        println!("left out: type xml, which this server was built without");
    }
    for (extension, sql, make) in EXTENSIONS {
        let create = format!("create extension {extension} schema public");
        let here = format!("select count(*) from pg_available_extensions where name = '{extension}'");
        if [&pair.source, &pair.target].iter().all(|side| side.number(&here) == 1) {
            pair.both(&create);
            types.push(Type { sql, kind: Kind::Scalar(*make) });
        } else {
            println!("left out: extension {extension}, which is not installed");
        }
    }
    types
}

fn built_in() -> Vec<Type> {
    let scalar = |sql, make| Type { sql, kind: Kind::Scalar(make) };
    let array = |sql, make| Type { sql, kind: Kind::Scalar(make).array() };
    let two = Kind::Composite(vec![Kind::Scalar(int4), Kind::Scalar(text), Kind::Scalar(numeric).array()]);
    let mut nest = vec![two.clone(), Kind::Scalar(mood), Kind::Scalar(float8), Kind::Scalar(json)];
    nest.push(two.clone().array());
    vec![
        scalar("bool", boolean),
        scalar("int2", int2),
        scalar("int4", int4),
        scalar("int8", int8),
        scalar("numeric", numeric),
        scalar("numeric(8,2)", numeric_8_2),
        scalar("float4", float4),
        scalar("float8", float8),
        scalar("money", money),
        scalar("\"char\"", ascii_char),
        scalar("name", name),
        scalar("char(8)", short_text),
        scalar("bpchar", text),
        scalar("varchar(8)", short_text),
        scalar("text", text),
        scalar("text collate \"C\"", text),
        scalar("bytea", bytea),
        scalar("bit(5)", bit_5),
        scalar("varbit", varbit),
        scalar("date", date),
        scalar("time", time),
        scalar("time(3)", time),
        scalar("timetz", timetz),
        scalar("timestamp", timestamp),
        scalar("timestamp(0)", timestamp),
        scalar("timestamptz", timestamptz),
        scalar("interval", interval),
        scalar("interval day to second(3)", interval),
        scalar("uuid", uuid),
        scalar("json", json),
        scalar("jsonb", jsonb),
        scalar("jsonpath", jsonpath),
        scalar("inet", inet),
        scalar("cidr", cidr),
        scalar("macaddr", macaddr),
        scalar("macaddr8", macaddr8),
        scalar("pg_lsn", pg_lsn),
        scalar("oid", oid),
        scalar("xid", oid),
        scalar("cid", oid),
        scalar("tid", tid),
        scalar("pg_snapshot", pg_snapshot),
        scalar("int2vector", int2vector),
        scalar("regclass", regclass),
        scalar("regtype", regtype),
        scalar("regprocedure", regprocedure),
        scalar("point", point),
        scalar("line", line),
        scalar("lseg", lseg),
        scalar("box", rectangle),
        scalar("path", path),
        scalar("polygon", polygon),
        scalar("circle", circle),
        scalar("tsvector", tsvector),
        scalar("tsquery", tsquery),
        scalar("public.mood", mood),
        scalar("public.code", code),
        scalar("public.positive", numeric),
        array("bool[]", boolean),
        array("int4[]", int4),
        array("text[]", text),
        array("numeric[]", numeric),
        array("float8[]", float8),
        array("bytea[]", bytea),
        array("timestamptz[]", timestamptz),
        array("interval[]", interval),
        array("jsonb[]", jsonb),
        array("json[]", json),
        array("char(8)[]", short_text),
        array("tsvector[]", tsvector),
        array("public.mood[]", mood),
        array("public.code[]", code),
        array("public.codes", code),
        Type { sql: "box[]", kind: Kind::Array(Box::new(Kind::Scalar(rectangle)), ';') },
        Type { sql: "int4range", kind: Kind::Range(INTEGERS) },
        Type { sql: "int8range", kind: Kind::Range(INTEGERS) },
        Type { sql: "numrange", kind: Kind::Range(NUMBERS) },
        Type { sql: "daterange", kind: Kind::Range(DATES) },
        Type { sql: "tsrange", kind: Kind::Range(TIMES) },
        Type { sql: "tstzrange", kind: Kind::Range(ZONED) },
        Type { sql: "public.span", kind: Kind::Range(FLOATS) },
        Type { sql: "public.words", kind: Kind::Range(WORDS) },
        Type { sql: "tstzrange[]", kind: Kind::Range(ZONED).array() },
        Type { sql: "public.words[]", kind: Kind::Range(WORDS).array() },
        Type { sql: "public.\"Pair\"", kind: two.clone() },
        Type { sql: "public.\"Pair\"[]", kind: two.clone().array() },
        Type { sql: "public.pair_domain", kind: two },
        Type { sql: "public.nest", kind: Kind::Composite(nest.clone()) },
        Type { sql: "public.nest[]", kind: Kind::Composite(nest).array() },
        Type { sql: "public.row_type", kind: Kind::Composite(vec![Kind::Scalar(int4), Kind::Scalar(text)]) },
    ]
}

fn since_14() -> Vec<Type> {
    vec![
        Type { sql: "numeric", kind: Kind::Scalar(numeric_infinite) },
        Type { sql: "xid8", kind: Kind::Scalar(oid) },
        Type { sql: "int4multirange", kind: Kind::Multirange(INTEGERS) },
        Type { sql: "nummultirange", kind: Kind::Multirange(NUMBERS) },
        Type { sql: "tstzmultirange", kind: Kind::Multirange(ZONED) },
        Type { sql: "datemultirange[]", kind: Kind::Multirange(DATES).array() },
    ]
}
