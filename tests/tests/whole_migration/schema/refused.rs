//! What cannot be compared or taken over.

use tests::{Invocation, Output, Pair, Setup};

use super::support::{schema, setup};

#[test]
fn a_side_that_cannot_be_asked_is_not_verified() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    let unnamed = schema(&setup, &[]);
    assert!(unnamed.code == 1 && unnamed.stderr.contains("--source CONNSTR"), "{}", unnamed.report());
    let away = schema(&setup, &["--source", "host=127.0.0.1 port=1 user=u dbname=d password=sesame"]);
    assert!(away.code == 3 && away.stderr.contains("the source: "), "{}", away.report());
    assert!(!away.stderr.contains("sesame"));
    one_table_that_is_locked_keeps_no_other_from_being_compared(&pair, &setup, &pair.source.connstr());
    let wrong = schema(&setup, &["--role-map", "x"]);
    assert_eq!(wrong.code, 2, "{}", wrong.report());
    let two = schema(&setup, &["--apply", "--print"]);
    assert_eq!(two.code, 2, "{}", two.report());
}

fn one_table_that_is_locked_keeps_no_other_from_being_compared(pair: &Pair, setup: &Setup, source: &str) {
    let tables =
        "create table held (id int check (id > 0), note text default 'x'); create table free (id int)";
    pair.both(tables);
    let mut locks = pair.target.connect();
    locks.batch_execute("begin; lock held").unwrap();
    let output = schema(setup, &["--source", source]);
    let line = "-- could not be read: table public.held of the target: is locked: give the command again";
    assert!(output.code == 3 && output.stdout.contains(line), "{}", output.report());
    pair.source.execute("alter table free add note text");
    let output = schema(setup, &["--source", source]);
    let mend = "alter table public.free add column note text;";
    assert!(output.code == 1 && output.stdout.contains(mend), "{}", output.report());
    assert!(
        output.stdout.contains("1 difference stops replication, 1 could not be read"),
        "{}",
        output.report()
    );
    drop(locks);
    pair.target.psql(mend);
    assert_eq!(schema(setup, &["--source", source]).code, 0);
}

#[test]
fn a_pg_dump_that_is_too_old_or_missing_is_named_with_its_package() {
    let pair = Pair::start();
    let setup = setup(&pair);
    let major = pair.source.cluster.major();
    let with_path = |path: &str| -> Output {
        let mut command = setup.command(setup.executable("londiste", &["target.ini"]));
        command.args(["target.ini", "schema", "--apply"]).env("PATH", path);
        Invocation::new(command).run()
    };
    let none = with_path("/nowhere");
    let package = format!("apt-get install postgresql-client-{major}");
    assert!(none.code == 1 && none.stderr.contains("pg_dump is not in the path"), "{}", none.report());
    assert!(none.stderr.contains(&package), "{}", none.report());
    let folder = setup.directory().join("tools");
    std::fs::create_dir(&folder).unwrap();
    let old = folder.join("pg_dump");
    std::fs::write(&old, "#!/bin/bash\necho 'pg_dump (PostgreSQL) 9.6.1'\n").unwrap();
    std::fs::set_permissions(&old, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let old = with_path(&format!("{}:/usr/bin:/bin", folder.display()));
    assert!(old.code == 1 && old.stderr.contains("is of version 9, and refuses"), "{}", old.report());
    assert!(old.stderr.contains(&package), "{}", old.report());
}
