//! Limits of how long a session waits.

use std::time::Duration;

/// Time limits of a session; zero is none. They hold in place of what server, database and role say; only what a
/// connect string says in
/// `options` counts more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A statement that asks or steers.
    pub statement: Duration,
    /// A statement that takes as long as its data: see [`Limits::unhurried`].
    pub long_statement: Duration,
    /// A wait for a lock.
    pub lock: Duration,
    /// A transaction in which nothing happens: nobody shall wait behind a process that stands still.
    pub idle_in_transaction: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            statement: Duration::from_secs(300),
            long_statement: Duration::from_secs(86_400),
            lock: Duration::from_secs(10),
            idle_in_transaction: Duration::from_secs(3600),
        }
    }
}

/// What the server does about a client that has vanished: it ends the session within two minutes, and its locks with
/// it.
const KEEPALIVES: [(&str, u32); 3] =
    [("tcp_keepalives_idle", 60), ("tcp_keepalives_interval", 10), ("tcp_keepalives_count", 6)];

/// A session of ours may rest, and a transaction of many statements may last.
const NEVER: [&str; 2] = ["idle_session_timeout", "transaction_timeout"];

/// What a session asks of the catalogs, or of a queue, is over before it would have been compiled; estimates are too
/// high for that to be seen.
const NO_COMPILER: &str = "('jit', 'off')";

impl Limits {
    /// For sessions whose statements take as long as their data: batches, indexes, foreign keys, VACUUM.
    #[must_use]
    pub fn unhurried(self) -> Self {
        Self { statement: self.long_statement, ..self }
    }

    /// For sessions whose statements are COPY.
    #[must_use]
    pub fn without_statement(self) -> Self {
        Self { statement: Duration::ZERO, ..self }
    }

    /// The statement that puts them into force for the rest of a session's life, with a word on keepalives and
    /// compilation. To be told again after a
    /// `reset all`. A setting that the server's version does not have is left out.
    pub fn as_sql(&self) -> String {
        let ours = [
            ("statement_timeout", milliseconds(self.statement)),
            ("lock_timeout", milliseconds(self.lock)),
            ("idle_in_transaction_session_timeout", milliseconds(self.idle_in_transaction)),
        ];
        let all = ours.into_iter().chain(KEEPALIVES).chain(NEVER.map(|name| (name, 0)));
        let mut values: Vec<String> = all.map(|(name, value)| format!("('{name}', '{value}')")).collect();
        values.push(NO_COMPILER.to_owned());
        format!(
            "select pg_catalog.count(pg_catalog.set_config(s.name, v.setting, false)) \
               from (values {}) v(name, setting) \
               join pg_catalog.pg_settings s on s.name = v.name where s.source <> 'client'",
            values.join(", ")
        )
    }

    /// The statement that puts the one on statements into force for the transaction in hand.
    pub fn as_local_sql(&self) -> String {
        format!("set local statement_timeout = {}", milliseconds(self.statement))
    }
}

/// As the server's settings count, zero for none.
fn milliseconds(limit: Duration) -> u32 {
    match limit {
        Duration::ZERO => 0,
        some => u32::try_from(some.as_millis()).unwrap_or(u32::MAX).clamp(1, i32::MAX as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_zero_and_a_short_one_is_not() {
        let counted = [0, 1, 1_500_000_000, u64::MAX].map(|nanos| milliseconds(Duration::from_nanos(nanos)));
        assert_eq!(counted, [0, 1, 1500, i32::MAX as u32]);
    }
}
