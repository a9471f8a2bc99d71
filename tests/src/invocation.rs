//! Runs a program to its end, with a time limit.
use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a program said and how it ended.
#[derive(Debug)]
pub struct Output {
    /// The command line, for messages.
    pub command: String,
    /// Exit code; -1 where a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// How long it ran.
    pub took: Duration,
}

impl Output {
    /// Panics with everything it said unless it exited with 0.
    #[track_caller]
    pub fn expect_success(&self) -> &Output {
        assert!(self.code == 0, "{}", self.report());
        self
    }

    /// Panics unless it exited with this code and wrote all of `words` to standard error.
    #[track_caller]
    pub fn expect_failure(&self, code: i32, words: &[&str]) -> &Output {
        assert!(self.code == code, "expected exit code {code}\n{}", self.report());
        for word in words {
            assert!(self.stderr.contains(word), "expected {word:?} on standard error\n{}", self.report());
        }
        self
    }

    /// Command, exit code, output: for messages.
    pub fn report(&self) -> String {
        format!("$ {}\nexit code {}\n{}\n{}", self.command, self.code, self.stdout, self.stderr)
    }
}

/// A program about to run.
pub struct Invocation {
    command: Command,
    limit: Duration,
}

impl Invocation {
    /// With a limit of two minutes. Settings of libpq in the environment do not reach the program.
    pub fn new(mut command: Command) -> Invocation {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        Invocation { command, limit: Duration::from_secs(120) }
    }

    /// Another limit.
    pub fn limit(mut self, limit: Duration) -> Invocation {
        self.limit = limit;
        self
    }

    /// Runs it to its end. Its output goes through files: a daemon that it leaves behind must not keep us waiting.
    #[track_caller]
    pub fn run(mut self) -> Output {
        let command = command_line(&self.command);
        let directory = tempfile::tempdir().expect("temporary directory");
        let [stdout, stderr] = ["stdout", "stderr"].map(|name| directory.path().join(name));
        self.command.stdin(Stdio::null());
        self.command
            .stdout(File::create(&stdout).expect("output file"))
            .stderr(File::create(&stderr).expect("output file"));
        let started = Instant::now();
        let mut child =
            self.command.spawn().unwrap_or_else(|error| panic!("$ {command}\ncannot be run: {error}"));
        let status = loop {
            if let Some(status) = child.try_wait().expect("the child can be waited for") {
                break Some(status);
            }
            if started.elapsed() > self.limit {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let took = started.elapsed();
        let read = |path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
        let code = status.and_then(|status| status.code()).unwrap_or(-1);
        let output = Output { command, code, stdout: read(&stdout), stderr: read(&stderr), took };
        assert!(status.is_some(), "did not end within {:?}\n{}", self.limit, output.report());
        output
    }
}

fn command_line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    let words = command.get_args().map(|argument| {
        let argument = argument.to_string_lossy();
        if argument.contains([' ', '\'', '"']) { format!("\"{argument}\"") } else { argument.into_owned() }
    });
    std::iter::once(name).chain(words).collect::<Vec<_>>().join(" ")
}
