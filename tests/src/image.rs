//! The root file system that `etc/Containerfile` describes, without its packages.
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::containerfile::{self, Stage};
use crate::{Setup, executable, repository};

/// The root file system.
pub struct Image {
    root: PathBuf,
    stage: Stage,
}

impl Image {
    /// Builds it in the directory of a setup. The reason why it could not be run, where that is not permitted here.
    pub fn build(setup: &Setup) -> Result<Image, String> {
        let shell = |script: &str| Command::new("sh").args(["-euc", script]).output().expect("sh runs");
        let tried = shell(
            "[ \"$(id -u)\" = 0 ] || { echo not root >&2; exit 1; }; unshare --mount --pid --fork true",
        );
        if !tried.status.success() {
            return Err(String::from_utf8_lossy(&tried.stderr).trim().to_owned());
        }
        let mut stages = containerfile::read(&repository().join("etc/Containerfile"));
        let stage = stages.pop().expect("a last stage");
        let image = Image { root: setup.directory().join("root"), stage };
        for directory in ["proc", "dev", "tmp", "etc", "bin"] {
            std::fs::create_dir_all(image.root.join(directory)).expect("a directory can be made");
        }
        for (from, sources, to) in image.stage.copies() {
            let to = image.root.join(to.trim_start_matches('/'));
            match from {
                Some(name) => {
                    let built = stages.iter().find(|stage| stage.name.as_deref() == Some(name));
                    image.install(setup, built.expect("the stage"), sources[0], &to);
                }
                None => sources.iter().for_each(|source| copy(&repository().join(source), &to)),
            }
        }
        image.add_libraries();
        let passwd = format!("londiste:x:{}::/tmp:/usr/sbin/nologin\n", image.user());
        std::fs::write(image.root.join("etc/passwd"), passwd).expect("passwd can be written");
        Ok(image)
    }

    /// What a stage does behind its build, with the program under test for the one that is built.
    fn install(&self, setup: &Setup, stage: &Stage, from: &str, to: &Path) {
        let at = setup.directory().join("build");
        std::fs::create_dir_all(at.join("target/release")).expect("a directory can be made");
        let program = at.join("target/release/londiste");
        std::os::unix::fs::symlink(executable("londiste"), &program).expect("a link can be made");
        let (_, script) = stage.one("RUN").split_once("&&").expect("something behind the build");
        let script = script.replace(from, &to.display().to_string());
        let done = Command::new("sh").args(["-euc", &script]).current_dir(&at).status();
        assert!(done.expect("sh runs").success(), "{script}");
    }

    /// Libraries of the program, a shell for hooks, and certificates: what the packages bring.
    fn add_libraries(&self) {
        std::fs::copy("/bin/sh", self.root.join("bin/sh")).expect("a shell");
        for program in [self.root.join("usr/bin/londiste"), self.root.join("bin/sh")] {
            let listed = Command::new("ldd").arg(&program).output().expect("ldd runs").stdout;
            for library in
                String::from_utf8_lossy(&listed).split_whitespace().filter(|word| word.starts_with('/'))
            {
                let to = self.root.join(library.trim_start_matches('/'));
                std::fs::create_dir_all(to.parent().expect("a directory")).expect("a directory can be made");
                std::fs::copy(library, to).unwrap_or_else(|error| panic!("{library}: {error}"));
            }
        }
        if Path::new("/etc/ssl/certs").exists() {
            copy(Path::new("/etc/ssl/certs"), &self.root.join("etc/ssl/certs"));
        }
    }

    /// Who runs in it.
    pub fn user(&self) -> &str {
        self.stage.one("USER")
    }

    /// What runs in it: entry point and command.
    pub fn command(&self) -> Vec<String> {
        [self.stage.list("ENTRYPOINT"), self.stage.list("CMD")].concat()
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory can be made");
    let inside = if from.is_dir() { from.join(".") } else { from.to_path_buf() };
    let copied = Command::new("cp").arg("-RL").arg(inside).arg(to).status().expect("cp runs");
    assert!(copied.success(), "{}", from.display());
}
