//! A headless browser, where this machine has one.
use std::path::{Path, PathBuf};

use crate::{Invocation, Setup};

/// Programs that understand the words of Chromium.
const PROGRAMS: [&str; 5] =
    ["chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "google-chrome-stable"];

/// A browser that is there.
pub struct Browser {
    program: PathBuf,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Pixels across and down.
    pub size: (u32, u32),
    /// The reader prefers dark.
    pub dark: bool,
}

impl Browser {
    /// Finds one; says so where there is none.
    pub fn find() -> Option<Browser> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places = || std::env::split_paths(&path).chain(["/usr/bin".into()]);
        let found = PROGRAMS
            .iter()
            .find_map(|name| places().map(|place| place.join(name)).find(|program| program.exists()));
        if found.is_none() {
            eprintln!("the page was not looked at in a browser, and no picture was taken: no chromium here");
        }
        found.map(|program| Browser { program })
    }

    #[track_caller]
    fn run(&self, setup: &Setup, url: &str, look: Look, arguments: &[&str]) -> String {
        let mut command = setup.command(&self.program);
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ]);
        command.arg(format!("--user-data-dir={}", setup.directory().join("browser").display()));
        command.arg(format!("--window-size={},{}", look.size.0, look.size.1));
        command.arg(format!("--blink-settings=preferredColorScheme={}", if look.dark { 0 } else { 1 }));
        command.args(arguments).arg(url);
        Invocation::new(command).run().expect_success().stdout.clone()
    }

    /// The document as the browser understands it: with what scripts would have made of it.
    #[track_caller]
    pub fn document(&self, setup: &Setup, url: &str) -> String {
        self.run(setup, url, Look { size: (1000, 900), dark: false }, &["--dump-dom"])
    }

    /// Takes a picture, which is not blank: `target/pictures/<name>.png`, or below the directory that `PAGE_PICTURES`
    /// names.
    #[track_caller]
    pub fn picture(&self, setup: &Setup, url: &str, look: Look, name: &str) {
        let place = std::env::var("PAGE_PICTURES").unwrap_or_else(|_| "target/pictures".to_owned());
        let place = crate::repository().join(place);
        std::fs::create_dir_all(&place).expect("a directory for pictures");
        let file = place.join(format!("{name}.png"));
        _ = std::fs::remove_file(&file);
        self.run(setup, url, look, &[&format!("--screenshot={}", file.display())]);
        assert!(length(&file) > 8_000, "{} is blank", file.display());
    }
}

fn length(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |data| data.len())
}
