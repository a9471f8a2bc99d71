//! What capture costs in other sessions than those that prepare a statement and stay: that live for one transaction,
//! change their `search_path`, or leave it to a function to change rows.
use std::fmt::Write as _;

use tests::{Database, Pair};

use crate::capture::{WIDE, median, pgbench_with};
use crate::capture_parties::{NONE, parties};

/// What sessions do, with pgbench's arguments for it.
const KINDS: [(&str, &[&str], &str); 3] = [
    (
        "connection for each",
        &["-C"],
        "\\set id random(1, 100000)\nupdate wide set cnt = cnt + 1, upd = now() where id = :id;\n",
    ),
    (
        "search_path for each",
        &["-M", "prepared"],
        "\\set id random(1, 100000)\nset search_path = public;\n\
         update wide set cnt = cnt + 1, upd = now() where id = :id;\n\
         set search_path = public, pg_catalog;\nupdate wide set cnt = cnt + 1, upd = now() where id = :id;\n",
    ),
    ("by a function", &["-M", "prepared"], "\\set id random(1, 100000)\nselect touch(:id);\n"),
];

const TOUCH: &str = "create function touch(i bigint) returns void language plpgsql as $$
    begin update wide set cnt = cnt + 1, upd = now() where id = i; end $$";

struct Stand {
    name: &'static str,
    owner: Database,
    admin: Database,
    /// Milliseconds of a transaction.
    took: [Vec<f64>; 3],
}

pub(crate) fn run(pair: &Pair) -> String {
    let mut stands = Vec::new();
    for (at, party) in parties(pair).into_iter().flatten().enumerate() {
        let pair = pair.another(&format!("_capture_sessions{at}"));
        let (owner, admin) = (pair.source.app().clone(), pair.source.admin());
        owner.execute(WIDE.schema);
        owner.execute(TOUCH);
        (party.capture)(&owner, &admin, WIDE.table);
        admin.psql("vacuum analyze");
        stands.push(Stand { name: party.name, owner, admin, took: Default::default() });
    }
    for _ in 0..crate::contest::runs() {
        for (kind, (_, arguments, script)) in KINDS.iter().enumerate() {
            for stand in &mut stands {
                stand.admin.psql("checkpoint");
                stand.took[kind].push(1000.0 / pgbench_with(&stand.owner, script, 1, arguments).tps);
            }
        }
    }
    let mut out = format!(
        "capture: 11 columns, other sessions (medians of {}; \
         milliseconds of a transaction, and what capture adds)\n  {:<26}",
        crate::contest::runs(),
        ""
    );
    for (name, ..) in KINDS {
        write!(out, "{name:>24}").expect("a string can be written to");
    }
    out.push('\n');
    let none = [0, 1, 2].map(|kind| median(&stands[NONE].took[kind]));
    for stand in &stands {
        write!(out, "  {:<26}", stand.name).expect("a string can be written to");
        for (kind, none) in none.iter().enumerate() {
            let took = median(&stand.took[kind]);
            write!(out, "{:>24}", format!("{took:.2} ({:+.2})", took - none))
                .expect("a string can be written to");
        }
        out.push('\n');
    }
    out
}
