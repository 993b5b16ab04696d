//! Folders that are hardlinked with all that is below them.

use std::ffi::{CStr, OsStr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, fchmod, mkdirat, openat, statat, symlinkat};

use crate::folder::{at, folder_flags, hardlink, mode, text};
use crate::work::{Failure, Left, Tree};

/// Where Python keeps bytecode.
const CACHE: &CStr = c"__pycache__";

/// Link a folder with all that is below it.
pub fn copy_tree(
    root: &OwnedFd,
    path: &Path,
    tree: &Tree,
    left: &mut Vec<Left>,
) -> Result<(), Failure> {
    let (folder, source) = (PathBuf::from(&tree.folder), PathBuf::from(&tree.source));
    let to = make_folder(root, &folder, || path.join(&folder))?;
    let from =
        openat(CWD, &source, folder_flags(), Mode::empty()).map_err(at(|| source.clone()))?;
    let place = Pair { path: path.join(&folder), folder, source, below: PathBuf::new() };
    place.copy(tree, &to, from, left)
}

/// A folder of a tree, and the one that it is linked to.
struct Pair {
    /// The new one, absolute.
    path: PathBuf,
    /// The same, below the folder that is filled.
    folder: PathBuf,
    /// The other one.
    source: PathBuf,
    /// Where both are in the tree.
    below: PathBuf,
}

impl Pair {
    fn inner(&self, name: &OsStr) -> Self {
        Self {
            path: self.path.join(name),
            folder: self.folder.join(name),
            source: self.source.join(name),
            below: self.below.join(name),
        }
    }

    /// Link what is in the other folder; each folder is found from the one above it.
    fn copy(
        &self,
        tree: &Tree,
        to: &OwnedFd,
        from: OwnedFd,
        left: &mut Vec<Left>,
    ) -> Result<(), Failure> {
        let mut names = Vec::new();
        let (mut python, mut cache) = (false, false);
        let mut inner = Vec::new();
        let mut items = Dir::new(from).map_err(at(|| self.source.clone()))?;
        while let Some(item) = items.next() {
            let item = item.map_err(at(|| self.source.clone()))?;
            let name = item.file_name();
            if [c".", c".."].contains(&name) {
                continue;
            }
            let from = items.fd().map_err(at(|| self.source.clone()))?;
            let mut kind = item.file_type();
            if kind == FileType::Unknown {
                let found = statat(from, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_err(at(|| self.source.join(text(name))))?;
                kind = FileType::from_raw_mode(found.st_mode);
            }
            if name == CACHE {
                cache = kind == FileType::Directory;
            } else if kind == FileType::Directory {
                inner.push(text(name).to_owned());
            } else {
                python |= name.to_bytes().ends_with(b".py");
                if !hardlink(from, to, name).map_err(at(|| self.source.join(text(name))))? {
                    names.push(text(name).to_owned());
                }
            }
        }
        let from = items.fd().map_err(at(|| self.source.clone()))?;
        if let Some(link) = tree.bytecode.as_ref().filter(|_| python && (cache || has_cache(from)))
        {
            let name = OsStr::from_bytes(CACHE.to_bytes());
            symlinkat(from_below(link, &self.below).join(name), to, name)
                .map_err(at(|| self.path.join(name)))?;
        }
        for name in inner {
            let pair = self.inner(&name);
            let to = make_folder(to, Path::new(&name), || pair.path.clone())?;
            let from = openat(from, &name, folder_flags(), Mode::empty())
                .map_err(at(|| pair.source.clone()))?;
            pair.copy(tree, &to, from, left)?;
        }
        fchmod(to, mode(0o555)).map_err(at(|| self.path.clone()))?;
        if !names.is_empty() {
            left.push(Left { folder: self.folder.clone(), source: self.source.clone(), names });
        }
        Ok(())
    }
}

/// Make a folder in another one, and open it.
fn make_folder(
    parent: &OwnedFd,
    name: &Path,
    path: impl Fn() -> PathBuf,
) -> Result<OwnedFd, Failure> {
    mkdirat(parent, name, mode(0o777))
        .and_then(|()| openat(parent, name, folder_flags(), Mode::empty()))
        .map_err(at(path))
}

/// Whether a folder of an entry has bytecode, or a place for it now.
#[must_use]
pub fn has_bytecode(folder: &OsStr) -> bool {
    openat(CWD, folder, folder_flags(), Mode::empty()).is_ok_and(|folder| has_cache(folder.as_fd()))
}

/// The same for a folder that is open.
///
/// A link to a folder that is not there looks like a file to `os.walk` of Python, and ends its
/// `shutil.copytree`. In somebody else's depot it cannot be made.
fn has_cache(source: BorrowedFd<'_>) -> bool {
    let is_there = || {
        statat(source, CACHE, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Directory)
    };
    // Another process may take the write bit just now.
    for _ in 0..3 {
        if is_there() {
            return true;
        }
        if fchmod(source, mode(0o755)).is_ok() {
            let made = mkdirat(source, CACHE, mode(0o555));
            if fchmod(source, mode(0o555)).is_ok() && made.is_ok() {
                return true;
            }
        }
    }
    is_there()
}

/// Name a folder of a tree as it is seen from the folder that is linked to it.
fn from_below(link: &OsStr, below: &Path) -> PathBuf {
    let link = Path::new(link);
    // Also from the tree's own folder, which is one below.
    let ups = if link.is_absolute() { 0 } else { 1 + below.components().count() };
    let mut path: PathBuf = std::iter::repeat_n("..", ups).collect();
    path.push(link);
    path.push(below);
    path
}
