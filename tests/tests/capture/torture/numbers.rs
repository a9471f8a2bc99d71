//! Texts of numbers: the ordinary and the extremes.
use fastrand::Rng;

use super::scalar::one_of;

pub(crate) fn int2(rng: &mut Rng) -> String {
    rng.i16(..).to_string()
}

pub(crate) fn int4(rng: &mut Rng) -> String {
    match rng.u8(..4) {
        0 => one_of(rng, &["-2147483648", "2147483647", "0", "-1"]),
        _ => rng.i32(..).to_string(),
    }
}

pub(crate) fn int8(rng: &mut Rng) -> String {
    match rng.u8(..4) {
        0 => one_of(rng, &["-9223372036854775808", "9223372036854775807"]),
        _ => rng.i64(..).to_string(),
    }
}

pub(crate) fn oid(rng: &mut Rng) -> String {
    rng.u32(..).to_string()
}

fn digits(rng: &mut Rng, most: usize) -> String {
    let count = rng.usize(1..=most);
    (0..count).map(|_| rng.digit(10)).collect()
}

fn long_digits(rng: &mut Rng) -> String {
    let most = if rng.u8(..20) == 0 { 300 } else { 40 };
    digits(rng, most)
}

pub(crate) fn numeric(rng: &mut Rng) -> String {
    let sign = if rng.bool() { "-" } else { "" };
    match rng.u8(..8) {
        0 => "NaN".to_owned(),
        1 => format!("{sign}{}", long_digits(rng)),
        2 => format!("{sign}0.{}", long_digits(rng)),
        3 => format!("{sign}{}.000", digits(rng, 4)),
        4 => format!("{sign}{}e{}", digits(rng, 3), rng.i32(-200..200)),
        5 => one_of(rng, &["0", "0.00", "-0.000", "1", "1.0", "1.00"]),
        _ => format!("{sign}{}.{}", digits(rng, 12), digits(rng, 12)),
    }
}

pub(crate) fn numeric_8_2(rng: &mut Rng) -> String {
    format!("{}.{:02}", rng.i32(-999_999..1_000_000), rng.u8(..100))
}

pub(crate) fn numeric_infinite(rng: &mut Rng) -> String {
    if rng.bool() { one_of(rng, &["Infinity", "-Infinity", "NaN"]) } else { numeric(rng) }
}

pub(crate) fn float8(rng: &mut Rng) -> String {
    match rng.u8(..3) {
        0 => one_of(
            rng,
            &[
                "NaN",
                "Infinity",
                "-Infinity",
                "-0",
                "0",
                "4.9e-324",
                "1.7976931348623157e308",
                "0.1",
                "2.2250738585072014e-308",
            ],
        ),
        _ => {
            let value = f64::from_bits(rng.u64(..));
            if value.is_nan() { "NaN".to_owned() } else { format!("{value:e}").replace("inf", "Infinity") }
        }
    }
}

pub(crate) fn float4(rng: &mut Rng) -> String {
    match rng.u8(..3) {
        0 => one_of(rng, &["NaN", "Infinity", "-Infinity", "-0", "0", "1e-45", "3.4028235e38", "0.1"]),
        _ => {
            let value = f32::from_bits(rng.u32(..));
            if value.is_nan() { "NaN".to_owned() } else { format!("{value:e}").replace("inf", "Infinity") }
        }
    }
}

pub(crate) fn money(rng: &mut Rng) -> String {
    format!("{}.{:02}", rng.i64(-92_233_720_368_547_757..92_233_720_368_547_757), rng.u8(..100))
}
