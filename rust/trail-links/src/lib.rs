//! Fills a new folder with folders, links and small files: what a prefix of trail is made of.
//!
//! The kernel's work for a link is mostly finding its way: so each folder is opened once, and
//! what goes into it is named relative to that; and several threads go through the folders. There
//! is nothing here on Windows, where links of folders are junctions.

#![forbid(unsafe_code)]
#![cfg(unix)]

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, RawMode, chmodat, fchmod, linkat, mkdirat, openat, symlinkat,
};
use rustix::io::Errno;

/// Another file system, too many names, none at all here, or a file of another user
/// (`fs.protected_hardlinks`): such a file can be copied.
const COPIED: [Errno; 6] =
    [Errno::XDEV, Errno::MLINK, Errno::PERM, Errno::ACCESS, Errno::NOTSUP, Errno::OPNOTSUPP];

/// What to make. Folders are relative to the one that is filled, which is `""`.
#[derive(Debug, Default)]
pub struct Work {
    /// Real folders, parents first.
    pub folders: Vec<OsString>,
    /// Those of them that keep their write permission; the others lose it.
    pub writable: Vec<OsString>,
    /// Links.
    pub groups: Vec<Group>,
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
    /// The number of the group.
    pub group: usize,
    /// The names of it that were not made.
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
    let next = AtomicUsize::new(0);
    let run = || -> Result<Vec<Left>, Failure> {
        let mut left = Vec::new();
        while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(failure) = place.carry_out(task, work, &mut left) {
                next.store(tasks.len(), Ordering::Relaxed);
                return Err(failure);
            }
        }
        Ok(left)
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
    left.sort_by_key(|left| left.group);
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
                    left.push(Left { group: number, names });
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
}

/// Make the hardlinks of a group, and name those that cannot be.
fn hardlinks(folder: &OwnedFd, group: &Group) -> Result<Vec<OsString>, Failure> {
    let source = Path::new(&group.source);
    let from = openat(CWD, source, source_flags(), Mode::empty()).map_err(fail(source))?;
    let mut left = Vec::new();
    for name in &group.names {
        match linkat(&from, name, folder, name, AtFlags::empty()) {
            Ok(()) => {}
            Err(error) if COPIED.contains(&error) => left.push(name.clone()),
            Err(error) => return Err(fail(source.join(name))(error)),
        }
    }
    Ok(left)
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
