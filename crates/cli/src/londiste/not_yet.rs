//! Commands of the stock tool that this version does not have: one sentence each.

use std::ffi::OsStr;

/// Each with what to do instead.
const COMMANDS: &[(&str, &str)] = &[
    ("create-branch", "only a root serves other nodes; make each target a leaf of the root: create-leaf"),
    (
        "change-provider",
        "every leaf has the root as its provider; to move one: drop-node, then create-leaf at the other root",
    ),
    (
        "takeover",
        "a leaf does not become the root of a running queue; docs/migration.md tells how applications change over to it",
    ),
    (
        "resurrect",
        "an old root is not rejoined; drop its node and make it a leaf of the new one: drop-node, create-leaf",
    ),
    ("tag-dead", "a node that cannot be reached is taken out with drop-node"),
    ("tag-alive", "no command marks nodes as dead; a node that was dropped comes back with create-leaf"),
    (
        "rename-node",
        "a node keeps its name; drop-node and create-leaf under the new one, with add-table --expect-sync while nothing writes",
    ),
    (
        "change-handler",
        "handlers are not supported: rows are applied as they were written, and a table whose attributes name one is parked",
    ),
    (
        "show-handlers",
        "handlers are not supported: rows are applied as they were written, and there is none to show",
    ),
];

/// Why there is no such command; `None` where the stock tool has none either.
pub(crate) fn reason(word: &OsStr) -> Option<String> {
    let (name, why) = COMMANDS.iter().find(|(name, _)| word == *name)?;
    Some(format!("{name} does not exist in this version: {why}"))
}
