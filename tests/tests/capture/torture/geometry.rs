//! Texts of geometric values.
use fastrand::Rng;

use super::scalar::one_of;

fn number(rng: &mut Rng) -> String {
    match rng.u8(..3) {
        0 => one_of(rng, &["-0", "0", "0.1", "1e-300", "1e300", "Infinity"]),
        _ => format!("{}", rng.f64() * 2000.0 - 1000.0),
    }
}

pub(crate) fn point(rng: &mut Rng) -> String {
    match rng.u8(..6) {
        0 => "(NaN,-Infinity)".to_owned(),
        _ => format!("({},{})", number(rng), number(rng)),
    }
}

fn points(rng: &mut Rng, from: usize) -> String {
    let count = rng.usize(from..5);
    (0..count).map(|_| point(rng)).collect::<Vec<_>>().join(",")
}

pub(crate) fn line(rng: &mut Rng) -> String {
    format!("{{{},{},{}}}", rng.f64() + 0.5, number(rng), number(rng))
}

pub(crate) fn lseg(rng: &mut Rng) -> String {
    format!("[{},{}]", point(rng), point(rng))
}

pub(crate) fn rectangle(rng: &mut Rng) -> String {
    format!("{},{}", point(rng), point(rng))
}

pub(crate) fn path(rng: &mut Rng) -> String {
    let points = points(rng, 1);
    if rng.bool() { format!("[{points}]") } else { format!("({points})") }
}

pub(crate) fn polygon(rng: &mut Rng) -> String {
    format!("({})", points(rng, 1))
}

pub(crate) fn circle(rng: &mut Rng) -> String {
    format!("<{},{}>", point(rng), rng.f64() * 10.0)
}
