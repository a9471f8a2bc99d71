//! The repository stands alone: no file of it points outside.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::process::Command;

/// Written in two halves, so that this file does not find itself.
const OUTSIDE: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("../sha", "red"),
    concat!("crates", ".io"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("pypi", ".org"),
    concat!("deb.debian", ".org"),
    concat!("apt.postgresql", ".org"),
];

#[test]
fn no_tracked_file_names_a_path_outside_or_a_package_registry() {
    let mut found = Vec::new();
    for (path, text) in tracked_texts() {
        if path.file_name().is_some_and(|name| name == "Cargo.lock") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            found.extend(
                OUTSIDE
                    .iter()
                    .filter(|word| line.contains(**word))
                    .map(|word| format!("{}:{}: {word}", path.display(), number + 1)),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_crate_inherits_the_workspaces_lints() {
    let manifests = tracked_texts()
        .into_iter()
        .filter(|(path, text)| path.ends_with("Cargo.toml") && text.contains("[package]"));
    let manifests: Vec<_> = manifests.collect();
    assert!(manifests.len() >= 9, "{} manifests", manifests.len());
    for (path, text) in manifests {
        assert!(text.contains("[lints]\nworkspace = true"), "{} has lints of its own", path.display());
    }
}

fn tracked_texts() -> Vec<(PathBuf, String)> {
    let root = tests::repository();
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(&root).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let paths = String::from_utf8(output.stdout).unwrap();
    let texts = paths.split_terminator('\0').filter_map(|path| {
        let text = std::fs::read_to_string(root.join(path)).ok()?;
        Some((PathBuf::from(path), text))
    });
    texts.collect()
}
