//! Files written together: complete ones or none, and none over another.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

use super::File;

/// Writes files into a directory, which has to be there.
///
/// # Errors
/// A file of that name is there, or cannot be written; what was written before it is removed.
pub fn write(directory: &Path, files: &[File]) -> io::Result<()> {
    let named = |file: &File, error: io::Error| {
        let path = directory.join(file.name);
        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    };
    let mut ready = Vec::new();
    for file in files {
        ready.push((file, temporary(directory, file).map_err(|error| named(file, error))?));
    }
    let mut written = Vec::new();
    for (file, temporary) in ready {
        let path = directory.join(file.name);
        match temporary.persist_noclobber(&path) {
            Ok(_) => written.push(path),
            Err(error) => {
                for path in written {
                    // What is left is named by the next run.
                    _ = std::fs::remove_file(path);
                }
                return Err(named(file, error.error));
            }
        }
    }
    Ok(())
}

fn temporary(directory: &Path, file: &File) -> io::Result<NamedTempFile> {
    let mut temporary = NamedTempFile::new_in(directory)?;
    temporary.write_all(file.text.as_bytes())?;
    temporary.as_file().set_permissions(Permissions::from_mode(file.mode))?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_written_or_none() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name| File { name, mode: 0o600, text: name.to_owned() };
        std::fs::write(directory.path().join("b"), "mine").unwrap();
        let refused = write(directory.path(), &[file("a"), file("b"), file("c")]).unwrap_err();
        assert!(refused.to_string().contains("/b: "), "{refused}");
        let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
        write(directory.path(), &[file("a"), file("c")]).unwrap();
        let mode = std::fs::metadata(directory.path().join("a")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
