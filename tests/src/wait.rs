//! Waiting for something to become true, with a message worth reading when it does not.
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(50);

/// Asks `look` until it yields a value. `Err` carries what stood there instead; the last one is in the panic's message.
#[track_caller]
pub fn wait_for<T>(timeout: Duration, what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let started = Instant::now();
    loop {
        match look() {
            Ok(value) => return value,
            Err(seen) if started.elapsed() > timeout => panic!("not within {timeout:?}: {what}\n{seen}"),
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

/// Asks `look` until it says true.
#[track_caller]
pub fn wait_until(timeout: Duration, what: &str, mut look: impl FnMut() -> bool) {
    wait_for(timeout, what, || if look() { Ok(()) } else { Err(String::new()) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_handed_back_when_it_comes() {
        let mut calls = 0;
        let value = wait_for(Duration::from_secs(5), "third call", || {
            calls += 1;
            if calls < 3 { Err("not yet".to_owned()) } else { Ok(calls) }
        });
        assert_eq!(value, 3);
    }

    #[test]
    #[should_panic(expected = "state was in-copy")]
    fn what_was_seen_last_is_in_the_message() {
        wait_for(Duration::ZERO, "table ok", || Err::<(), _>("state was in-copy".to_owned()));
    }
}
