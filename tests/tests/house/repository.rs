//! The repository stands alone: no file of it points outside.

use std::path::PathBuf;
use std::process::Command;

/// Written in two halves, so that this file does not find itself.
const OUTSIDE: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("../sha", "red"),
    concat!("crates", ".io"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("pypi", ".org"),
    concat!("deb.debian", ".org"),
    concat!("apt.postgresql", ".org"),
];

#[test]
fn no_tracked_file_names_a_path_outside_or_a_package_registry() {
    let mut found = Vec::new();
    for (path, text) in tracked_texts() {
        if path.file_name().is_some_and(|name| name == "Cargo.lock") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            found.extend(
                OUTSIDE
                    .iter()
                    .filter(|word| line.contains(**word))
                    .map(|word| format!("{}:{}: {word}", path.display(), number + 1)),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// It is installed into databases of any encoding.
#[test]
fn sql_is_ascii() {
    let texts = tracked_texts();
    let sql = texts.iter().filter(|(path, _)| path.starts_with("sql"));
    let found: Vec<String> = sql
        .clone()
        .flat_map(|(path, text)| text.lines().enumerate().map(move |(at, line)| (path, at + 1, line)))
        .filter(|(_, _, line)| !line.is_ascii())
        .map(|(path, at, line)| format!("{}:{at}: {line}", path.display()))
        .collect();
    assert!(sql.count() > 50 && found.is_empty(), "{found:#?}");
}

#[test]
fn units_call_the_executables_where_they_are_installed() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new("make")
        .args(["--silent", "install-units", "PREFIX=/opt/lr"])
        .arg(format!("DESTDIR={}", directory.path().display()))
        .current_dir(tests::repository())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let units = directory.path().join("opt/lr/lib/systemd/system");
    for (unit, program) in
        [("londisted@", "londisted"), ("londiste-ticker@", "pgqd"), ("londiste-worker@", "londiste")]
    {
        let text = std::fs::read_to_string(units.join(format!("{unit}.service"))).unwrap();
        let start = format!("ExecStart=/opt/lr/bin/{program} /etc/londiste/%i");
        assert!(text.contains(&start) && !text.contains("/usr/"), "{text}");
    }
    assert!(directory.path().join("opt/lr/lib/sysusers.d/londiste.conf").exists());
}

#[test]
fn units_are_what_systemd_understands_and_let_the_processes_do_little() {
    let Ok(version) = Command::new("systemd-analyze").arg("--version").output() else {
        eprintln!("skipped: no systemd-analyze here");
        return;
    };
    assert!(version.status.success());
    let directory = tempfile::tempdir().unwrap();
    for name in ["londisted@", "londiste-ticker@", "londiste-worker@"] {
        let text =
            std::fs::read_to_string(tests::repository().join(format!("systemd/{name}.service"))).unwrap();
        // neither executables nor pages are where the package puts them
        let lines = text.lines().filter(|line| !line.starts_with("Documentation="));
        let text: Vec<String> = lines.map(|line| line.replace("=/usr/bin/", "=/bin/echo ")).collect();
        let unit = directory.path().join(format!("{name}x.service"));
        std::fs::write(&unit, text.join("\n")).unwrap();
        let analyze = |words: &[&str]| {
            let output = Command::new("systemd-analyze").args(words).arg(&unit).output().unwrap();
            let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert!(output.status.success(), "{said}");
            said
        };
        let said = analyze(&["verify", "--man=no", "--recursive-errors=no"]);
        assert!(!said.contains(name), "{said}");
        // of 100; without any sandbox it is more than 90
        analyze(&["security", "--offline=true", "--threshold=20", "--no-pager"]);
    }
}

#[test]
fn every_crate_inherits_the_workspaces_lints() {
    let manifests = tracked_texts()
        .into_iter()
        .filter(|(path, text)| path.ends_with("Cargo.toml") && text.contains("[package]"));
    let manifests: Vec<_> = manifests.collect();
    assert!(manifests.len() >= 9, "{} manifests", manifests.len());
    for (path, text) in manifests {
        assert!(text.contains("[lints]\nworkspace = true"), "{} has lints of its own", path.display());
    }
}

/// Files that git tracks and that are text, by their paths from the root.
pub(crate) fn tracked_texts() -> Vec<(PathBuf, String)> {
    let root = tests::repository();
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(&root).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let paths = String::from_utf8(output.stdout).unwrap();
    let texts = paths.split_terminator('\0').filter_map(|path| {
        let text = std::fs::read_to_string(root.join(path)).ok()?;
        Some((PathBuf::from(path), text))
    });
    texts.collect()
}

/// A module that is renamed would come back into `make test` unseen.
#[test]
fn long_tests_are_named_as_they_are() {
    let root = tests::repository();
    let config = std::fs::read_to_string(root.join(".config/nextest.toml")).unwrap();
    let filter = config.split("'''").nth(1).expect("the default filter");
    let mut known = 0;
    for part in filter.split("binary(").skip(1) {
        let (binary, rest) = part.split_once(')').expect("a binary");
        let directory = root.join("tests/tests").join(binary);
        assert!(directory.join("main.rs").is_file(), "no binary {binary}");
        let Some((_, modules)) = rest.split_once("/^(") else { continue };
        for module in modules.split(")::/").next().expect("modules").split('|') {
            let there =
                directory.join(module).with_extension("rs").is_file() || directory.join(module).is_dir();
            assert!(there, "no module {module} in {binary}");
            known += 1;
        }
    }
    assert!(known > 50, "{known} modules");
}
