//! Choice of checks by their names.

use crate::check::Check;
use crate::checks::ALL;

/// A name that no check has.
#[derive(Debug, thiserror::Error)]
#[error("there is no check {name}; the checks are {}", names().collect::<Vec<_>>().join(", "))]
pub struct Unknown {
    /// The name.
    pub name: String,
}

/// The names of all checks.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|check| check.name)
}

/// The checks that are to be made: those named, or all that read no rows; without those that are skipped.
///
/// # Errors
/// A name that no check has.
pub fn choose(named: &[String], skipped: &[String]) -> Result<Vec<&'static Check>, Unknown> {
    for name in named.iter().chain(skipped) {
        if !names().any(|known| known == name) {
            return Err(Unknown { name: name.clone() });
        }
    }
    let has = |list: &[String], check: &Check| list.iter().any(|name| name == check.name);
    let wanted = |check: &Check| if named.is_empty() { !check.reads_rows } else { has(named, check) };
    Ok(ALL.iter().copied().filter(|check| wanted(check) && !has(skipped, check)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_checks_that_read_rows_are_made_only_where_named() {
        let all: std::collections::BTreeSet<&str> = names().collect();
        assert_eq!(all.len(), ALL.len());
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let usual = choose(&[], &owned(&["reachable"])).unwrap();
        assert!(usual.iter().all(|check| !check.reads_rows && check.name != "reachable"));
        let reading = ALL.iter().find(|check| check.reads_rows).unwrap();
        assert_eq!(choose(&owned(&[reading.name]), &[]).unwrap()[0].name, reading.name);
        assert!(
            choose(&[], &owned(&["no-such"]))
                .unwrap_err()
                .to_string()
                .contains("no check no-such; the checks are")
        );
    }
}
