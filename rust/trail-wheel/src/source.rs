//! The bytes of an archive: mapped, or read piece by piece.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::error::Error;
use crate::raw;

/// An open archive.
pub struct Source {
    path: PathBuf,
    length: u64,
    bytes: Bytes,
}

enum Bytes {
    Mapped(Mmap),
    File(File),
}

impl Source {
    /// Open an archive. Only a `private` one is mapped: a mapped file that somebody shortens
    /// kills the process.
    pub fn open(path: &Path, private: bool) -> Result<Self, Error> {
        let fail = |error: io::Error| Error::os(&error, path);
        let file = File::open(path).map_err(fail)?;
        let length = file.metadata().map_err(fail)?.len();
        let bytes = if private && length > 0 {
            Bytes::Mapped(raw::map(&file).map_err(fail)?)
        } else {
            Bytes::File(file)
        };
        Ok(Self { path: path.to_owned(), length, bytes })
    }

    /// How many bytes the archive has.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// A range of the archive, which must lie inside it; `buffer` holds it if it must be read.
    pub fn bytes<'a>(
        &'a self,
        offset: u64,
        length: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], Error> {
        match &self.bytes {
            Bytes::Mapped(map) => {
                let start = usize::try_from(offset).ok();
                start
                    .and_then(|start| map.get(start..start.checked_add(length)?))
                    .ok_or_else(|| self.error(&io::ErrorKind::UnexpectedEof.into()))
            }
            Bytes::File(file) => {
                if buffer.len() < length {
                    buffer.resize(length, 0);
                }
                let part = &mut buffer[..length];
                read_exact_at(file, part, offset).map_err(|error| self.error(&error))?;
                Ok(part)
            }
        }
    }

    fn error(&self, error: &io::Error) -> Error {
        Error::os(error, &self.path)
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, buffer, offset)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = &mut buffer[count..];
        offset += count as u64;
    }
    Ok(())
}
