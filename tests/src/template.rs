//! One `initdb` for all clusters of a version: its result is kept and copied.
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::installation::{Installation, give_to_server_user, server_user};

/// The superuser of every cluster; only the harness logs in as it.
pub const ADMIN: &str = "postgres";

/// Fills `data` with a freshly initialised cluster, owned by the user that runs servers.
pub fn copy_into(data: &Path, installation: &Installation) {
    let template = template(installation);
    let mut command = Command::new("cp");
    let status =
        command.args(["-a", "--reflink=auto", "-T"]).arg(&template).arg(data).status().expect("cp runs");
    assert!(status.success(), "copying {} to {} failed", template.display(), data.display());
}

/// Made in a directory of its own and renamed into place, so that test processes can race for it.
fn template(installation: &Installation) -> PathBuf {
    let binary =
        std::fs::metadata(installation.bin.join("postgres")).expect("the server program can be read");
    let user = server_user().map_or_else(|| "self".to_owned(), |(uid, _)| uid.to_string());
    let name = format!("londiste-template-{}-{}-{user}-1MB", installation.major, binary.mtime());
    let template = std::env::temp_dir().join(name);
    if template.join("PG_VERSION").exists() {
        return template;
    }
    let making = tempfile::Builder::new().prefix("londiste-initdb-").tempdir().expect("temporary directory");
    give_to_server_user(making.path());
    let data = making.path().join("data");
    let mut initdb = installation.server_command("initdb");
    // small segments of the log: a third less to copy
    initdb.args([
        "--no-sync",
        "--wal-segsize=1",
        "-A",
        "trust",
        "-U",
        ADMIN,
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
    ]);
    initdb.arg("-D").arg(&data);
    let output = initdb.current_dir(making.path()).output().expect("initdb runs");
    assert!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    if std::fs::rename(&data, &template).is_err() {
        assert!(template.join("PG_VERSION").exists(), "no template at {}", template.display());
    }
    template
}
