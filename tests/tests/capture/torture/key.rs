//! Keys of tables: expressions for the row of a number.
use fastrand::Rng;

/// A key column: name, type, and the expression for the row of a number.
pub(crate) type Key = (&'static str, &'static str, fn(i64, &mut Rng) -> String);

pub(crate) fn int(n: i64, _: &mut Rng) -> String {
    n.to_string()
}

/// Equal values in different writings.
pub(crate) fn numeric(n: i64, rng: &mut Rng) -> String {
    format!("{n}{}", ["", ".0", ".000"][rng.usize(..3)])
}

pub(crate) fn float(n: i64, rng: &mut Rng) -> String {
    if n == 0 && rng.bool() { "'-0'::float8".to_owned() } else { format!("'{n}'::float8") }
}

pub(crate) fn word(n: i64, _: &mut Rng) -> String {
    format!("'k\" ,{n}\u{e4}'")
}

pub(crate) fn padded(n: i64, rng: &mut Rng) -> String {
    format!("'c{n}{}'::char(8)", ["", "  "][rng.usize(..2)])
}

pub(crate) fn uuid(n: i64, _: &mut Rng) -> String {
    format!("'{n:032x}'::uuid")
}

pub(crate) fn moment(n: i64, _: &mut Rng) -> String {
    format!("timestamptz '2024-01-01 00:00:00.000001+00' + {n} * interval '1 hour'")
}

pub(crate) fn list(n: i64, rng: &mut Rng) -> String {
    if n % 7 == 0 { format!("'[{0}:{0}]={{{n}}}'::int[]", rng.i32(2..4)) } else { format!("array[{n}]") }
}

pub(crate) fn document(n: i64, rng: &mut Rng) -> String {
    format!("'{{\"n\": {n}{}}}'::jsonb", ["", ".0", ".00"][rng.usize(..3)])
}

pub(crate) fn part(n: i64, _: &mut Rng) -> String {
    (n % 5).to_string()
}

pub(crate) fn small(n: i64, _: &mut Rng) -> String {
    (n % 20).to_string()
}
