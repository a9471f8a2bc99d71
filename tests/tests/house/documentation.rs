//! The documentation is right: its commands run, its samples are printed, its lists are complete.

mod desk;
mod links;
mod lists;
mod page;

use desk::{Desk, expect_sample};
use page::Part;
use tests::{Output, Pair, Setup, installation};

const MIGRATION: &str = "docs/migration.md";
const BY_HAND: &str = "docs/migration-by-hand.md";
const OPERATIONS: &str = "docs/operations.md";

/// Tables that the samples of the pages are about: a foreign key, a trigger, sequences, a table without key.
const SCHEMA: &str = "\
    create table customers (id bigserial primary key, name text not null, changed timestamptz not null default now());
    create table orders (id bigserial primary key, customer_id bigint not null references customers,
        total numeric(10,2), placed date);
    create table audit (at timestamptz not null default now(), what text);
    create function touch() returns trigger language plpgsql as $$ begin new.changed := now(); return new; end $$;
    create trigger touch before update on customers for each row execute function touch();";

const ROWS: &str = "\
    insert into customers (name) select 'customer ' || i from generate_series(1, 1000) i;
    insert into orders (customer_id, total, placed)
    select 1 + i % 1000, i, date '2026-01-01' + i % 300 from generate_series(1, 5000) i;
    insert into audit (what) select 'login ' || i % 50 from generate_series(1, 300) i;";

const WRITES: &str = "\
    update customers set name = name || '!' where id < 20;
    insert into customers (name) values ('the newest');
    insert into orders (customer_id, total) values (1001, 5);
    delete from orders where id % 100 = 7;
    delete from audit where what = 'login 3';";

#[test]
fn the_migration_page_moves_a_database_command_by_command() {
    let pair = Pair::start();
    if !pair.can_be_dumped() {
        return;
    }
    let setup = Setup::new(&pair);
    // init writes them
    for name in ["pgqd.ini", "source.ini", "target.ini"] {
        std::fs::remove_file(setup.directory().join(name)).expect("the ini file can be removed");
    }
    let parts = page::parts(MIGRATION).into_iter().map(|part| (MIGRATION, part));
    moves_a_database(&pair, &setup, parts.collect());
}

#[test]
fn the_page_by_hand_moves_a_database_command_by_command() {
    let pair = Pair::start();
    pair.forbid_silencing();
    let setup = Setup::new(&pair);
    let by_hand = page::parts(BY_HAND).into_iter().map(|part| (BY_HAND, part));
    moves_a_database(&pair, &setup, by_hand.collect());
}

/// Types all commands, and looks at what they print and what is left in the end.
fn moves_a_database(pair: &Pair, setup: &Setup, parts: Vec<(&str, Part)>) {
    pair.source.execute(SCHEMA);
    pair.source.execute(ROWS);
    let mut desk = Desk::new(setup);
    let mut last: Option<Output> = None;
    let mut blocks = 0;
    for (page, part) in parts {
        let (language, text, line) = match part {
            Part::Heading(title) => {
                if title.contains("Verify") {
                    pair.source.execute(WRITES);
                    the_queries_of_the_operations_page_run(pair);
                } else if title.contains("The way back") {
                    let enabled =
                        "select count(*) from pg_trigger where tgname = 'touch' and tgenabled = 'O'";
                    assert_eq!(pair.target.number(enabled), 1, "the target's own trigger works again");
                }
                continue;
            }
            Part::Block { language, text, line } => (language, text, line),
        };
        let place = format!("{page}:{line}");
        match language.as_str() {
            "sh" => {
                if text.contains("londiste back-leaf.ini wait-root") {
                    pair.target.execute(WRITES);
                }
                last = Some(desk.run(&dumped(&text, pair, setup), &place));
                blocks += 1;
                if text.contains("londiste back-leaf.ini wait-root") {
                    let sum = "select count(*) || ' ' || sum(total) from orders";
                    assert_eq!(
                        pair.source.value(sum),
                        pair.target.value(sum),
                        "the way back brings the new server's rows"
                    );
                }
            }
            "ini" => desk.write_ini(&text, &place),
            "text" => expect_sample(&text, last.as_ref().expect("a sample follows its command"), &place),
            _ => panic!("{place}: a block is sh, ini or text, not {language:?}"),
        }
    }
    assert!(blocks > 8, "{blocks} blocks");
    for side in [&pair.source, &pair.target] {
        let left = "select nspname from pg_namespace \
                     where nspname !~ '^(pg_(catalog|toast)|information_schema|public)'";
        assert!(side.rows(left).is_empty(), "{:?}", side.rows(left));
        assert_eq!(
            side.number("select count(*) from pg_trigger where not tgisinternal and tgenabled = 'O'"),
            1
        );
        assert_eq!(
            side.number(
                "select count(*) from pg_constraint \
                  where contype = 'f' and convalidated and not condeferrable"
            ),
            1
        );
    }
    for daemon in ["target", "source", "pgqd", "back-pgqd"] {
        let pidfile = setup.directory().join(format!("run/{daemon}.pid"));
        assert!(!pidfile.exists(), "{} is left", pidfile.display());
    }
}

/// Other versions than the system's bring no clients along: where `pg_dump` is older than the server, `SCHEMA` stands
/// in for what it writes.
fn dumped(text: &str, pair: &Pair, setup: &Setup) -> String {
    if installation::client_major("pg_dump") >= pair.source.cluster.major() {
        return text.to_owned();
    }
    std::fs::write(setup.directory().join("schema.sql"), SCHEMA).expect("the schema can be written");
    text.lines()
        .filter(|line| !line.starts_with("pg_dump "))
        .fold(String::new(), |text, line| text + line + "\n")
}

/// Each starts with `-- source`, `-- target` or `-- either`.
fn the_queries_of_the_operations_page_run(pair: &Pair) {
    let mut queries = 0;
    for part in page::parts(OPERATIONS) {
        let Part::Block { language, text, line } = part else { continue };
        if language != "sql" {
            continue;
        }
        let sides = match text.lines().next() {
            Some("-- source") => vec![&pair.source],
            Some("-- target") => vec![&pair.target],
            Some("-- either") => vec![&pair.source, &pair.target],
            other => panic!("{OPERATIONS}:{line}: which side? {other:?}"),
        };
        for side in sides {
            if let Err(error) = side.try_rows(&text) {
                panic!("{OPERATIONS}:{line}\n{text}\n{error:?}");
            }
        }
        queries += 1;
    }
    assert!(queries > 5, "{queries} queries");
}

#[test]
fn the_readmes_commands_work_as_they_stand() {
    let pair = Pair::start();
    pair.source.execute(SCHEMA);
    // a server that the system's pg_dump does not know: the schema is there already
    if installation::client_major("pg_dump") < pair.source.cluster.major() {
        pair.target.execute(SCHEMA);
    }
    pair.source.execute(ROWS);
    let setup = Setup::new(&pair);
    // init writes them
    for name in ["pgqd.ini", "source.ini", "target.ini"] {
        std::fs::remove_file(setup.directory().join(name)).expect("the ini file can be removed");
    }
    let mut desk = Desk::new(&setup);
    let in_use = page::parts("README.md")
        .into_iter()
        .skip_while(|part| !matches!(part, Part::Heading(title) if title == "Use it"));
    let block = in_use.skip(1).find_map(|part| match part {
        Part::Block { language, text, .. } if language == "sh" => Some(text),
        _ => None,
    });
    let block = block.expect("README.md has an sh block below \"Use it\"");
    for command in block.lines().filter(|line| !line.is_empty()) {
        desk.run(command, "README.md");
    }
    let ok = "select count(*) from londiste.table_info where local and merge_state = 'ok'";
    assert_eq!(pair.target.number(ok), 3);
    let validated =
        "select count(*) from pg_constraint where conname = 'orders_customer_id_fkey' and convalidated";
    assert_eq!(pair.target.number(validated), 1);
}
