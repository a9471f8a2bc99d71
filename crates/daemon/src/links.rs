//! Links that are not followed: a file that this process writes, in a directory where others may write too, is opened
//! through no symbolic link of theirs.
//!
//! A link counts when it belongs to root or to the user of this process, as `/dev/stdout` and what an operator has made
//! do. So do directories on the way. A link of anybody else is refused: it could name any file that root may write.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Error, Result};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat, readlinkat};
use rustix::io::Errno;
use rustix::process::geteuid;

/// As many links as the kernel follows.
const MOST: usize = 40;

/// Opens `path` as `options` say, through links of root or of this user only.
///
/// # Errors
/// The system's, and a link of somebody else.
pub(crate) fn open(path: &Path, options: &OpenOptions) -> Result<File> {
    let mut place = path.to_owned();
    for _ in 0..MOST {
        // links of /proc lead to what has no name, such as a pipe; nobody but the kernel makes them
        if place.starts_with("/proc/") {
            return options.open(&place);
        }
        match without_links(options).open(&place) {
            Err(error) if is_link(&error) => place = behind(&place)?,
            opened => return opened,
        }
    }
    Err(Errno::LOOP.into())
}

/// Opens `path` as `options` say where it is no link at all.
///
/// # Errors
/// The system's; that it is a link.
pub(crate) fn open_itself(path: &Path, options: &OpenOptions) -> Result<File> {
    match without_links(options).open(path) {
        Err(error) if is_link(&error) => Err(Error::other("it is a symbolic link: remove it")),
        opened => opened,
    }
}

fn without_links(options: &OpenOptions) -> OpenOptions {
    let mut options = options.clone();
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NOCTTY).bits().cast_signed());
    options
}

/// Where a link of root or of this user leads. What is looked at and what is followed is the same link, whoever
/// replaces it meanwhile.
fn behind(path: &Path) -> Result<PathBuf> {
    let link = openat(CWD, path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    let found = fstat(&link)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::Symlink {
        return Ok(path.to_owned());
    }
    if found.st_uid != 0 && found.st_uid != geteuid().as_raw() {
        let whose = format!("it is a symbolic link of another user (uid {}): remove it", found.st_uid);
        return Err(Error::other(whose));
    }
    let target = readlinkat(&link, "", Vec::new())?;
    let target = Path::new(OsStr::from_bytes(target.to_bytes()));
    Ok(path.parent().unwrap_or(Path::new("/")).join(target))
}

fn is_link(error: &Error) -> bool {
    error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn appending() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        options
    }

    #[test]
    fn a_link_of_this_user_is_followed_and_no_link_opens_itself() {
        let dir = tempfile::tempdir().unwrap();
        let (file, one, two) = (dir.path().join("file"), dir.path().join("one"), dir.path().join("two"));
        symlink("file", &one).unwrap();
        symlink(&one, &two).unwrap();
        drop(open(&two, &appending()).unwrap());
        assert!(file.exists(), "made behind two links");
        let error = open_itself(&two, &appending()).unwrap_err();
        assert!(error.to_string().contains("symbolic link"), "{error}");
        symlink("circle", dir.path().join("circle")).unwrap();
        open(&dir.path().join("circle"), &appending()).unwrap_err();
        open(Path::new("/dev/null"), &appending()).unwrap();
        open(Path::new("/dev/stdout"), &appending()).unwrap();
    }

    /// Only root can make a link of another user, and it is root that has to fear one.
    #[test]
    fn a_link_of_another_user_is_refused() {
        if !geteuid().is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let (secret, link) = (dir.path().join("secret"), dir.path().join("job.log"));
        std::fs::write(&secret, "kept").unwrap();
        symlink(&secret, &link).unwrap();
        std::os::unix::fs::lchown(&link, Some(65_534), None).unwrap();
        let error = open(&link, &appending()).unwrap_err();
        assert!(error.to_string().contains("another user (uid 65534)"), "{error}");
        assert_eq!(std::fs::read_to_string(&secret).unwrap(), "kept");
    }
}
