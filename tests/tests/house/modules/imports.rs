//! Imports between the files of a crate, read from its source. What is compiled for tests only does not count, nor does
//! a crate's root, which every file may name.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

use super::circles::Graph;

/// The files of a crate by module path (`decode::json`; the root is empty).
pub(crate) struct Crate {
    files: BTreeMap<String, syn::File>,
}

impl Crate {
    /// Reads all files below `source`.
    pub(crate) fn read(source: &Path) -> Crate {
        let mut files = BTreeMap::new();
        read_into(source, source, &mut files);
        Crate { files }
    }

    /// Which module names which others.
    pub(crate) fn imports(&self) -> Graph {
        let exports: BTreeMap<&String, BTreeMap<String, String>> =
            self.files.iter().map(|(module, file)| (module, self.exports(module, file))).collect();
        let imports = self.files.iter().filter(|(module, _)| !module.is_empty()).map(|(module, file)| {
            let mut paths = Paths::default();
            paths.visit_file(file);
            let targets = paths.found.iter().filter_map(|path| self.target(module, path, &exports));
            (module.clone(), targets.filter(|target| target != module && !target.is_empty()).collect())
        });
        imports.collect()
    }

    /// Names that a file passes on from other modules: name, and the module it comes from.
    fn exports(&self, module: &str, file: &syn::File) -> BTreeMap<String, String> {
        let mut exports = BTreeMap::new();
        for item in &file.items {
            if let Item::Use(item) = item
                && !matches!(item.vis, syn::Visibility::Inherited)
            {
                let mut paths = Vec::new();
                flatten(&item.tree, &mut Vec::new(), &mut paths);
                for path in paths {
                    let from = absolute(module, &path).and_then(|path| self.module_of(&path));
                    if let (Some(from), Some(name)) = (from, path.last()) {
                        exports.insert(name.clone(), from);
                    }
                }
            }
        }
        exports
    }

    /// The module that a path in `module` leads to.
    fn target(
        &self,
        module: &str,
        path: &[String],
        exports: &BTreeMap<&String, BTreeMap<String, String>>,
    ) -> Option<String> {
        let path = absolute(module, path)?;
        let found = self.module_of(&path)?;
        let depth = if found.is_empty() { 0 } else { found.split("::").count() };
        let passed_on = path.get(depth).and_then(|name| exports.get(&found)?.get(name));
        Some(passed_on.cloned().unwrap_or(found))
    }

    /// The file that a path from the root leads into: the longest beginning that is a module.
    fn module_of(&self, path: &[String]) -> Option<String> {
        (0..=path.len())
            .rev()
            .map(|length| path[..length].join("::"))
            .find(|module| self.files.contains_key(module))
    }
}

fn read_into(root: &Path, directory: &Path, files: &mut BTreeMap<String, syn::File>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_into(root, &path, files);
            continue;
        }
        let name = path.strip_prefix(root).unwrap().with_extension("");
        let mut parts: Vec<&str> = name.iter().map(|part| part.to_str().unwrap()).collect();
        let last = parts.last().copied().unwrap_or_default();
        if path.extension().is_none_or(|extension| extension != "rs")
            || last.ends_with("tests")
            || matches!(last, "fuzz" | "main")
        {
            continue;
        }
        if matches!(last, "lib" | "mod") {
            parts.pop();
        }
        let file = syn::parse_file(&std::fs::read_to_string(&path).unwrap()).unwrap();
        files.insert(parts.join("::"), file);
    }
}

/// A path as written in `module`, from the crate's root; `None` where it leads out of the crate, or cannot be told.
fn absolute(module: &str, path: &[String]) -> Option<Vec<String>> {
    let mut from: Vec<String> =
        module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => {
            from.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        _ => {}
    }
    while rest.first().is_some_and(|part| part == "super") {
        from.pop()?;
        rest = &rest[1..];
    }
    from.extend(rest.iter().cloned());
    Some(from)
}

fn flatten(tree: &UseTree, before: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, paths);
            before.pop();
        }
        UseTree::Name(name) if name.ident == "self" => paths.push(before.clone()),
        UseTree::Name(name) => paths.push([before.as_slice(), &[name.ident.to_string()]].concat()),
        UseTree::Rename(name) => paths.push([before.as_slice(), &[name.ident.to_string()]].concat()),
        UseTree::Glob(_) => paths.push(before.clone()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, paths)),
    }
}

/// All paths of a file that are not for tests.
#[derive(Default)]
struct Paths {
    found: BTreeSet<Vec<String>>,
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        if of_item(item).iter().any(is_for_tests) {
            return;
        }
        if let Item::Use(item) = item {
            let mut paths = Vec::new();
            flatten(&item.tree, &mut Vec::new(), &mut paths);
            self.found.extend(paths);
        }
        visit::visit_item(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.found.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }
}

/// Attributes of an item that may be for tests only.
pub(crate) fn of_item(item: &Item) -> &[Attribute] {
    match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

pub(crate) fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
}
