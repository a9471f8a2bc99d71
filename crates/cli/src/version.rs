//! Version of the programs, as `--version` tells it: with the build, and the servers that it knows.

/// All of it in one line.
pub(crate) const TEXT: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("LONDISTE_BUILD"), "; PostgreSQL 13 to 18)");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_are_those_that_preflight_lets_pass() {
        let servers = format!("PostgreSQL {} to {}", pg::SERVERS.start(), pg::SERVERS.end());
        assert!(TEXT.ends_with(&format!("; {servers})")), "{TEXT}");
    }
}
