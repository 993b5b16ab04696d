//! Section 5 of docs/wheel-checks.md: inflate, check and write one file.

use std::fs::File as Handle;
use std::io::Write;

use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::error::{Error, Fault};
use crate::facts::Mismatch;
use crate::inflate::{self, BLOCK, Scratch};
use crate::plan::{File, Vouch};
use crate::record::{Hash, hex};
use crate::rpath::{Bytes, is_library, search_paths};
use crate::source::Source;
use crate::tree::{Folder, Tree};

/// What became of one file.
#[derive(Debug)]
pub struct Unpacked {
    /// The sha256 of its content.
    pub sha256: [u8; 32],
    /// Differences from RECORD that were waived.
    pub mismatches: Vec<Mismatch>,
    /// Its search paths, if it is a native library.
    pub search_paths: Vec<(&'static str, String)>,
}

/// Inflate, check and write a file.
///
/// `folder` is where to write it, if it is written; `stopped` is asked from time to time.
pub fn unpack(
    source: &Source,
    file: &File,
    tree: &Tree,
    folder: Option<&Folder>,
    stopped: impl Fn() -> bool,
    scratch: &mut Scratch,
) -> Result<Unpacked, Error> {
    let member = &file.member;
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let create =
        || folder.map(|folder| tree.create(folder, &file.path, name, file.mode)).transpose();
    let fail = |error| Error::os(&error, &tree.path(&file.path));

    if inflate::is_whole(member) {
        let bytes = inflate::content(source, member, scratch)?;
        let mut hashers = Hashers::new(file.hash.as_ref());
        hashers.update(bytes);
        let (sha256, mismatches) = check(file, hashers)?;
        let search_paths = if is_library(bytes) { search_paths(bytes) } else { Vec::new() };
        if let Some(mut handle) = create()? {
            handle.write_all(bytes).map_err(fail)?;
        }
        return Ok(Unpacked { sha256, mismatches, search_paths });
    }

    let mut handle = create()?;
    let mut hashers = Hashers::new(file.hash.as_ref());
    inflate::stream(source, member, scratch, |bytes| {
        if stopped() {
            return Err(Error::Stopped);
        }
        hashers.update(bytes);
        handle.as_mut().map_or(Ok(()), |handle| handle.write_all(bytes)).map_err(fail)
    })?;
    let (sha256, mismatches) = check(file, hashers)?;
    let search_paths = match handle {
        Some(_) => search_paths(&tree.open(&file.path)?),
        None => Vec::new(),
    };
    Ok(Unpacked { sha256, mismatches, search_paths })
}

impl Bytes for Handle {
    fn get(&self, offset: u64, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length.min(2 * BLOCK)];
        if bytes.len() < length {
            return None;
        }
        #[cfg(unix)]
        std::os::unix::fs::FileExt::read_exact_at(self, &mut bytes, offset).ok()?;
        #[cfg(windows)]
        {
            let count = std::os::windows::fs::FileExt::seek_read(self, &mut bytes, offset).ok()?;
            if count < length {
                return None;
            }
        }
        Some(bytes)
    }
}

/// Compare size and hash with RECORD's; returns the sha256.
fn check(file: &File, hashers: Hashers) -> Result<([u8; 32], Vec<Mismatch>), Fault> {
    let name = &file.member.name;
    let mut mismatches = Vec::new();
    let mut differs = |rule, expected: Option<String>, actual: String| {
        if file.record == Vouch::Strict {
            let fault = Fault::of(rule, name).actual(actual);
            return Err(Fault { expected, ..fault });
        }
        mismatches.push(Mismatch { path: name.clone(), rule, expected, actual: Some(actual) });
        Ok(())
    };
    if let Some(size) = file.size.filter(|&size| size != file.member.size) {
        differs("record-size", Some(size.to_string()), file.member.size.to_string())?;
    }
    let (sha256, other) = hashers.finish();
    if let Some(hash) = &file.hash {
        let actual = other.as_deref().unwrap_or(&sha256);
        if *hash.digest != *actual {
            let actual = format!("{}={}", hash.algorithm, hex(actual));
            differs("record-hash", Some(hash.text()), actual)?;
        }
    }
    if file.record == Vouch::Unlisted {
        differs("record-unlisted", None, format!("sha256={}", hex(&sha256)))?;
    }
    Ok((sha256, mismatches))
}

/// The sha256 of some bytes, and the longer hash that RECORD has.
struct Hashers {
    sha256: Sha256,
    longer: Longer,
}

enum Longer {
    None,
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hashers {
    fn new(wanted: Option<&Hash>) -> Self {
        let longer = match wanted.map(|hash| hash.algorithm.as_str()) {
            Some("sha384") => Longer::Sha384(Sha384::new()),
            Some("sha512") => Longer::Sha512(Sha512::new()),
            _ => Longer::None,
        };
        Self { sha256: Sha256::new(), longer }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        match &mut self.longer {
            Longer::None => {}
            Longer::Sha384(hasher) => hasher.update(bytes),
            Longer::Sha512(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> ([u8; 32], Option<Vec<u8>>) {
        let longer = match self.longer {
            Longer::None => None,
            Longer::Sha384(hasher) => Some(hasher.finalize().to_vec()),
            Longer::Sha512(hasher) => Some(hasher.finalize().to_vec()),
        };
        (self.sha256.finalize().into(), longer)
    }
}
