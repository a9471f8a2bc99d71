//! Commands and options of the stock tool that this version does not have: one sentence each.

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
        "a leaf becomes the root of its queue, and the root its leaf, \
         by switchover with the leaf's ini file (docs/switch.md)",
    ),
    (
        "resurrect",
        "switchover makes the old root a leaf of the new one; after any other end of a root: drop-node, create-leaf",
    ),
    ("tag-dead", "a node that cannot be reached is taken out with drop-node"),
    ("tag-alive", "no command marks nodes as dead; a node that was dropped comes back with create-leaf"),
    (
        "rename-node",
        "a node keeps its name; drop-node and create-leaf under the new one, \
         with add-table --expect-sync while nothing writes",
    ),
    (
        "change-handler",
        "handlers are not supported: rows are applied as they were written, \
         and a table whose attributes name one is parked",
    ),
    (
        "show-handlers",
        "handlers are not supported: rows are applied as they were written, and there is none to show",
    ),
    ("copy", "the worker copies tables itself, as many at a time as parallel_copies says"),
    ("install", "create-root and create-leaf install what they need; sql/init_noext.sql does it by hand"),
];

const HANDLERS: &str = "handlers are not supported and rows are applied as they were written; leave it out, \
                        or let the stock worker serve this table";
const COPY_NODE: &str = "every leaf has the root as its provider, and copies from it; leave it out";
const TAKEOVER: &str = "a leaf becomes the root of its queue, and the root its leaf, \
                        by switchover with the leaf's ini file (docs/switch.md)";

/// Of any command: name, whether a value follows, what to do instead.
const OPTIONS: &[(&str, bool, &str)] = &[
    ("--handler", true, HANDLERS),
    ("--handler-arg", true, HANDLERS),
    ("--find-copy-node", false, COPY_NODE),
    ("--copy-node", true, COPY_NODE),
    (
        "--copy-condition",
        true,
        "a copy takes all rows; delete those that are not wanted afterwards, with on_conflict = skip in INI",
    ),
    ("--merge-all", false, "queues are not merged; add the table at the leaf of each queue"),
    ("--no-merge", false, "queues are never merged; leave it out"),
    ("--merge", true, "queues are not merged; make a leaf with an INI of its own for each queue"),
    (
        "--max-parallel-copy",
        true,
        "set parallel_copies in INI, and let the running worker read it again: londiste -r INI",
    ),
    ("--target", true, TAKEOVER),
    ("--dead", true, "a node that cannot be reached is taken out with drop-node"),
    ("--dead-root", false, TAKEOVER),
    ("--dead-branch", false, TAKEOVER),
    ("--sync-watermark", true, "only a root serves other nodes, and it waits for all of them; leave it out"),
    ("--sort-bufsize", true, "rows are compared where they are, and nothing is sorted; leave it out"),
];

/// Why there is no such command; `None` where the stock tool has none either.
pub(crate) fn command(word: &OsStr) -> Option<String> {
    let (name, why) = COMMANDS.iter().find(|(name, _)| word == *name)?;
    Some(format!("{name} does not exist in this version: {why}"))
}

/// Why there is no such option; `None` where the stock tool has none either.
pub(crate) fn option(name: &str) -> Option<String> {
    let (name, _, why) = OPTIONS.iter().find(|(option, ..)| *option == name)?;
    Some(format!("{name} does not exist in this version: {why}"))
}

/// Whether a value follows an option that only the stock tool has.
pub(crate) fn takes_value(name: &str) -> bool {
    OPTIONS.iter().any(|(option, takes, _)| *option == name && *takes)
}
