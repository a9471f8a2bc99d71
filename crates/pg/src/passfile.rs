//! Password file (libpq documentation, "The Password File").

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Whom a password is for; each is compared with its field.
pub(crate) struct Whom<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) dbname: &'a str,
    pub(crate) user: &'a str,
}

/// The password of the first line that fits. A file that others may read is not used, as in libpq.
pub(crate) fn password(file: &Path, whom: &Whom<'_>) -> Option<String> {
    let metadata = fs::metadata(file).ok()?;
    if !metadata.is_file() {
        tracing::warn!(file = %file.display(), "password file is not a plain file: not used");
        return None;
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        tracing::warn!(
            file = %file.display(),
            "password file has group or world access: not used; permissions should be u=rw (0600) or less"
        );
        return None;
    }
    match fs::read_to_string(file) {
        Ok(text) => text.lines().find_map(|line| fits(line, whom)),
        Err(error) => {
            tracing::warn!(file = %file.display(), %error, "password file cannot be read");
            None
        }
    }
}

fn fits(line: &str, whom: &Whom<'_>) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let mut rest = line;
    for wanted in [whom.host, &whom.port.to_string(), whom.dbname, whom.user] {
        let (field, behind) = field(rest);
        if field != "*" && unescaped(field) != wanted {
            return None;
        }
        rest = behind?;
    }
    Some(unescaped(field(rest).0)).filter(|password| !password.is_empty())
}

/// The raw text up to the next colon that is not escaped, and what is behind that colon.
fn field(text: &str) -> (&str, Option<&str>) {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ':' => return (&text[..at], Some(&text[at + 1..])),
            _ => {}
        }
    }
    (text, None)
}

fn unescaped(field: &str) -> String {
    let mut plain = String::new();
    let mut characters = field.chars();
    while let Some(c) = characters.next() {
        plain.push(if c == '\\' { characters.next().unwrap_or('\\') } else { c });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOM: Whom<'static> = Whom { host: "::1", port: 5433, dbname: "a\\b", user: "u" };

    #[test]
    fn fields_may_be_escaped_or_stars() {
        assert_eq!(fits(r"\:\:1:5433:a\\b:u:p\:w", &WHOM).as_deref(), Some("p:w"));
        assert_eq!(fits("*:*:*:*:secret", &WHOM).as_deref(), Some("secret"));
        assert_eq!(fits("*:*:*:*:secret:more", &WHOM).as_deref(), Some("secret"));
    }

    #[test]
    fn other_lines_do_not_fit() {
        for line in ["", "# *:*:*:*:x", "*:5432:*:*:x", "*:*:*:v:x", "*:*:*:u", r"\*:*:*:*:x", "*:*:*:*:"] {
            assert_eq!(fits(line, &WHOM), None, "{line}");
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_not_used() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, "*:*:*:*:x\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(password(file.path(), &WHOM), None);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(password(file.path(), &WHOM).as_deref(), Some("x"));
    }
}
