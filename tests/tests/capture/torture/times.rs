//! Texts of dates, times and intervals, with eras, zones and infinities.
use fastrand::Rng;

use super::scalar::one_of;

fn day(rng: &mut Rng) -> String {
    format!("{:02}-{:02}", rng.u8(1..=12), rng.u8(1..=28))
}

pub(crate) fn date(rng: &mut Rng) -> String {
    match rng.u8(..6) {
        0 => one_of(
            rng,
            &["infinity", "-infinity", "4713-01-01 BC", "5874897-12-31", "0001-12-31 BC", "2024-02-29"],
        ),
        1 => format!("{:04}-{} BC", rng.u16(1..4713), day(rng)),
        2 => format!("{}-{}", rng.u32(10_000..5_000_000), day(rng)),
        _ => format!("{:04}-{}", rng.u16(1..9999), day(rng)),
    }
}

pub(crate) fn time(rng: &mut Rng) -> String {
    match rng.u8(..5) {
        0 => one_of(rng, &["24:00:00", "00:00:00", "23:59:59.999999"]),
        _ => {
            format!("{:02}:{:02}:{:02}.{:06}", rng.u8(..24), rng.u8(..60), rng.u8(..60), rng.u32(..1_000_000))
        }
    }
}

fn zone(rng: &mut Rng) -> String {
    let sign = if rng.bool() { '+' } else { '-' };
    format!("{sign}{:02}:{:02}", rng.u8(..15), rng.u8(..60))
}

pub(crate) fn timetz(rng: &mut Rng) -> String {
    format!("{}{}", time(rng), zone(rng))
}

pub(crate) fn timestamp(rng: &mut Rng) -> String {
    match rng.u8(..6) {
        0 => one_of(
            rng,
            &[
                "infinity",
                "-infinity",
                "4713-01-01 00:00:00 BC",
                "294276-12-31 23:59:59",
                "2000-01-01 00:00:00",
            ],
        ),
        1 => format!("{:04}-{} {} BC", rng.u16(2..4713), day(rng), time(rng)),
        _ => format!("{:04}-{} {}", rng.u16(1..9999), day(rng), time(rng)),
    }
}

pub(crate) fn timestamptz(rng: &mut Rng) -> String {
    match rng.u8(..6) {
        0 => one_of(
            rng,
            &["infinity", "-infinity", "4713-01-02 00:00:00+00 BC", "294276-12-30 23:59:59.999999+00"],
        ),
        1 => format!("{:04}-{} {}{} BC", rng.u16(2..4713), day(rng), time(rng), zone(rng)),
        _ => format!("{:04}-{} {}{}", rng.u16(1..9999), day(rng), time(rng), zone(rng)),
    }
}

pub(crate) fn interval(rng: &mut Rng) -> String {
    let (years, months, days) = (rng.i32(-9_999..9_999), rng.i32(-11..12), rng.i32(-9_999..9_999));
    let (hours, minutes, micros) = (rng.i32(-99_999..99_999), rng.i32(-59..60), rng.u32(..60_000_000));
    match rng.u8(..6) {
        0 => one_of(
            rng,
            &["PT0S", "P1M", "P30D", "PT24H", "P-178000000Y", "P-1DT1H", "PT-0.000001S", "P1Y-2M3DT-4H"],
        ),
        1 => format!("P{months}M"),
        2 => format!("PT{hours}H"),
        _ => format!(
            "P{years}Y{months}M{days}DT{hours}H{minutes}M{}.{:06}S",
            micros / 1_000_000,
            micros % 1_000_000
        ),
    }
}

pub(crate) fn interval_infinite(rng: &mut Rng) -> String {
    if rng.bool() { one_of(rng, &["infinity", "-infinity"]) } else { interval(rng) }
}
