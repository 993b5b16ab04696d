//! Fills a new folder with folders, links and small files: what a prefix of trail is made of.
//!
//! The kernel's work for a link is mostly finding its way: so each folder is opened once, and
//! what goes into it is named relative to that; and several threads go through the folders. There
//! is nothing here on Windows, where links of folders are junctions.

#![forbid(unsafe_code)]
#![cfg(unix)]

use std::collections::HashMap;
use std::ffi::{CStr, OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, RawMode, chmodat, fchmod, linkat, mkdirat, openat,
    statat, symlinkat,
};
use rustix::io::Errno;

/// Another file system, too many names, none at all here, or a file of another user
/// (`fs.protected_hardlinks`): such a file can be copied.
const COPIED: [Errno; 6] =
    [Errno::XDEV, Errno::MLINK, Errno::PERM, Errno::ACCESS, Errno::NOTSUP, Errno::OPNOTSUPP];

/// Where Python keeps bytecode.
const CACHE: &CStr = c"__pycache__";

/// What to make. Folders are relative to the one that is filled, which is `""`.
#[derive(Debug, Default)]
pub struct Work {
    /// Real folders, parents first.
    pub folders: Vec<OsString>,
    /// Those of them that keep their write permission; the others lose it.
    pub writable: Vec<OsString>,
    /// Links.
    pub groups: Vec<Group>,
    /// Folders that are hardlinked with all that is below them.
    pub trees: Vec<Tree>,
    /// Small files.
    pub files: Vec<NewFile>,
}

/// Links of one folder that lead to one other folder.
#[derive(Debug)]
pub struct Group {
    /// Hardlinks, rather than symbolic ones.
    pub hard: bool,
    /// Where they are made.
    pub folder: OsString,
    /// Where they lead; absolute for hardlinks.
    pub source: OsString,
    /// Their names, the same in both folders.
    pub names: Vec<OsString>,
}

/// A new folder with hardlinks of all files below another one.
#[derive(Debug)]
pub struct Tree {
    /// The folder that is made; the one above it is among `Work::folders`.
    pub folder: OsString,
    /// The other one, absolute.
    pub source: OsString,
    /// How the other one is reached from the folder above the new one, absolute or relative. Each
    /// folder with Python files gets a symbolic link to the bytecode, `__pycache__`, which is made
    /// where there is none; not if this is None.
    pub bytecode: Option<OsString>,
}

/// A small file with its content.
#[derive(Debug)]
pub struct NewFile {
    /// Where it is made.
    pub folder: OsString,
    /// Its name there.
    pub name: OsString,
    /// Its content.
    pub data: Vec<u8>,
    /// Its permission bits, whatever the umask.
    pub mode: u32,
}

/// Hardlinks that the file system cannot make; the caller may copy these files.
#[derive(Debug, PartialEq, Eq)]
pub struct Left {
    /// Where they were to be.
    pub folder: PathBuf,
    /// Where the files are.
    pub source: PathBuf,
    /// Their names.
    pub names: Vec<OsString>,
}

/// What the operating system refused, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its number for the reason.
    pub errno: i32,
    /// The file or folder.
    pub path: PathBuf,
}

/// Fill a folder that is there and empty.
///
/// What was made before a failure stays.
pub fn fill(root: &Path, work: &Work, threads: usize) -> Result<Vec<Left>, Failure> {
    let tasks = tasks(work)?;
    let place = Place::open(root)?;
    for task in tasks.iter().filter(|task| task.inner) {
        place.make(task.folder)?;
    }
    // The trees first: they are the biggest.
    let next = AtomicUsize::new(0);
    let all = work.trees.len() + tasks.len();
    let run = || -> Result<Vec<Left>, Failure> {
        let mut left = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let done = if let Some(tree) = work.trees.get(number) {
                place.copy_tree(tree, &mut left)
            } else if let Some(task) = tasks.get(number - work.trees.len()) {
                place.carry_out(task, work, &mut left)
            } else {
                return Ok(left);
            };
            if let Err(failure) = done {
                next.store(all, Ordering::Relaxed);
                return Err(failure);
            }
        }
    };
    let results = thread::scope(|scope| {
        // Where no thread can be had, this one does all.
        let others: Vec<_> = (1..threads)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, run).ok())
            .collect();
        let mut results = vec![run()];
        for other in others {
            results.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results
    });
    let mut left: Vec<Left> =
        results.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    left.sort_by(|one, other| one.folder.cmp(&other.folder));
    for task in tasks.iter().filter(|task| task.inner && !task.writable) {
        place.close(task.folder)?;
    }
    Ok(left)
}

/// One folder and what goes into it.
struct Task<'a> {
    folder: &'a OsStr,
    /// Whether there are folders in it, so that it must be there before them.
    inner: bool,
    /// Whether it keeps its write permission.
    writable: bool,
    groups: Vec<usize>,
    files: Vec<usize>,
}

impl<'a> Task<'a> {
    fn of(folder: &'a OsStr) -> Self {
        Self { folder, inner: false, writable: false, groups: Vec::new(), files: Vec::new() }
    }
}

fn tasks(work: &Work) -> Result<Vec<Task<'_>>, Failure> {
    let mut tasks = vec![Task::of(OsStr::new(""))];
    tasks.extend(work.folders.iter().map(|folder| Task::of(folder)));
    for task in &mut tasks {
        task.writable = work.writable.iter().any(|folder| folder == task.folder);
    }
    // It is there, and stays writable, as it is to be renamed.
    tasks[0].inner = true;
    tasks[0].writable = true;
    let places: HashMap<&OsStr, usize> =
        tasks.iter().enumerate().map(|(place, task)| (task.folder, place)).collect();
    let find = |folder: &OsStr| {
        let missing =
            || Failure { errno: Errno::NOENT.raw_os_error(), path: PathBuf::from(folder) };
        places.get(folder).copied().ok_or_else(missing)
    };
    for folder in &work.folders {
        let parent = Path::new(folder).parent().unwrap_or(Path::new(""));
        tasks[find(parent.as_os_str())?].inner = true;
    }
    for tree in &work.trees {
        let parent = Path::new(&tree.folder).parent().unwrap_or(Path::new(""));
        tasks[find(parent.as_os_str())?].inner = true;
    }
    for (number, group) in work.groups.iter().enumerate() {
        tasks[find(&group.folder)?].groups.push(number);
    }
    for (number, file) in work.files.iter().enumerate() {
        tasks[find(&file.folder)?].files.push(number);
    }
    Ok(tasks)
}

/// The folder that is filled.
struct Place<'a> {
    path: &'a Path,
    root: OwnedFd,
}

impl<'a> Place<'a> {
    fn open(path: &'a Path) -> Result<Self, Failure> {
        let root = openat(CWD, path, folder_flags(), Mode::empty()).map_err(fail(path))?;
        Ok(Self { path, root })
    }

    fn make(&self, folder: &OsStr) -> Result<(), Failure> {
        if folder.is_empty() {
            return Ok(());
        }
        mkdirat(&self.root, folder, mode(0o777)).map_err(fail(self.path.join(folder)))
    }

    fn close(&self, folder: &OsStr) -> Result<(), Failure> {
        chmodat(&self.root, folder, mode(0o555), AtFlags::empty())
            .map_err(fail(self.path.join(folder)))
    }

    fn carry_out(&self, task: &Task<'_>, work: &Work, left: &mut Vec<Left>) -> Result<(), Failure> {
        if !task.inner {
            self.make(task.folder)?;
        } else if task.groups.is_empty() && task.files.is_empty() {
            return Ok(());
        }
        let name = if task.folder.is_empty() { OsStr::new(".") } else { task.folder };
        let path = self.path.join(task.folder);
        let folder =
            openat(&self.root, name, folder_flags(), Mode::empty()).map_err(fail(&path))?;
        for &number in &task.files {
            write(&folder, &path, &work.files[number])?;
        }
        for &number in &task.groups {
            let group = &work.groups[number];
            if group.hard {
                let names = hardlinks(&folder, group)?;
                if !names.is_empty() {
                    let (folder, source) = (task.folder.into(), (&group.source).into());
                    left.push(Left { folder, source, names });
                }
            } else {
                symlinks(&folder, &path, group)?;
            }
        }
        if !task.inner && !task.writable {
            fchmod(&folder, mode(0o555)).map_err(fail(&path))?;
        }
        Ok(())
    }

    /// Link a folder with all that is below it.
    fn copy_tree(&self, tree: &Tree, left: &mut Vec<Left>) -> Result<(), Failure> {
        let (folder, source) = (PathBuf::from(&tree.folder), PathBuf::from(&tree.source));
        let to = make_folder(&self.root, &folder, || self.path.join(&folder))?;
        let from = openat(CWD, &source, folder_flags(), Mode::empty()).map_err(fail(&source))?;
        let place = Pair { path: self.path.join(&folder), folder, source, below: PathBuf::new() };
        place.copy(tree, &to, from, left)
    }
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
        let mut items = Dir::new(from).map_err(fail(&self.source))?;
        while let Some(item) = items.next() {
            let item = item.map_err(fail(&self.source))?;
            let name = item.file_name();
            if [c".", c".."].contains(&name) {
                continue;
            }
            let text = OsStr::from_bytes(name.to_bytes());
            let from = items.fd().map_err(fail(&self.source))?;
            let mut kind = item.file_type();
            if kind == FileType::Unknown {
                let found = statat(from, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_err(fail(self.source.join(text)))?;
                kind = FileType::from_raw_mode(found.st_mode);
            }
            if name == CACHE {
                cache = kind == FileType::Directory;
            } else if kind == FileType::Directory {
                inner.push(text.to_owned());
            } else {
                python |= name.to_bytes().ends_with(b".py");
                if !hardlink(from, to, text).map_err(fail(self.source.join(text)))? {
                    names.push(text.to_owned());
                }
            }
        }
        let from = items.fd().map_err(fail(&self.source))?;
        if let Some(link) = tree.bytecode.as_ref().filter(|_| python && (cache || has_cache(from)))
        {
            let name = OsStr::from_bytes(CACHE.to_bytes());
            symlinkat(from_below(link, &self.below).join(name), to, name)
                .map_err(fail(self.path.join(name)))?;
        }
        for name in inner {
            let pair = self.inner(&name);
            let to = make_folder(to, Path::new(&name), || pair.path.clone())?;
            let from =
                openat(from, &name, folder_flags(), Mode::empty()).map_err(fail(&pair.source))?;
            pair.copy(tree, &to, from, left)?;
        }
        fchmod(to, mode(0o555)).map_err(fail(&self.path))?;
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
        .map_err(|errno| fail(path())(errno))
}

/// Whether a folder of an entry has bytecode, or a place for it now.
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

/// Make the hardlinks of a group, and name those that cannot be.
fn hardlinks(folder: &OwnedFd, group: &Group) -> Result<Vec<OsString>, Failure> {
    let source = Path::new(&group.source);
    let from = openat(CWD, source, source_flags(), Mode::empty()).map_err(fail(source))?;
    let mut left = Vec::new();
    for name in &group.names {
        if !hardlink(from.as_fd(), folder, name).map_err(fail(source.join(name)))? {
            left.push(name.clone());
        }
    }
    Ok(left)
}

/// Give a file a second name; false where that cannot be.
fn hardlink(from: BorrowedFd<'_>, to: &OwnedFd, name: &OsStr) -> Result<bool, Errno> {
    match linkat(from, name, to, name, AtFlags::empty()) {
        Ok(()) => Ok(true),
        Err(error) if COPIED.contains(&error) => Ok(false),
        Err(error) => Err(error),
    }
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

fn symlinks(folder: &OwnedFd, path: &Path, group: &Group) -> Result<(), Failure> {
    let mut target = group.source.as_bytes().to_vec();
    target.push(b'/');
    let above = target.len();
    for name in &group.names {
        target.truncate(above);
        target.extend_from_slice(name.as_bytes());
        symlinkat(OsString::from_vec(target.clone()), folder, name)
            .map_err(fail(path.join(name)))?;
    }
    Ok(())
}

fn write(folder: &OwnedFd, path: &Path, new: &NewFile) -> Result<(), Failure> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
    let fail = |errno| Failure { errno, path: path.join(&new.name) };
    let made = openat(folder, &new.name, flags, mode(new.mode))
        .and_then(|file| fchmod(&file, mode(new.mode)).map(|()| file))
        .map_err(|error| fail(error.raw_os_error()))?;
    File::from(made)
        .write_all(&new.data)
        .map_err(|error| fail(error.raw_os_error().unwrap_or(Errno::IO.raw_os_error())))
}

fn fail<P: AsRef<Path>>(path: P) -> impl FnOnce(Errno) -> Failure {
    move |error| Failure { errno: error.raw_os_error(), path: path.as_ref().to_owned() }
}

fn mode(bits: u32) -> Mode {
    #[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)] // 16 bits on macOS
    Mode::from_raw_mode(bits as RawMode)
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

/// Of a folder that need not be listed: on Linux without asking for the permission to.
fn source_flags() -> OFlags {
    #[cfg(target_os = "linux")]
    return OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    #[cfg(not(target_os = "linux"))]
    return OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
}
