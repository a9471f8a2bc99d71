//! `manual DIRECTORY`: man pages into `DIRECTORY/man1`, shell completions into `DIRECTORY/completions`. For packages;
//! not installed itself.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap_complete::Shell;

fn main() -> Result<()> {
    let directory = std::env::args_os().nth(1).map(PathBuf::from).context("usage: manual DIRECTORY")?;
    let (pages, completions) = (directory.join("man1"), directory.join("completions"));
    for made in [&pages, &completions] {
        std::fs::create_dir_all(made).with_context(|| format!("cannot make {}", made.display()))?;
    }
    for mut command in cli::definitions() {
        let name = command.get_name().to_owned();
        clap_mangen::generate_to(command.clone(), &pages).context("cannot write man pages")?;
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            clap_complete::generate_to(shell, &mut command, &name, &completions)
                .context("cannot write completions")?;
        }
    }
    Ok(())
}
