//! Where the commands of a page are typed: a run directory with `~`, `sql/` and the executables in the path.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tests::guardian::MARK;
use tests::installation::client;
use tests::{Database, Invocation, Output, Setup, executable, repository};

/// A shell in the run directory of a [`Setup`], with a page's placeholders replaced by the two databases.
pub(crate) struct Desk<'a> {
    setup: &'a Setup,
    /// `export` lines: they hold for all later commands.
    exports: String,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(setup: &'a Setup) -> Desk<'a> {
        std::os::unix::fs::symlink(repository().join("sql"), setup.directory().join("sql"))
            .expect("link to sql/");
        Desk { setup, exports: String::new() }
    }

    /// Types `text` into a shell; panics where a command fails or PostgreSQL reports an error.
    #[track_caller]
    pub(crate) fn run(&mut self, text: &str, place: &str) -> Output {
        let text = self.filled(text);
        let script = format!("set -e -o pipefail\n{}{text}", self.exports);
        let exports = text.lines().filter(|line| line.starts_with("export "));
        self.exports.extend(exports.map(|line| format!("{line}\n")));
        let mut command = Command::new("bash");
        command.arg("-c").arg(script).current_dir(self.setup.directory());
        command.env(MARK, self.setup.directory()).env("HOME", self.setup.directory()).env("PATH", path());
        let output = Invocation::new(command).limit(Duration::from_secs(60)).run();
        assert!(output.code == 0 && !output.stderr.contains("ERROR"), "{place}\n{}", output.report());
        output
    }

    /// Writes an ini file; its first line is `# NAME.ini`.
    pub(crate) fn write_ini(&self, text: &str, place: &str) {
        let name = text.lines().next().and_then(|line| line.strip_prefix("# "));
        let name = name.unwrap_or_else(|| panic!("{place}: the first line is not \"# NAME.ini\""));
        let path = self.setup.directory().join(name);
        std::fs::write(&path, self.filled(text)).expect("the ini file can be written");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .expect("its mode can be set");
    }

    fn filled(&self, text: &str) -> String {
        let Setup { source, target, .. } = self.setup;
        let ticked = if text.contains("base_connstr = host=source") { source } else { target };
        let mut text = text.replace("database_list = app", &format!("database_list = {}", ticked.dbname));
        for (name, side) in [("source", source), ("target", target)] {
            let place = format!("host={name}.example.com port=5432");
            text = text
                .replace(&format!("{name}.example.com:5432:*:app:{name}-password"), &passfile_line(side))
                .replace(&format!("{place} dbname=app user=app"), &without_password(side))
                .replace(
                    &format!("{place} user=app"),
                    &format!("host={} port={} user={}", side.host, side.port, side.user),
                )
                .replace(&format!("postgresql://user:password@{name}:5432/app"), &side.uri())
                .replace(&format!("host={name} dbname=app user=user password=password"), &side.connstr());
            let left = [format!("{name}.example.com"), format!("@{name}:")]
                .into_iter()
                .find(|word| text.contains(word));
            assert_eq!(left, None, "a placeholder is not replaced in\n{text}");
        }
        text
    }
}

fn without_password(side: &Database) -> String {
    format!("host={} port={} dbname={} user={}", side.host, side.port, side.dbname, side.user)
}

fn passfile_line(side: &Database) -> String {
    let password = side.password.as_deref().expect("the role has a password");
    format!("{}:{}:*:{}:{password}", side.host, side.port, side.user)
}

/// The executables under test and PostgreSQL's own programs come first.
fn path() -> String {
    let folder = |program: PathBuf| program.parent().expect("a directory").display().to_string();
    let rest = std::env::var("PATH").unwrap_or_default();
    format!("{}:{}:{rest}", folder(executable("londiste")), folder(client("psql")))
}

/// Panics unless every line of `sample` is in what was printed. Numbers and blanks do not count.
#[track_caller]
pub(crate) fn expect_sample(sample: &str, output: &Output, place: &str) {
    let printed: Vec<String> = output.stdout.lines().chain(output.stderr.lines()).map(masked).collect();
    for line in sample.lines().map(masked).filter(|line| !line.is_empty()) {
        assert!(printed.contains(&line), "{place}: not printed: {line}\n{}", output.report());
    }
}

fn masked(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut masked = String::new();
    for character in words.join(" ").chars() {
        let character = if character.is_ascii_digit() { '#' } else { character };
        if character != '#' || !masked.ends_with('#') {
            masked.push(character);
        }
    }
    masked
}
