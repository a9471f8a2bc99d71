//! Terminal: answers and news on standard output, trouble on standard error.

use std::io::Write;

/// An error with its causes. What PostgreSQL said is told once, though errors around it repeat it.
pub(crate) fn describe(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = if text.is_empty() { words } else { format!("{text}: {words}") };
        }
        if cause.is::<pg::Error>() {
            break;
        }
    }
    text
}

/// Where the program speaks. Writing never fails it: a reader that has gone away needs nothing more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    quiet: u8,
    /// What trouble begins with.
    trouble: &'static str,
}

impl Default for Terminal {
    fn default() -> Self {
        Terminal { quiet: 0, trouble: "ERROR" }
    }
}

impl Terminal {
    /// `quiet` is the number of `-q`.
    pub(crate) fn new(quiet: u8) -> Terminal {
        Terminal { quiet, ..Terminal::default() }
    }

    /// The same for a program that names itself before what went wrong.
    pub(crate) fn of(program: &'static str, quiet: u8) -> Terminal {
        Terminal { quiet, trouble: program }
    }

    /// What the command was asked for.
    pub(crate) fn print(self, text: &str) {
        _ = writeln!(std::io::stdout(), "{text}");
    }

    /// What the command does; silent with `-q`.
    pub(crate) fn say(self, text: &str) {
        if self.quiet == 0 {
            self.print(text);
        }
    }

    /// Whether it says what the command does.
    pub(crate) fn speaks(self) -> bool {
        self.quiet == 0
    }

    /// What the user should know, though the command goes on; silent with `-qq`.
    pub(crate) fn warn(self, text: &str) {
        if self.quiet < 2 {
            _ = writeln!(std::io::stderr(), "WARNING: {text}");
        }
    }

    /// What went wrong.
    pub(crate) fn complain(self, text: &str) {
        _ = writeln!(std::io::stderr(), "{}: {text}", self.trouble);
    }
}
