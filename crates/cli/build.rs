//! Tells the program which commit it is built from: `LONDISTE_COMMIT` of the builder's environment, else what git says
//! here. A debug build says that it is one, so that a commit does not have it built again.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=LONDISTE_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=LONDISTE_BUILD={}", build());
}

fn build() -> String {
    if let Ok(commit) = std::env::var("LONDISTE_COMMIT") {
        return format!("commit {commit}");
    }
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "debug") {
        return "debug build".to_owned();
    }
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    match git(&["rev-parse", "--short=12", "HEAD"]) {
        Some(commit) => format!("commit {commit}"),
        None => "built outside of a git repository".to_owned(),
    }
}

fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git").args(words).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned()).filter(|said| !said.is_empty())
}
