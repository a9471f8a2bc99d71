//! Places where a process may die, named so that tests can make it die there.
//!
//! `LONDISTE_FAIL_POINT=<name>` aborts the process when it comes to that place, `<name>:3` when it comes there for the
//! third time. Debug builds only: in release builds nothing of it exists.

/// The process may die here.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn reached(_point: &str) {}

/// The process may die here.
#[cfg(debug_assertions)]
pub fn reached(point: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static CHOSEN: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let chosen = CHOSEN.get_or_init(|| {
        let chosen = std::env::var("LONDISTE_FAIL_POINT").ok()?;
        let (name, times) = chosen.split_once(':').unwrap_or((&chosen, "1"));
        Some((name.to_owned(), times.parse().unwrap_or(1)))
    });
    if let Some((name, times)) = chosen
        && name == point
        && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == *times
    {
        // as by kill -9: nothing is unwound, nobody is told
        std::process::abort();
    }
}
