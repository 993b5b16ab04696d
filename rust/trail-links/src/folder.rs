//! One folder and what goes into it.

use std::ffi::{CStr, OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, RawMode, chmodat, fchmod, linkat, mkdirat, openat, symlinkat,
};
use rustix::io::Errno;

use crate::work::{Failure, Left, Links, NewFile};

/// Another file system, too many names, none at all here, or a file of another user
/// (`fs.protected_hardlinks`): such a file can be copied.
const COPIED: [Errno; 6] =
    [Errno::XDEV, Errno::MLINK, Errno::PERM, Errno::ACCESS, Errno::NOTSUP, Errno::OPNOTSUPP];

/// Room for most targets of links, so that it is taken once.
const LONGEST: usize = 256;

/// What goes into one folder.
#[derive(Debug, Default)]
pub struct Folder {
    pub name: OsString,
    /// Whether it is made first, and closed at last.
    pub new: bool,
    pub links: Vec<Links>,
    pub files: Vec<NewFile>,
}

/// The folder that is filled.
#[derive(Debug)]
pub struct Place {
    pub path: PathBuf,
    pub root: OwnedFd,
}

impl Place {
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let root = openat(CWD, path, folder_flags(), Mode::empty()).map_err(at(|| path.into()))?;
        Ok(Self { path: path.to_owned(), root })
    }

    pub fn make(&self, folder: &OsStr) -> Result<(), Failure> {
        mkdirat(&self.root, folder, mode(0o777)).map_err(at(|| self.path.join(folder)))
    }

    /// Take the write permission of a folder away.
    pub fn close(&self, folder: &OsStr) -> Result<(), Failure> {
        chmodat(&self.root, folder, mode(0o555), AtFlags::empty())
            .map_err(at(|| self.path.join(folder)))
    }

    pub fn fill(&self, folder: &Folder, left: &mut Vec<Left>) -> Result<(), Failure> {
        if folder.new {
            self.make(&folder.name)?;
        }
        let name = if folder.name.is_empty() { OsStr::new(".") } else { &folder.name };
        let path = || self.path.join(&folder.name);
        let opened = openat(&self.root, name, folder_flags(), Mode::empty()).map_err(at(path))?;
        for file in &folder.files {
            write(&opened, file).map_err(at(|| path().join(&file.name)))?;
        }
        for links in &folder.links {
            if !links.hard {
                symlinks(&opened, path, links)?;
                continue;
            }
            let names = hardlinks(&opened, links)?;
            if !names.is_empty() {
                left.push(Left {
                    folder: PathBuf::from(&folder.name),
                    source: PathBuf::from(&links.source),
                    names,
                });
            }
        }
        if folder.new {
            fchmod(&opened, mode(0o555)).map_err(at(path))?;
        }
        Ok(())
    }
}

/// Make hardlinks, and name those that cannot be.
fn hardlinks(folder: &OwnedFd, links: &Links) -> Result<Vec<OsString>, Failure> {
    let source = Path::new(&links.source);
    let from = openat(CWD, source, source_flags(), Mode::empty()).map_err(at(|| source.into()))?;
    let mut left = Vec::new();
    for name in links.names.iter() {
        let made = hardlink(from.as_fd(), folder, name);
        if !made.map_err(at(|| source.join(text(name))))? {
            left.push(text(name).to_owned());
        }
    }
    Ok(left)
}

/// Give a file a second name; false where that cannot be.
pub fn hardlink(from: BorrowedFd<'_>, to: &OwnedFd, name: &CStr) -> Result<bool, Errno> {
    match linkat(from, name, to, name, AtFlags::empty()) {
        Ok(()) => Ok(true),
        Err(error) if COPIED.contains(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn symlinks(folder: &OwnedFd, path: impl Fn() -> PathBuf, links: &Links) -> Result<(), Failure> {
    let mut target = Vec::with_capacity(LONGEST);
    target.extend_from_slice(links.source.as_bytes());
    target.push(b'/');
    let above = target.len();
    for name in links.names.iter() {
        target.truncate(above);
        target.extend_from_slice(name.to_bytes());
        symlinkat(OsStr::from_bytes(&target), folder, name)
            .map_err(at(|| path().join(text(name))))?;
    }
    Ok(())
}

fn write(folder: &OwnedFd, new: &NewFile) -> Result<(), Errno> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
    let made = openat(folder, &new.name, flags, mode(new.mode))?;
    fchmod(&made, mode(new.mode))?;
    let written = File::from(made).write_all(&new.data);
    written.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

pub fn text(name: &CStr) -> &OsStr {
    OsStr::from_bytes(name.to_bytes())
}

/// Say where something failed; that is made up only then.
pub fn at(path: impl FnOnce() -> PathBuf) -> impl FnOnce(Errno) -> Failure {
    move |error| Failure { errno: error.raw_os_error(), path: path() }
}

pub fn mode(bits: u32) -> Mode {
    #[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)] // 16 bits on macOS
    Mode::from_raw_mode(bits as RawMode)
}

pub fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

/// Of a folder that need not be listed: on Linux without asking for the permission to.
fn source_flags() -> OFlags {
    #[cfg(target_os = "linux")]
    return OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    #[cfg(not(target_os = "linux"))]
    return OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
}
