//! Contents of the files, from two connect strings.

use std::path::{Path, PathBuf};

use pg::ConnectString;

use super::templates;
use crate::Place;

/// What the files are made from.
#[derive(Debug, Clone)]
pub struct Init {
    /// The way to the source.
    pub source: ConnectString,
    /// The way to the target.
    pub target: ConnectString,
    /// The directory of the files, as an absolute path: password files are named by it.
    pub directory: PathBuf,
    /// The queue's name.
    pub queue: String,
}

/// A file.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name in the directory.
    pub name: &'static str,
    /// Its permissions.
    pub mode: u32,
    /// What it holds.
    pub text: String,
}

/// Why there can be no files.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The connect string leaves out what the files have to say.
    #[error("--{place} names no {what}: postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    Missing {
        /// The side.
        place: Place,
        /// What it leaves out.
        what: &'static str,
    },
    /// A value cannot stand in such a file.
    #[error("--{place}: {what} cannot be written to {file}")]
    Unwritable {
        /// The side.
        place: Place,
        /// The value's keyword and what is wrong with it.
        what: &'static str,
        /// The file.
        file: &'static str,
    },
}

/// What a side is called.
struct Side<'a> {
    place: Place,
    at: &'a ConnectString,
    ini: &'static str,
    passwords: &'static str,
}

impl Init {
    fn sides(&self) -> [Side<'_>; 2] {
        [
            Side { place: Place::Source, at: &self.source, ini: "source.ini", passwords: "source.pgpass" },
            Side { place: Place::Target, at: &self.target, ini: "target.ini", passwords: "target.pgpass" },
        ]
    }

    /// Names of all files that may be written.
    pub fn names() -> [&'static str; 5] {
        ["pgqd.ini", "source.ini", "target.ini", "source.pgpass", "target.pgpass"]
    }

    /// The connect string of a side as the ini files have it, with its password file in `directory`.
    pub fn written(&self, place: Place, directory: &Path) -> ConnectString {
        let side = &self.sides()[usize::from(place == Place::Target)];
        match side.at.get("password") {
            None => side.at.clone(),
            Some(_) => {
                let file = directory.join(side.passwords);
                side.at.without("password").with("passfile", &file.to_string_lossy())
            }
        }
    }

    /// The files.
    ///
    /// # Errors
    /// A connect string that names no database or user, or has values that a file cannot hold.
    pub fn files(&self) -> Result<Vec<File>, Problem> {
        let mut files = Vec::new();
        for side in self.sides() {
            check(&side)?;
            if let Some(password) = side.at.get("password") {
                files.push(File { name: side.passwords, mode: 0o600, text: passwords(&side, password)? });
            }
        }
        let [source, target] =
            [Place::Source, Place::Target].map(|place| self.written(place, &self.directory));
        // A client key's password has no file of its own.
        let mode = |at: &ConnectString| if at.get("sslpassword").is_some() { 0o600 } else { 0o644 };
        let value = |text: String| text.replace('%', "%%");
        let [of_source, of_target] = [&source, &target].map(|at| value(at.to_conninfo()));
        let both = mode(&source) & mode(&target);
        // Section [pgqd] takes percent signs as they are.
        let ticker = templates::PGQD
            .replace("{base}", &source.without("dbname").to_conninfo())
            .replace("{databases}", source.get("dbname").unwrap_or_default());
        files.push(File { name: "pgqd.ini", mode: mode(&source), text: ticker });
        let queue = value(self.queue.clone());
        let root = templates::SOURCE.replace("{queue}", &queue).replace("{source}", &of_source);
        files.push(File { name: "source.ini", mode: mode(&source), text: root });
        let leaf = templates::TARGET.replace("{queue}", &queue);
        let leaf = leaf.replace("{target}", &of_target).replace("{source}", &of_source);
        files.push(File { name: "target.ini", mode: both, text: leaf });
        Ok(files)
    }
}

fn check(side: &Side<'_>) -> Result<(), Problem> {
    let service = side.at.get("service").is_some();
    for (keyword, what) in [("dbname", "database"), ("user", "user")] {
        if !service && side.at.get(keyword).is_none_or(str::is_empty) {
            return Err(Problem::Missing { place: side.place, what });
        }
    }
    if side.at.to_conninfo().contains(['\n', '\r']) {
        return Err(unwritable(side, "a value with a line break", side.ini));
    }
    let name = side.at.get("dbname").unwrap_or_default();
    if side.place == Place::Source && (name.contains(',') || name.trim() != name) {
        return Err(unwritable(
            side,
            "a database name with a comma, or with blanks at its ends,",
            "pgqd.ini",
        ));
    }
    if side.place == Place::Source && name.is_empty() {
        return Err(Problem::Missing { place: side.place, what: "database" });
    }
    Ok(())
}

fn unwritable(side: &Side<'_>, what: &'static str, file: &'static str) -> Problem {
    Problem::Unwritable { place: side.place, what, file }
}

/// A line for each host (libpq documentation, "The Password File"). Any database: the ticker connects to several.
fn passwords(side: &Side<'_>, password: &str) -> Result<String, Problem> {
    if password.contains(['\n', '\r']) {
        return Err(unwritable(side, "a password with a line break", side.passwords));
    }
    let user = field(side.at.get("user").unwrap_or("*"));
    let list = |key| {
        let value = side.at.get(key).unwrap_or_default();
        value.split(',').map(|part| if part.is_empty() { "*" } else { part }).collect::<Vec<_>>()
    };
    let (hosts, ports) = (list("host"), list("port"));
    let mut lines = Vec::new();
    for (at, host) in hosts.iter().enumerate() {
        // One port is for all hosts; a socket's directory is known as localhost where it is the default one.
        let port = ports.get(at).or(ports.first()).copied().unwrap_or("*");
        let host = if host.starts_with('/') || *host == "*" { "*".to_owned() } else { field(host) };
        lines.push(format!("{host}:{port}:*:{user}:{}\n", field(password)));
    }
    Ok(lines.concat())
}

fn field(value: &str) -> String {
    if value == "*" { value.to_owned() } else { value.replace('\\', "\\\\").replace(':', "\\:") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn init(source: &str) -> Init {
        Init {
            source: source.parse().unwrap(),
            target: "host=127.0.0.1 dbname=cloud user=owner".parse().unwrap(),
            directory: "/srv/my files".into(),
            queue: "migq".to_owned(),
        }
    }

    fn text(files: &[File], name: &str) -> String {
        files.iter().find(|file| file.name == name).map(|file| file.text.clone()).unwrap_or_default()
    }

    #[test]
    fn secrets_stand_in_password_files_only() {
        let heroku = "postgres://u1:p%3Aw%5C%25x@ec2-1.compute.amazonaws.com:5432/d1?sslmode=require";
        let files = init(heroku).files().unwrap();
        let line = "ec2-1.compute.amazonaws.com:5432:*:u1:p\\:w\\\\%x\n";
        assert_eq!(text(&files, "source.pgpass"), line);
        assert_eq!(text(&files, "target.pgpass"), "");
        for file in files.iter().filter(|file| file.name.ends_with(".ini")) {
            assert!(!file.text.contains("p:w") && file.mode == 0o644, "{}", file.text);
        }
        let ini = text(&files, "target.ini");
        let db = "initial_provider_location = user=u1 host=ec2-1.compute.amazonaws.com port=5432 dbname=d1 \
                  sslmode=require passfile='/srv/my files/source.pgpass'\n";
        assert!(ini.contains(db), "{ini}");
        assert!(text(&files, "pgqd.ini").contains("database_list = d1\n"));
    }

    #[test]
    fn what_the_files_have_to_say_is_missed() {
        let refused = |source: &str| init(source).files().unwrap_err().to_string();
        assert!(refused("postgres://u:p@h/").starts_with("--source names no database: postgres://"));
        assert!(refused("host=h dbname=d").contains("names no user"));
        assert!(refused("host=h user=u dbname='a,b'").contains("cannot be written to pgqd.ini"));
        assert!(
            init("host=h1,h2 port=1,2 user=u dbname=d password=x").files().unwrap()[0]
                .text
                .contains("h2:2:*:u:x")
        );
        let keyed = init("host=h user=u dbname=d sslpassword=x").files().unwrap();
        assert!(keyed.iter().all(|file| file.mode == 0o600));
    }
}
