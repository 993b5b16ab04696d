//! Where an entry is written: folders and files that did not exist before.

pub use system::{Folder, Tree};

/// Relative to open folders, so that nobody can put a link in the way.
#[cfg(unix)]
mod system {
    use std::fs::File;
    use std::os::fd::OwnedFd;
    use std::path::{Path, PathBuf};

    use rustix::fs::{
        AtFlags, CWD, Mode, OFlags, RawMode, chmodat, fchmod, fstat, fstatvfs, mkdirat, openat,
    };
    use rustix::io::Errno;

    use crate::error::Error;

    /// The folder of an entry.
    pub struct Tree {
        path: PathBuf,
        root: OwnedFd,
        /// Whether the umask takes bits away that files must have.
        strict: bool,
    }

    /// An open folder of an entry.
    pub struct Folder(OwnedFd);

    impl Tree {
        /// Make the folder.
        pub fn make(path: &Path) -> Result<Self, Error> {
            let fail = |error| fail(error, path);
            mkdirat(CWD, path, mode(0o755)).map_err(fail)?;
            let root = openat(CWD, path, folder_flags(), Mode::empty()).map_err(fail)?;
            let given = fstat(&root).map_err(fail)?.st_mode;
            Ok(Self { path: path.to_owned(), root, strict: given & 0o555 != 0o555 })
        }

        /// How many bytes may still be written.
        pub fn free(&self) -> Result<u64, Error> {
            let system = fstatvfs(&self.root).map_err(|error| fail(error, &self.path))?;
            Ok(system.f_bavail.saturating_mul(system.f_frsize))
        }

        /// Make a folder whose parent is there.
        pub fn make_folder(&self, folder: &str) -> Result<(), Error> {
            mkdirat(&self.root, folder, mode(0o755)).map_err(|error| self.fail(error, folder))
        }

        /// Open a folder; `""` is the entry itself.
        pub fn open_folder(&self, folder: &str) -> Result<Folder, Error> {
            let name = if folder.is_empty() { "." } else { folder };
            openat(&self.root, name, folder_flags(), Mode::empty())
                .map(Folder)
                .map_err(|error| self.fail(error, folder))
        }

        /// Make a file with its final mode; `path` is all of its path, `name` the end of it.
        pub fn create(
            &self,
            folder: &Folder,
            path: &str,
            name: &str,
            bits: u32,
        ) -> Result<File, Error> {
            let flags =
                OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
            let file = openat(&folder.0, name, flags, mode(bits))
                .map_err(|error| self.fail(error, path))?;
            if self.strict {
                fchmod(&file, mode(bits)).map_err(|error| self.fail(error, path))?;
            }
            Ok(File::from(file))
        }

        /// Open a file for reading.
        pub fn open(&self, path: &str) -> Result<File, Error> {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(&self.root, path, flags, Mode::empty())
                .map(File::from)
                .map_err(|error| self.fail(error, path))
        }

        /// Take the write bits from a folder.
        pub fn close_folder(&self, folder: &str) -> Result<(), Error> {
            chmodat(&self.root, folder, mode(0o555), AtFlags::empty())
                .map_err(|error| self.fail(error, folder))
        }

        /// The absolute path of a file or folder.
        pub fn path(&self, path: &str) -> PathBuf {
            self.path.join(path)
        }

        fn fail(&self, error: Errno, path: &str) -> Error {
            fail(error, &self.path(path))
        }
    }

    fn fail(error: Errno, path: &Path) -> Error {
        Error::Os { errno: error.raw_os_error(), path: path.to_owned() }
    }

    fn mode(bits: u32) -> Mode {
        #[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)] // 16 bits on macOS
        Mode::from_raw_mode(bits as RawMode)
    }

    fn folder_flags() -> OFlags {
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
    }
}

/// By path; only the read-only attribute of a file's mode means anything.
#[cfg(not(unix))]
#[allow(clippy::unused_self, clippy::unnecessary_wraps)] // the same functions as on Unix
mod system {
    use std::fs::{self, File, OpenOptions};
    use std::path::{Path, PathBuf};

    use crate::error::Error;

    /// The folder of an entry.
    pub struct Tree {
        path: PathBuf,
    }

    /// A folder of an entry.
    pub struct Folder(PathBuf);

    impl Tree {
        /// Make the folder.
        pub fn make(path: &Path) -> Result<Self, Error> {
            fs::create_dir(path).map_err(|error| Error::os(&error, path))?;
            Ok(Self { path: path.to_owned() })
        }

        /// How many bytes may still be written: the standard library cannot tell.
        pub fn free(&self) -> Result<u64, Error> {
            Ok(u64::MAX)
        }

        /// Make a folder whose parent is there.
        pub fn make_folder(&self, folder: &str) -> Result<(), Error> {
            let path = self.path(folder);
            fs::create_dir(&path).map_err(|error| Error::os(&error, &path))
        }

        /// Name a folder; `""` is the entry itself.
        pub fn open_folder(&self, folder: &str) -> Result<Folder, Error> {
            Ok(Folder(self.path(folder)))
        }

        /// Make a file; `path` is all of its path, `name` the end of it.
        pub fn create(
            &self,
            folder: &Folder,
            path: &str,
            name: &str,
            _bits: u32,
        ) -> Result<File, Error> {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(folder.0.join(name))
                .map_err(|error| Error::os(&error, &self.path(path)))
        }

        /// Open a file for reading.
        pub fn open(&self, path: &str) -> Result<File, Error> {
            let path = self.path(path);
            File::open(&path).map_err(|error| Error::os(&error, &path))
        }

        /// Nothing: folders cannot be read-only here.
        pub fn close_folder(&self, _folder: &str) -> Result<(), Error> {
            Ok(())
        }

        /// The absolute path of a file or folder.
        pub fn path(&self, path: &str) -> PathBuf {
            path.split('/').fold(self.path.clone(), |whole, part| whole.join(part))
        }
    }
}
