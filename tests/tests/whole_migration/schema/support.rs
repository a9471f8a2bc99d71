//! Runs of `schema`.

use tests::{Output, Pair, Setup};

/// An object of every kind.
pub(crate) const ZOO: &str = include_str!("zoo.sql");

/// A setup whose ini file names the source.
pub(crate) fn setup(pair: &Pair) -> Setup {
    let setup = Setup::new(pair);
    setup.set("target.ini", "initial_provider_location", &pair.source.app().connstr());
    setup
}

/// Runs `schema` with options.
#[track_caller]
pub(crate) fn schema(setup: &Setup, options: &[&str]) -> Output {
    setup.londiste(&[&["target.ini", "schema"], options].concat())
}

/// Panics unless nothing differs.
#[track_caller]
pub(crate) fn expect_same(setup: &Setup, options: &[&str]) {
    let output = schema(setup, options);
    assert!(output.code == 0 && output.stdout.contains("-- same: "), "{}", output.report());
}
