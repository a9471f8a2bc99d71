use clap::Parser;

use super::super::arguments::Command;
use super::*;

fn parse(line: &[&str]) -> Arguments {
    let words =
        arranged(line.iter().map(OsString::from)).unwrap_or_else(|problem| panic!("{line:?}: {problem:?}"));
    Arguments::try_parse_from(words).unwrap_or_else(|problem| panic!("{line:?}: {problem}"))
}

fn refused(line: &[&str]) -> String {
    match arranged(line.iter().map(OsString::from)) {
        Err(problem) => problem,
        Ok(words) => Arguments::try_parse_from(words).expect_err("it is refused").to_string(),
    }
}

#[test]
fn the_definition_is_consistent() {
    Arguments::command().debug_assert();
}

#[test]
fn every_command_line_of_the_guide_is_understood() {
    let source = "dbname=shop port=5432 host=db.example password=s3cret user=shop";
    let target = "dbname=shop port=5430 user=cloud password=s3cret host=localhost";
    let root = parse(&["source.ini", "create-root", "primary", source]);
    let Some(Command::CreateRoot(root)) = root.command else { panic!("{root:?}") };
    assert_eq!((root.node.name.as_deref(), root.node.location.as_deref()), (Some("primary"), Some(source)));

    let worker = parse(&["-d", "source.ini", "worker"]);
    assert!(worker.options.background && matches!(worker.command, Some(Command::Worker(_))));
    assert_eq!(worker.ini.as_deref(), Some(std::path::Path::new("source.ini")));

    let provider = format!("--provider={source}");
    let leaf = parse(&["target.ini", "create-leaf", "subscriber", target, &provider]);
    let Some(Command::CreateLeaf(leaf)) = leaf.command else { panic!("{leaf:?}") };
    assert_eq!(leaf.provider.as_deref(), Some(source));
    assert_eq!(leaf.node.location.as_deref(), Some(target));

    for ini in ["source.ini", "target.ini"] {
        for command in ["add-seq", "add-table"] {
            assert!(parse(&[ini, command, "--all"]).command.is_some());
            assert!(parse(&[ini, command, "--all", "--no-triggers"]).command.is_some());
        }
    }
    let removed = parse(&["target.ini", "remove-table", "public.orders"]);
    let Some(Command::RemoveTable(removed)) = removed.command else { panic!("{removed:?}") };
    assert_eq!(removed.tables, ["public.orders"]);
    assert!(matches!(parse(&["target.ini", "status"]).command, Some(Command::Status(_))));
    assert!(matches!(parse(&["target.ini", "tables"]).command, Some(Command::Tables(_))));
}

#[test]
fn options_may_stand_anywhere() {
    for line in [
        &["--expect-sync", "--dest-table", "x", "-vv", "--set", "a=b,c=d", "t.ini", "add-table", "y"][..],
        &["t.ini", "--expect-sync", "add-table", "-v", "y", "--dest-table=x", "--set=a=b,c=d", "-v"],
        &[
            "t.ini",
            "add-table",
            "y",
            "--set=a=b,c=d",
            "--dest-table",
            "x",
            "--expect-sync",
            "--verbose",
            "-v",
        ],
    ] {
        let parsed = parse(line);
        assert_eq!(parsed.ini.as_deref(), Some(std::path::Path::new("t.ini")));
        assert_eq!(parsed.options.verbose, 2);
        assert_eq!(parsed.options.overrides, [("a".to_owned(), "b,c=d".to_owned())]);
        let Some(Command::AddTable(add)) = parsed.command else { panic!("{line:?}") };
        assert!(add.expect_sync);
        assert_eq!((add.tables, add.dest_table.as_deref()), (vec!["y".to_owned()], Some("x")));
    }
}

/// `--skip` takes a name at `preflight` and none at `execute`: the command that is named decides.
#[test]
fn an_option_takes_a_value_where_its_command_says_so() {
    for line in [
        ["t.ini", "execute", "--skip", "x.sql"],
        ["--skip", "t.ini", "execute", "x.sql"],
        ["t.ini", "execute", "x.sql", "--skip"],
    ] {
        let parsed = parse(&line);
        assert_eq!(parsed.ini.as_deref(), Some(std::path::Path::new("t.ini")), "{line:?}");
        let Some(Command::Execute(execute)) = parsed.command else { panic!("{line:?}") };
        assert!(execute.skip, "{line:?}");
    }
    for line in [["t.ini", "preflight", "--skip", "tls"], ["--skip", "tls", "t.ini", "preflight"]] {
        let parsed = parse(&line);
        assert!(matches!(parsed.command, Some(Command::Preflight(_))), "{line:?}");
        assert_eq!(parsed.ini.as_deref(), Some(std::path::Path::new("t.ini")), "{line:?}");
    }
}

#[test]
fn words_behind_two_dashes_are_names() {
    let Some(Command::Resync(resync)) = parse(&["t.ini", "resync", "--", "-odd", "--all"]).command else {
        panic!()
    };
    assert_eq!(resync.tables, ["-odd", "--all"]);
}

#[test]
fn switches_to_a_running_worker_need_no_command() {
    let stop = parse(&["-s", "t.ini"]);
    assert!(stop.options.stop && stop.command.is_none());
    assert!(parse(&["t.ini", "-k"]).options.kill);
    assert!(parse(&["t.ini", "--reload"]).options.reload);
    assert!(refused(&["-sk", "t.ini"]).contains("cannot be used with"));
    assert!(parse(&["--ini"]).options.sample);
}

#[test]
fn what_does_not_exist_is_refused_with_what_does() {
    assert!(
        refused(&["t.ini", "takeover", "x", "--all"])
            .starts_with("takeover does not exist in this version: ")
    );
    let problem = refused(&["t.ini", "take-over", "x"]);
    assert!(
        problem.contains("unknown command \"take-over\"") && problem.contains("create-root, create-leaf"),
        "{problem}"
    );
    let problem = refused(&["t.ini", "add-table", "--create-all", "y"]);
    assert!(
        problem.contains("add-table has no option --create-all") && problem.contains("--skip-truncate"),
        "{problem}"
    );
    // options of the stock tool, with and without values, wherever they stand
    for line in [
        &["--copy-node", "n", "t.ini", "add-table", "y"][..],
        &["t.ini", "--copy-node=n", "resync", "y"],
        &["t.ini", "add-seq", "y", "--copy-node", "n"],
    ] {
        assert!(
            refused(line).starts_with("--copy-node does not exist in this version: every leaf"),
            "{line:?}"
        );
    }
    assert!(refused(&["--no-merge", "t.ini", "add-table"]).contains("leave it out"));
    let problem = refused(&["--compact", "t.ini", "tables"]);
    assert!(problem.contains("tables has no option --compact; its options are --names-only"), "{problem}");
    assert!(refused(&["t.ini", "members", "--all"]).contains("members has no option --all"));
    assert!(refused(&["t.ini", "members", "x"]).contains("unexpected argument"));
    assert!(refused(&["t.ini", "--set", "x", "members"]).contains("KEY=VALUE"));
}

#[test]
fn help_is_found_with_and_without_an_ini_file() {
    for line in [&["add-table", "--help"][..], &["t.ini", "add-table", "-h"], &["-h", "t.ini", "add-table"]] {
        assert!(refused(line).contains("--skip-truncate"), "{line:?}");
    }
    assert!(refused(&["--help"]).contains("create-leaf"));
    assert!(refused(&["-V"]).contains("londiste"));
    assert!(refused(&["t.ini", "tables", "--version"]).contains("londiste"));
}
