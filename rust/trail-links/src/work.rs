//! What there is to make, and what may come of it.

use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::io::Errno;

/// What to make. Folders are relative to the one that is filled, which is `""`.
#[derive(Debug, Default)]
pub struct Work {
    /// Real folders that can get more with later portions, parents first.
    pub open: Vec<OsString>,
    /// Other real folders, parents first.
    pub folders: Vec<OsString>,
    /// Those of both that keep their write permission; the others lose it.
    pub writable: Vec<OsString>,
    /// Links.
    pub groups: Vec<Group>,
    /// Folders that are hardlinked with all that is below them.
    pub trees: Vec<Tree>,
    /// Small files.
    pub files: Vec<NewFile>,
}

/// Links that are made in a folder.
#[derive(Debug)]
pub struct Group {
    /// The folder.
    pub folder: OsString,
    /// The links.
    pub links: Links,
}

/// Links that lead to one folder.
#[derive(Debug)]
pub struct Links {
    /// Hardlinks, rather than symbolic ones.
    pub hard: bool,
    /// Where they lead; absolute for hardlinks.
    pub source: OsString,
    /// Their names, the same there.
    pub names: Names,
}

/// Names in a folder, one behind the other, as the kernel wants them: there are thousands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(Vec<u8>);

impl Names {
    /// Add a name; an error if it has a NUL in it.
    pub fn push(&mut self, name: &OsStr) -> Result<(), Errno> {
        if name.as_bytes().contains(&0) {
            return Err(Errno::INVAL);
        }
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(0);
        Ok(())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Go through them.
    pub fn iter(&self) -> impl Iterator<Item = &CStr> {
        self.0
            .split_inclusive(|byte| *byte == 0)
            .filter_map(|name| CStr::from_bytes_with_nul(name).ok())
    }
}

/// A new folder with links, complete.
#[derive(Debug)]
pub struct NewFolder {
    /// Its name; the folder above it is open.
    pub name: OsString,
    /// What comes into it.
    pub links: Vec<Links>,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its number for the reason.
    pub errno: i32,
    /// The file or folder.
    pub path: PathBuf,
}
