//! Which PostgreSQL programs to run, and as which user.
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One installed PostgreSQL: its directory of programs and its major version.
#[derive(Clone, Debug)]
pub struct Installation {
    /// Directory with `initdb`, `pg_ctl` and `postgres`.
    pub bin: PathBuf,
    /// 13 to 18.
    pub major: u32,
}

impl Installation {
    /// The server for one side: `PG_BIN_SOURCE` or `PG_BIN_TARGET`, else `PG_BIN`, else the newest under
    /// `/usr/lib/postgresql`.
    pub fn find(side: &str) -> Installation {
        let wanted = std::env::var_os(format!("PG_BIN_{}", side.to_uppercase()))
            .or_else(|| std::env::var_os("PG_BIN"));
        let bin = wanted
            .map(PathBuf::from)
            .or_else(newest_system)
            .expect("no PostgreSQL server found: run .ci/install-postgres, or set PG_BIN to its directory of programs");
        let said =
            Command::new(bin.join("postgres")).arg("--version").output().expect("postgres --version runs");
        let major = major_of(&String::from_utf8_lossy(&said.stdout));
        Installation { bin, major }
    }

    /// A server program, to be run as the user that may run servers.
    pub fn server_command(&self, program: &str) -> Command {
        as_server_user(&self.bin.join(program))
    }
}

/// A program, to be run as the user that may run servers.
pub fn as_server_user(program: &Path) -> Command {
    match server_user() {
        None => Command::new(program),
        Some((uid, gid)) => {
            let mut command = Command::new("setpriv");
            command
                .arg(format!("--reuid={uid}"))
                .arg(format!("--regid={gid}"))
                .arg("--clear-groups")
                .arg(program);
            command
        }
    }
}

/// Path of a client program (`psql`, `pgbench`, `pg_dump`): from `PG_BIN`, else the newest under `/usr/lib/postgresql`,
/// else from PATH.
pub fn client(program: &str) -> PathBuf {
    let own = std::env::var_os("PG_BIN").map(PathBuf::from);
    own.into_iter()
        .chain(newest_system())
        .map(|bin| bin.join(program))
        .find(|path| path.exists())
        .unwrap_or_else(|| PathBuf::from(program))
}

/// Major version of a client program: `pg_dump` refuses servers that are newer than itself.
pub fn client_major(program: &str) -> u32 {
    let said =
        Command::new(client(program)).arg("--version").output().expect("the program tells its version");
    major_of(&String::from_utf8_lossy(&said.stdout))
}

/// Servers refuse to run as root: uid and gid of `postgres`, else of `nobody`. `None` when we are not root.
pub fn server_user() -> Option<(u32, u32)> {
    if std::fs::metadata("/proc/self").expect("/proc is mounted").uid() != 0 {
        return None;
    }
    let passwd = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd can be read");
    let user = ["postgres", "nobody"].iter().find_map(|name| user_of(&passwd, name));
    Some(user.expect("running as root and neither postgres nor nobody is in /etc/passwd"))
}

/// Gives `path` to the user that runs servers.
pub fn give_to_server_user(path: &Path) {
    if let Some((uid, gid)) = server_user() {
        std::os::unix::fs::chown(path, Some(uid), Some(gid)).expect("chown to the server's user");
    }
}

fn user_of(passwd: &str, name: &str) -> Option<(u32, u32)> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn newest_system() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let newest = versions
        .filter_map(|entry| {
            Some((entry.as_ref().ok()?.file_name().to_str()?.parse::<u32>().ok()?, entry.ok()?.path()))
        })
        .filter(|(_, path)| path.join("bin/initdb").exists())
        .max_by_key(|(major, _)| *major)?;
    Some(newest.1.join("bin"))
}

fn major_of(version: &str) -> u32 {
    let number = version.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let digits: String = number.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no version in {version:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_any_release() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), 15);
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1\n"), 18);
    }

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let passwd = "postgresx:x:1:1::/:/bin/sh\n\
                      postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(user_of(passwd, "postgres"), Some((101, 104)));
        assert_eq!(user_of(passwd, "nobody"), None);
    }
}
