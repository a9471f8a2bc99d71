//! Modules of a crate import each other in one direction only: no circle of files. SQL stands in crate `pgq`.

mod circles;
mod facade;
mod imports;

use std::path::{Path, PathBuf};

use imports::Crate;

/// Circles of files in a crate, each as its modules joined by blanks.
fn circles_of(source: &Path) -> Vec<String> {
    let krate = Crate::read(source);
    circles::find(&krate.imports()).iter().map(|circle| circle.join(" ")).collect()
}

#[test]
fn no_crate_has_a_circle_of_modules() {
    let crates = std::fs::read_dir(tests::repository().join("crates")).unwrap();
    let mut crates: Vec<PathBuf> = crates.map(|entry| entry.unwrap().path().join("src")).collect();
    crates.sort();
    let mut found = Vec::new();
    for source in &crates {
        let name = source.parent().unwrap().file_name().unwrap().to_str().unwrap();
        found.extend(circles_of(source).into_iter().map(|circle| format!("{name}: {circle}")));
    }
    assert!(crates.len() >= 9, "{crates:?}");
    assert!(found.is_empty(), "{} circles: {found:#?}", found.len());
}

#[test]
fn a_circle_is_found_whatever_the_way_of_importing() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("lib.rs", "mod a; mod b; mod c; mod d; pub use b::Thing;");
    write("a.rs", "mod deep; use crate::Thing; fn f() { deep::g(); }");
    write("a/deep.rs", "pub fn g() { crate::c::h(); }");
    write("b.rs", "pub struct Thing; fn f() { crate::a::f(); }");
    write("c.rs", "use super::d::{self, E};");
    write("d.rs", "pub enum E {} #[cfg(test)] mod tests { use crate::c; }");
    assert_eq!(circles_of(directory.path()), ["a b"]);
    write("d.rs", "pub enum E {} fn f() { crate::c::h(); }");
    assert_eq!(circles_of(directory.path()), ["a b", "c d"]);
    write("d.rs", "pub enum E {}");
    write("b.rs", "pub struct Thing;");
    write("a/deep.rs", "pub fn g() { super::f(); }");
    assert_eq!(circles_of(directory.path()), ["a a::deep"]);
}
