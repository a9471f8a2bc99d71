//! The crates import downwards only, and are named as their folders.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Each crate may use those of lower floors; crates of one floor do not know each other.
const FLOORS: &[(&str, u32)] = &[
    ("pg", 0),
    ("pgq", 1),
    ("apply", 2),
    ("parts", 2),
    ("ticker", 3),
    ("consumer", 3),
    ("compare", 3),
    ("copier", 3),
    ("migration", 3),
    ("daemon", 4),
    ("cli", 5),
    ("manual", 6),
    ("tests", 6),
];

#[test]
fn no_crate_imports_upwards() {
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let own = floor(name).unwrap_or_else(|| panic!("{name} has no floor: say where it stands"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let imported = dependency["name"].as_str().unwrap();
            // The harness knows none of the crates, so their own tests may use it.
            let harness = imported == "tests" && dependency["kind"] == "dev";
            if let Some(floor) = floor(imported).filter(|_| dependency["path"].is_string() && !harness) {
                assert!(floor < own, "{name} (floor {own}) imports {imported} (floor {floor})");
            }
        }
    }
}

#[test]
fn packages_are_named_as_their_folders() {
    for package in packages() {
        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        assert_eq!(folder.file_name().unwrap().to_str(), package["name"].as_str(), "{}", folder.display());
    }
}

fn floor(name: &str) -> Option<u32> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

fn packages() -> Vec<Value> {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(tests::repository());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().clone();
    assert!(packages.len() >= FLOORS.len() - 1, "{} packages", packages.len());
    packages
}
