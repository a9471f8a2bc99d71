//! What the code knows and what the pages list is the same.

use std::collections::BTreeSet;
use std::process::Command;

use tests::{Invocation, executable};

use super::page::{self, first_cells, quoted, rows, section};

const COMMANDS: &str = "docs/commands.md";

/// Families of keys that are known by their beginning.
const FAMILIES: [&str; 2] = ["logdatefmt_*", "logfmt_*"];

#[test]
fn every_key_of_an_ini_file_is_documented_and_no_other() {
    for name in ["pgqd", "londiste"] {
        let mut known: BTreeSet<String> = daemon::ini::known_keys(name).map(str::to_owned).collect();
        if name == "londiste" {
            known.extend(FAMILIES.map(str::to_owned));
        }
        let cells = first_cells("docs/configuration.md", &format!("[{name}]"));
        let listed: BTreeSet<String> = cells.iter().flat_map(|cell| quoted(cell)).collect();
        let missing: Vec<_> = known.difference(&listed).collect();
        let invented: Vec<_> = listed.difference(&known).collect();
        assert!(
            missing.is_empty() && invented.is_empty(),
            "[{name}]: missing {missing:?}, invented {invented:?}"
        );
    }
}

/// A row of a table may be about several keys: their defaults then stand in one cell, in the same order.
#[test]
fn what_the_page_says_of_a_keys_default_and_of_a_reload_is_what_the_code_does() {
    for name in ["pgqd", "londiste"] {
        let mut found = 0;
        for cells in
            rows("docs/configuration.md", &format!("[{name}]")).iter().filter(|cells| cells.len() > 3)
        {
            let (names, default, reload) =
                (quoted(&cells[0]), &cells[cells.len() - 2], &cells[cells.len() - 1]);
            let defaults: Vec<&str> =
                if names.len() > 1 { default.split(", ").collect() } else { vec![default.as_str()] };
            for (name_of_key, default) in names.iter().zip(defaults) {
                let Some(key) = daemon::ini::keys(name).iter().find(|key| key.name == name_of_key) else {
                    continue;
                };
                found += 1;
                assert_eq!(reload, key.reload.as_str(), "[{name}] {name_of_key}: reload");
                let told = default.replace('`', "");
                let is_told = match key.default {
                    Some(value) => told == value || told.starts_with(&format!("{value}:")),
                    None => !told.starts_with(|c: char| c.is_ascii_digit()) || told == "0",
                };
                assert!(
                    is_told,
                    "[{name}] {name_of_key}: the page says {told:?}, the code {:?}",
                    key.default
                );
            }
        }
        let read = daemon::ini::keys(name).iter().filter(|key| key.is_read()).count();
        assert!(found >= read, "[{name}]: {found} of {read} keys stand in tables with default and reload");
    }
}

#[test]
fn every_command_and_option_is_documented_and_no_other() {
    let general = help("londiste", &["--help"]);
    same("londiste", &options(&general), &listed("londiste: options of every command"));
    let commands: Vec<&str> =
        block(&general, "Commands:").filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() >= 20, "{commands:?}");
    for command in &commands {
        let mut known = options(&help("londiste", &[command, "--help"]));
        known.retain(|word| word != "-h" && word != "--help");
        same(command, &known, &listed(command));
    }
    let described = section(COMMANDS, "londiste: commands");
    let described: BTreeSet<&str> = described.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(described, commands.into_iter().collect(), "commands of the page and of the program");
    same("pgqd", &options(&help("pgqd", &["--help"])), &listed("pgqd"));
    let help = help("londisted", &["--help"]);
    same("londisted", &options(&help), &listed("londisted"));
    let commands: BTreeSet<&str> =
        block(&help, "Commands:").filter_map(|line| line.split_whitespace().next()).collect();
    let cells = first_cells(COMMANDS, "londisted");
    let described = cells.iter().flat_map(|cell| quoted(cell)).filter_map(|words| {
        words.strip_suffix(" INI...").filter(|word| !word.starts_with('-')).map(str::to_owned)
    });
    let described: BTreeSet<String> = described.collect();
    assert_eq!(
        described.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        commands,
        "commands of londisted"
    );
}

/// Words of the server, not ours.
const OF_THE_SERVER: [&str; 3] = [
    "canceling statement due to lock timeout",
    "canceling statement due to statement timeout",
    "violates foreign key constraint",
];

#[test]
fn every_message_of_the_operations_page_is_in_the_code() {
    let code = code();
    let cells = first_cells("docs/operations.md", "Messages");
    let messages: Vec<String> = cells.iter().flat_map(|cell| quoted(cell)).collect();
    assert!(messages.len() > 60, "{} messages", messages.len());
    let fragments = messages.iter().flat_map(|message| message.split('…'));
    let fragments = fragments.map(|words| words.trim_matches([' ', ':', ',', '"', '[', ']']));
    let strange = fragments.filter(|words| {
        words.len() >= 8
            && !words.contains("SQLSTATE")
            && !OF_THE_SERVER.contains(words)
            && !code.contains(words)
    });
    let strange: Vec<&str> = strange.collect();
    assert!(strange.is_empty(), "not in the code: {strange:#?}");
}

/// All Rust and SQL text, with strings that go over several lines put together.
fn code() -> String {
    let mut command = Command::new("git");
    command.args(["ls-files", "crates", "sql"]).current_dir(tests::repository());
    let files = Invocation::new(command).run().expect_success().stdout.clone();
    let mut code = String::new();
    for name in files.lines().filter(|name| name.ends_with(".rs") || name.ends_with(".sql")) {
        let text = page::read(name);
        for line in text.lines() {
            match line.strip_suffix('\\') {
                Some(line) => code.push_str(line.trim_start()),
                None => code.extend([line.trim_start(), "\n"]),
            }
        }
    }
    code.replace("\\\"", "\"").replace("'\n'", "")
}

fn same(what: &str, known: &BTreeSet<String>, listed: &BTreeSet<String>) {
    let missing: Vec<_> = known.difference(listed).collect();
    let invented: Vec<_> = listed.difference(known).collect();
    assert!(missing.is_empty() && invented.is_empty(), "{what}: missing {missing:?}, invented {invented:?}");
}

/// Options in the first cells of the tables below a heading.
fn listed(title: &str) -> BTreeSet<String> {
    let cells = first_cells(COMMANDS, title);
    let words = cells.iter().flat_map(|cell| quoted(cell));
    words.filter(|word| word.starts_with('-')).map(|word| name(&word)).collect()
}

/// Options that a help text explains, short and long forms.
fn options(help: &str) -> BTreeSet<String> {
    block(help, "Options:")
        .filter(|line| line.trim_start().starts_with('-') && line.len() - line.trim_start().len() <= 6)
        .flat_map(|line| line.split_whitespace().take_while(|word| word.starts_with('-')).map(name))
        .collect()
}

/// Without its value and the dots of one that may be repeated.
fn name(word: &str) -> String {
    word.split([' ', '=']).next().unwrap_or_default().trim_end_matches([',', '.']).to_owned()
}

/// Lines of a help text below a title, up to the next title.
fn block<'a>(help: &'a str, title: &str) -> impl Iterator<Item = &'a str> {
    help.lines().skip_while(move |line| *line != title).skip(1).take_while(|line| line.starts_with("  "))
}

fn help(program: &str, words: &[&str]) -> String {
    let mut command = Command::new(executable(program));
    command.args(words);
    Invocation::new(command).run().expect_success().stdout.clone()
}

/// Names of metrics in a text, without the endings that the format adds to some.
fn metrics(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_lowercase() && c != '_');
    let ours = words.filter(|word| {
        ["londiste_", "pgqd_", "process_"].iter().any(|start| word.starts_with(start)) && !word.ends_with('_')
    });
    ours.map(|name| name.trim_end_matches("_total").trim_end_matches("_memory_bytes").to_owned()).collect()
}

#[test]
fn every_metric_is_documented_and_dashboard_and_alerts_know_no_other() {
    let code = page::read("crates/daemon/src/metrics/families.rs");
    // only names in quotes
    let quoted_words: String = code.split('"').skip(1).step_by(2).map(|word| format!("{word} ")).collect();
    let known: BTreeSet<String> =
        metrics(&quoted_words).iter().map(|name| name.trim_end_matches("_memory").to_owned()).collect();
    assert!(known.len() > 20, "{known:?}");
    let cells = first_cells("docs/monitoring.md", "Metrics");
    let listed = cells.iter().flat_map(|cell| metrics(cell)).collect();
    same("docs/monitoring.md", &known, &listed);
    for file in ["etc/grafana-dashboard.json", "etc/prometheus-alerts.yml"] {
        let used = metrics(&page::read(file));
        let invented: Vec<_> = used.difference(&known).collect();
        assert!(used.len() > 5 && invented.is_empty(), "{file}: {invented:?}");
    }
}
