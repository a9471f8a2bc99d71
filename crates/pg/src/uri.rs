//! URI form of connect strings (libpq documentation, "Connection URIs").

use crate::{Error, Result};

/// An unescaped character ends the user or the password too early, and what is behind it looks like another part of the
/// URI.
const ESCAPED: &str = "In user and password, and @ anywhere, these characters have to be escaped: / is %2F, \
                       ? is %3F, @ is %40, : is %3A, # is %23, % is %25";

/// What follows `postgresql://` or `postgres://`.
pub(crate) fn after_scheme(text: &str) -> Option<&str> {
    ["postgresql://", "postgres://"].iter().find_map(|scheme| text.strip_prefix(scheme))
}

/// Keywords and values of `[user[:password]@][host[:port],…][/dbname][?key=value&…]`.
pub(crate) fn parse(rest: &str) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let rest = match user_end(rest) {
        Some(at) => {
            let (user, password) = split_once(&rest[..at], ':');
            push(&mut pairs, "user", decode(user)?);
            push(&mut pairs, "password", decode(password)?);
            &rest[at + 1..]
        }
        None => rest,
    };
    let (place, query) = split_once(rest, '?');
    let may_hold_at =
        pairs.iter().any(|(key, _)| key == "user") && pairs.iter().all(|(key, _)| key != "password");
    if place.contains('@') || (query.contains('@') && !may_hold_at) {
        return Err(Error::ConnectString(format!("\"@\" behind the host of the URI. {ESCAPED}")));
    }
    let (hosts, dbname) = split_once(place, '/');
    let (names, ports) = split_hosts(hosts)?;
    push(&mut pairs, "host", names);
    push(&mut pairs, "port", ports);
    push(&mut pairs, "dbname", decode(dbname)?);
    for parameter in query.split('&').filter(|p| !p.is_empty()) {
        let Some((key, value)) = parameter.split_once('=') else {
            return Err(Error::ConnectString("\"=\" missing in a query parameter of the URI".into()));
        };
        let (key, value) = (decode(key)?, decode(value)?);
        match (key.as_str(), value.as_str()) {
            // The spelling of JDBC, which libpq also takes.
            ("ssl", "true") => pairs.push(("sslmode".into(), "require".into())),
            _ => pairs.push((key, value)),
        }
    }
    Ok(pairs)
}

/// The `@` behind user and password. An unescaped `@` in a password is let through: no host name holds one.
fn user_end(rest: &str) -> Option<usize> {
    let authority = &rest[..rest.find('/').unwrap_or(rest.len())];
    let first = authority.find('@')?;
    let hosts = &authority[first..];
    hosts[..hosts.find('?').unwrap_or(hosts.len())].rfind('@').map(|more| first + more)
}

fn split_hosts(hosts: &str) -> Result<(String, String)> {
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for one in hosts.split(',') {
        let (name, port) = match one.strip_prefix('[') {
            Some(v6) => {
                let (address, port) = v6
                    .split_once(']')
                    .ok_or_else(|| Error::ConnectString("\"]\" missing after an IPv6 address".into()))?;
                let port = match port.strip_prefix(':') {
                    Some(port) => port,
                    None if port.is_empty() => "",
                    None => {
                        return Err(Error::ConnectString(
                            "unexpected text after \"]\" of an IPv6 address".into(),
                        ));
                    }
                };
                (address, port)
            }
            None => split_once(one, ':'),
        };
        names.push(decode(name)?);
        let port = decode(port)?;
        if !port.chars().all(|c| c.is_ascii_digit()) {
            return Err(Error::ConnectString(format!("the port in the URI is not a number. {ESCAPED}")));
        }
        ports.push(port);
    }
    let some = |all: &[String]| all.iter().any(|one| !one.is_empty());
    let ports = if some(&ports) { ports.join(",") } else { String::new() };
    let names = if some(&names) { names.join(",") } else { String::new() };
    Ok((names, ports))
}

fn split_once(text: &str, at: char) -> (&str, &str) {
    text.split_once(at).unwrap_or((text, ""))
}

fn push(pairs: &mut Vec<(String, String)>, key: &str, value: String) {
    if !value.is_empty() {
        pairs.push((key.to_owned(), value));
    }
}

fn decode(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next(), rest.next()].map(|d| d.and_then(|d| char::from(d).to_digit(16)));
        match digits {
            [Some(high), Some(low)] if high + low > 0 => bytes.push((high * 16 + low) as u8),
            _ => {
                return Err(Error::ConnectString(
                    "\"%\" in the URI is not followed by two hexadecimal digits other than 00 (write % itself as %25)"
                        .into(),
                ));
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| Error::ConnectString("a percent-encoded value is not UTF-8".into()))
}
