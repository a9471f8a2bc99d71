//! Rotation of a log file by the process that writes it: `job.log` becomes `job.log.1`, that one `job.log.2`, …

use std::fs::{File, rename, symlink_metadata};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// When, and how many are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// A file does not become larger than so many bytes; 0: it is not rotated.
    pub size: u64,
    /// Files that are kept besides the one that is written; 0: it is not rotated.
    pub count: u32,
}

impl Rotation {
    /// No rotation: somebody else does it, or nobody.
    pub const NONE: Rotation = Rotation { size: 0, count: 0 };

    /// The same for an open file, or none: a pipe or a terminal cannot be rotated, and what a symbolic link leads to is
    /// left where it is.
    pub(super) fn of(self, path: &Path, file: &File) -> Rotation {
        if is_at(path, file).unwrap_or(false) { self } else { Rotation::NONE }
    }

    /// Whether `more` bytes belong into the next file.
    pub(super) fn is_due(self, length: u64, more: usize) -> bool {
        let longer = length.saturating_add(more as u64) > self.size;
        self.size > 0 && self.count > 0 && length > 0 && longer
    }

    /// Moves the file out of the way, unless somebody has done that already.
    pub(super) fn rotate(self, path: &Path, file: &File) -> Result<()> {
        if !is_at(path, file)? {
            return Ok(());
        }
        for number in (1..self.count).rev() {
            match rename(numbered(path, number), numbered(path, number + 1)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        rename(path, numbered(path, 1))
    }
}

/// Whether the path is the name of this file, which is an ordinary one.
fn is_at(path: &Path, file: &File) -> Result<bool> {
    let ours = file.metadata()?;
    match symlink_metadata(path) {
        Ok(there) => Ok(there.is_file() && (there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}
