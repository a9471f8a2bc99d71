//! The generated capture functions as text, for whoever wants to read the trigger and not its printer: `golden/*.sql`.
//! `GOLDEN=write` writes them anew.
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::root::{Root, root};

/// A table for each form of capture, made before it is captured.
const TABLES: &[(&str, &str)] = &[
    ("statement", "create table statement (id int primary key, name text, at timestamptz not null)"),
    ("statement_keyless", "create table statement_keyless (a int, b text)"),
    (
        "statement_two_columns",
        "create table statement_two_columns (a text collate \"C\", b uuid, v money, primary key (a, b))",
    ),
    (
        "light",
        "create table light (id int primary key, n int, document text); \
         alter table light alter document set storage external; \
         insert into light select i, i, repeat(md5(i::text), 300) from generate_series(1, 300) i; analyze light",
    ),
    (
        "row",
        "create table \"row\" (id int, at date, v text, primary key (id, at)) partition by range (at); \
         create table row_1 partition of \"row\" for values from ('2026-01-01') to ('2027-01-01'); \
         create table row_2 (v text, at date not null, id int not null); \
         alter table \"row\" attach partition row_2 for values from ('2027-01-01') to ('2028-01-01')",
    ),
];

/// What version 18 asks besides: which columns are virtual. The answer for none is `{}`.
const VIRTUAL: &str = ", array(select a.attname from pg_attribute a where a.attrelid = \"..\".relation \
                                  and a.attgenerated = ''v'' order by a.attnum)";

/// The text as a version without virtual columns has it.
fn without_virtual(text: &str) -> String {
    let end = "' or londiste_rs.row_shape";
    if text.contains(VIRTUAL) {
        text.replace(VIRTUAL, "").replace(&format!(" {{}}{end}"), end)
    } else {
        text.to_owned()
    }
}

/// Functions of a table: their definitions by name, with names in place of what differs from server to server.
fn functions(root: &Root, before: i64, of: &str) -> String {
    let oid = root.app.value(&format!("select '{of}'::regclass::oid"));
    let found = root.app.rows(&format!(
        "select p.proname, pg_get_functiondef(p.oid) from pg_proc p join pg_namespace n on n.oid = p.pronamespace \
          where n.nspname in ('pgq', 'londiste_rs') and p.oid > {before} \
            and pg_get_functiondef(p.oid) ~ '\\y{oid}\\y' order by p.proname collate \"C\""
    ));
    let numbered = "select c.oid, c.relname from pg_class c \
                     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') \
                    union all select oid, conname from pg_constraint where connamespace = 'public'::regnamespace";
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for row in root.app.rows(numbered) {
        names.insert(row[0].clone().unwrap(), format!("<oid of {}>", row[1].clone().unwrap()));
    }
    let mut text = String::new();
    for row in found {
        let definition = row[1].clone().unwrap();
        let mut word = String::new();
        for c in definition.chars().chain(['\n']) {
            if c.is_ascii_alphanumeric() {
                word.push(c);
                continue;
            }
            // a hash of what a stock trigger was told, the table's number included
            let is_hash = word.len() == 16 && word.chars().all(|c| c.is_ascii_hexdigit());
            text += if is_hash { "<hash>" } else { names.get(&word).unwrap_or(&word) };
            word.clear();
            text.push(c);
        }
    }
    without_virtual(&text)
}

fn file(name: &str) -> PathBuf {
    tests::repository().join(format!("tests/tests/capture/golden/{name}.sql"))
}

#[test]
fn the_generated_functions_are_those_of_the_golden_files() {
    let root = root();
    let major = root.cluster.major();
    let before = root.app.number("select max(oid::int8) from pg_proc");
    let mut found = Vec::new();
    for (name, schema) in TABLES {
        root.app.execute(schema);
        if *name == "light" {
            // until version 14 a process of the server's counts rows, a moment later
            tests::wait_for(Duration::from_secs(30), "the rows are counted", || {
                let counted =
                    "select pg_stat_get_live_tuples(reltoastrelid) from pg_class where relname = 'light'";
                if root.app.number(counted) > 0 { Ok(()) } else { Err("none".to_owned()) }
            });
        }
        root.app.execute(&format!("select londiste_rs.capture_table('q', 'public.{name}')"));
        // from 17 on a value that stayed is told by its place
        let edition = if *name == "light" && major >= 17 { "light_17" } else { name };
        found.push((edition, functions(&root, before, &format!("\"{name}\""))));
    }
    root.app.execute(
        "create table stock (id int primary key, name text, at timestamptz); \
         create trigger log after insert or update or delete on stock for each row \
             execute function pgq.logutriga('q', 'backup')",
    );
    root.app
        .execute("insert into stock values (1, 'a', now()); update stock set name = 'b'; delete from stock");
    found.push(("stock", functions(&root, before, "stock")));
    let mut other = Vec::new();
    for (name, text) in &found {
        assert!(
            text.contains("create or replace function") || text.contains("CREATE OR REPLACE FUNCTION"),
            "{name}: {text:?}"
        );
        if std::env::var_os("GOLDEN").is_some() {
            std::fs::write(file(name), text).unwrap();
        } else if without_virtual(&std::fs::read_to_string(file(name)).unwrap_or_default()) != *text {
            let there = std::env::temp_dir().join(format!("golden-{name}.sql"));
            std::fs::write(&there, text).unwrap();
            other.push(format!("diff {} {}", file(name).display(), there.display()));
        }
    }
    assert!(other.is_empty(), "other functions than before; read them, then GOLDEN=write: {other:#?}");
}
