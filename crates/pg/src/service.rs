//! Named services: `pg_service.conf` (libpq documentation, "The Connection Service File").

use std::path::Path;
use std::{fs, io};

use crate::environment::Environment;
use crate::{Error, Result, keyword};

/// Where Debian's and the default build's libpq look for the file of the machine.
const SYSTEM_DIRECTORIES: [&str; 3] = ["/etc/postgresql-common", "/etc/sysconfig/pgsql", "/etc"];

/// Keywords and values of the service `name`: from `file` if one is named, else from the user's, else the machine's.
pub(crate) fn read(
    name: &str,
    file: Option<&str>,
    environment: &Environment,
) -> Result<Vec<(String, String)>> {
    if let Some(file) = file {
        let text = fs::read_to_string(file)
            .map_err(|source| Error::File { what: format!("service file \"{file}\""), source })?;
        if let Some(found) = find(&text, name, file)? {
            return Ok(found);
        }
    } else if let Some(home) = environment.at_home(".pg_service.conf")
        && let Some(found) = find_in(&home, name)?
    {
        return Ok(found);
    }
    let named = environment.get("PGSYSCONFDIR");
    let directories = named.map_or_else(|| SYSTEM_DIRECTORIES.to_vec(), |one| vec![one]);
    for directory in directories {
        if let Some(found) = find_in(&Path::new(directory).join("pg_service.conf"), name)? {
            return Ok(found);
        }
    }
    Err(Error::ConnectString(format!("definition of service \"{name}\" not found")))
}

fn find_in(file: &Path, name: &str) -> Result<Option<Vec<(String, String)>>> {
    match fs::read_to_string(file) {
        Ok(text) => find(&text, name, &file.display().to_string()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File { what: format!("service file \"{}\"", file.display()), source }),
    }
}

fn find(text: &str, name: &str, file: &str) -> Result<Option<Vec<(String, String)>>> {
    let mut found: Option<Vec<(String, String)>> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let wrong = |what: &str| {
            Error::ConnectString(format!("{what} in service file \"{file}\", line {}", number + 1))
        };
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            if section.split(']').next() == Some(name) {
                found = Some(Vec::new());
            }
        } else if let Some(pairs) = &mut found {
            if line.starts_with("ldap") && line.contains("://") {
                return Err(wrong("look-up by LDAP is not supported, found"));
            }
            let (key, value) = line.split_once('=').ok_or_else(|| wrong("\"=\" missing"))?;
            let (key, value) = (key.trim(), value.trim());
            if key == "service" || key == "servicefile" {
                return Err(wrong("a service within a service"));
            }
            keyword::check(key, value).map_err(|e| wrong(&e.to_string()))?;
            // As in libpq, the first of several lines for one keyword counts.
            if !pairs.iter().any(|(k, _)| k == key) {
                pairs.push((key.to_owned(), value.to_owned()));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let text = "# c\n[a]\nhost=x\n\n  port = 1 \n[b]\nhost=y\n";
        let read = find(text, "a", "f").unwrap().unwrap();
        assert_eq!(read, [("host".into(), "x".into()), ("port".into(), "1".into())]);
        assert!(find(text, "c", "f").unwrap().is_none());
    }

    #[test]
    fn mistakes_name_file_and_line() {
        let message = find("[a]\nhosst=x", "a", "/f").unwrap_err().to_string();
        assert!(
            message.contains("line 2") && message.contains("\"/f\"") && message.contains("\"host\""),
            "{message}"
        );
    }
}
