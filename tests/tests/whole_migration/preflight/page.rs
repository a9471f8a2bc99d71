//! The page of checks and the code name the same ones.

use std::collections::BTreeSet;

#[test]
fn every_check_is_on_the_page_and_no_other() {
    let page = std::fs::read_to_string(tests::repository().join("docs/preflight.md")).unwrap();
    let listed: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    let known: BTreeSet<&str> = migration::names().collect();
    let missing: Vec<_> = known.difference(&listed).collect();
    let invented: Vec<_> = listed.difference(&known).collect();
    assert!(
        known.len() > 40 && missing.is_empty() && invented.is_empty(),
        "missing {missing:?}, invented {invented:?}"
    );
}
