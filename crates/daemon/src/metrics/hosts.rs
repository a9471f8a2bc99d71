//! Host names under which the status page may be asked for.
//!
//! A web page of anybody can lead a name of its own to 127.0.0.1 and so read, in an operator's browser, what answers
//! there (DNS rebinding). The browser still sends that name. Addresses and this machine's own names cannot be led
//! anywhere; all others have to be in `metrics_hosts`.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use hyper::HeaderMap;
use hyper::header::HOST;

/// The names that are answered to, in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Hosts(BTreeSet<String>);

impl Hosts {
    /// This machine's own names, and those that were configured.
    pub(crate) fn new(configured: impl IntoIterator<Item = String>) -> Hosts {
        let own = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let names = configured.into_iter().chain([own, "localhost".to_owned()]);
        Hosts(
            names
                .map(|name| name.trim_end_matches('.').to_lowercase())
                .filter(|name| !name.is_empty())
                .collect(),
        )
    }

    /// Whether a request is for one of them. A caller that names nothing is no browser.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(HOST).iter().map(|value| value.to_str().unwrap_or("?"));
        let first = named.next();
        named.next().is_none() && first.is_none_or(|host| self.is_ours(host))
    }

    fn is_ours(&self, host: &str) -> bool {
        if let Some(rest) = host.strip_prefix('[') {
            return rest.split_once(']').is_some_and(|(address, port)| {
                address.parse::<Ipv6Addr>().is_ok() && (port.is_empty() || is_port(port.strip_prefix(':')))
            });
        }
        let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
        if port.is_some() && !is_port(port) {
            return false;
        }
        let name = name.trim_end_matches('.').to_lowercase();
        name.parse::<Ipv4Addr>().is_ok() || self.0.contains(&name)
    }
}

fn is_port(text: Option<&str>) -> bool {
    text.is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_known_names_only() {
        let hosts = Hosts::new(["DB1.example.com".to_owned()]);
        for host in [
            "localhost",
            "localhost:9187",
            "127.0.0.1:9187",
            "10.0.0.7",
            "[::1]:9187",
            "[::1]",
            "db1.example.com.:80",
        ] {
            assert!(hosts.is_ours(host), "{host}");
        }
        for host in [
            "evil.example.com",
            "evil.example.com:9187",
            "localhost.evil.com",
            "127.0.0.1.evil.com",
            "[evil]",
            "a:b:c",
            "",
            "localhost:x",
        ] {
            assert!(!hosts.is_ours(host), "{host}");
        }
        let headers = |names: &[&'static str]| {
            let mut headers = HeaderMap::new();
            names
                .iter()
                .for_each(|name| _ = headers.append(HOST, hyper::header::HeaderValue::from_static(name)));
            headers
        };
        assert!(hosts.allow(&headers(&[])));
        assert!(hosts.allow(&headers(&["localhost"])));
        assert!(!hosts.allow(&headers(&["localhost", "evil.example.com"])));
    }
}
