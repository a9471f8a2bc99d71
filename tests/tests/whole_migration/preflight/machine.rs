//! Checks of this machine.

use tests::{Invocation, Output, Pair, Setup, executable};

use super::case::{line, preflight, setup};

/// Runs a check in a shell, behind words that narrow what the process may.
#[track_caller]
fn narrowed(setup: &Setup, before: &str, check: &str) -> Output {
    let mut command = setup.command("bash");
    let londiste = executable("londiste");
    command
        .arg("-c")
        .arg(format!("{before} exec '{}' target.ini preflight --check {check}", londiste.display()));
    Invocation::new(command).run()
}

#[test]
fn what_the_machine_lacks_is_told() {
    let pair = Pair::start();
    let setup = setup(&pair);
    let few = narrowed(&setup, "ulimit -n 100;", "open-files");
    line(&few, &["warning", "machine", "open files", "may be 100", "ulimit -n 1024"]);
    let enough = narrowed(&setup, "ulimit -n 1024;", "open-files");
    assert!(enough.code == 0 && enough.stdout.contains("1 check in order."), "{}", enough.report());

    let none = narrowed(&setup, "export PATH=/nowhere;", "tools");
    line(
        &none,
        &[
            "warning",
            "machine",
            "program pg_dump",
            "is not in the path",
            "apt-get install postgresql-client-",
        ],
    );
    let folder = setup.directory().join("tools");
    std::fs::create_dir(&folder).unwrap();
    let old = folder.join("pg_dump");
    std::fs::write(&old, "#!/bin/bash\necho 'pg_dump (PostgreSQL) 9.6.1'\n").unwrap();
    std::fs::set_permissions(&old, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("export PATH='{}':/usr/bin:/bin;", folder.display());
    line(
        &narrowed(&setup, &path, "tools"),
        &["warning", "machine", "is of version 9, and a server of version"],
    );
    let newest = pair.source.cluster.major().max(pair.target.cluster.major());
    std::fs::write(&old, format!("#!/bin/bash\necho 'pg_dump (PostgreSQL) {newest}.1 (Debian 1)'\n"))
        .unwrap();
    let new = narrowed(&setup, &path, "tools");
    assert!(new.stdout.contains("1 check in order."), "{}", new.report());

    // a file stands where a directory is needed: that refuses root as well
    let file = setup.directory().join("file");
    std::fs::write(&file, "").unwrap();
    let log = setup.directory().join("target.log").display().to_string();
    setup.set("target.ini", "logfile", &file.join("deep/target.log").display().to_string());
    let output = preflight(&setup, &["--check", "run-directory"]);
    assert_eq!(output.code, 1, "{}", output.report());
    line(&output, &["blocker", "machine", "directory ", "file/deep", "cannot be written", "sudo install -d"]);
    setup.set("target.ini", "logfile", &log);
    let output = preflight(&setup, &["--check", "run-directory,disk"]);
    assert!(output.code == 0 && output.stdout.contains("2 checks in order."), "{}", output.report());
    let output = narrowed(&setup, "export PATH=/nowhere;", "disk");
    assert_eq!(output.code, 3, "{}", output.report());
    line(&output, &["unchecked", "machine", "disk", "df "]);
}
