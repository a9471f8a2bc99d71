//! `make install` puts everything where the units look for it.

use std::path::Path;
use std::process::Command;

#[test]
fn what_is_installed_is_found_where_it_is_said_to_be() {
    let directory = tempfile::tempdir().unwrap();
    let (built, root) = (directory.path().join("built"), directory.path().join("root"));
    std::fs::create_dir(&built).unwrap();
    let programs = tests::executable("londisted").parent().unwrap().to_owned();
    std::os::unix::fs::symlink(programs, built.join("release")).unwrap();
    let mut make = Command::new("make");
    make.current_dir(tests::repository()).args(["--silent", "--old-file=build", "install", "PREFIX=/opt/it"]);
    let made = make
        .arg(format!("DESTDIR={}", root.display()))
        .arg(format!("TARGET={}", built.display()))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    for program in ["pgqd", "londiste", "londisted"] {
        let said = Command::new(root.join("opt/it/bin").join(program)).arg("-V").output().unwrap();
        assert!(said.status.success() && said.stdout.starts_with(program.as_bytes()), "{program}");
    }
    let units = root.join("opt/it/lib/systemd/system");
    let units: Vec<_> = std::fs::read_dir(units).unwrap().map(|unit| unit.unwrap().path()).collect();
    assert_eq!(units.len(), 3, "{units:?}");
    for unit in units {
        let text = std::fs::read_to_string(&unit).unwrap();
        let program = text.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        let pages = text.lines().find_map(|line| line.strip_prefix("Documentation=file:")).unwrap();
        for path in [program.split(' ').next().unwrap(), pages] {
            let there = root.join(Path::new(path).strip_prefix("/").unwrap());
            assert!(path.starts_with("/opt/it/") && there.exists(), "{}: {path}", unit.display());
        }
    }
    assert!(root.join("opt/it/share/londiste-rs/sql/init_noext.sql").exists());
    assert!(root.join("opt/it/share/londiste-rs/etc/pgqd.ini").exists());
}
