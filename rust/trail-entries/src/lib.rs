//! Reads many `entry.json` of a depot (docs/layout.md, section 4) at once, by the rules of
//! `python/trail/depot/entry.py`.
//!
//! Only what leaves no doubt is read here. For all else, the faulty and the missing included,
//! there is no result, and the Python parser decides: so each message has one place.

#![forbid(unsafe_code)]

mod entry;
mod metadata;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

pub use entry::{Known, parse};

/// Fifty times what entries have usually; Python reads larger ones.
const LARGEST: usize = 1 << 16;

/// To begin a thread takes as long as to read so many.
const SHARE: usize = 8;

/// Read files, in their order, on several threads.
///
/// None of them is waited for that has not begun when there is nothing left to do: on a machine
/// that is busy, that takes longer than the reading.
#[must_use]
pub fn read_all(paths: Vec<PathBuf>, threads: usize) -> Vec<Option<Known>> {
    let count = paths.len();
    let files = Arc::new(Files { paths, next: AtomicUsize::new(0) });
    let (sender, receiver) = channel();
    for _ in 1..threads.min(count / SHARE) {
        let (files, sender) = (Arc::clone(&files), sender.clone());
        let run = move || files.read(|found| drop(sender.send(found)));
        // Where no thread can be had, this one does all.
        if thread::Builder::new().spawn(run).is_err() {
            break;
        }
    }
    drop(sender);
    let mut all: Vec<Option<Known>> = Vec::new();
    all.resize_with(count, || None);
    let mut own = 0;
    files.read(|(number, known)| {
        all[number] = known;
        own += 1;
    });
    // Nothing comes of a thread that panicked: then Python reads the file.
    for (number, known) in receiver.iter().take(count - own) {
        all[number] = known;
    }
    all
}

/// What is to be read, by whoever has time.
struct Files {
    paths: Vec<PathBuf>,
    next: AtomicUsize,
}

impl Files {
    fn read(&self, mut give: impl FnMut((usize, Option<Known>))) {
        let mut data = vec![0; LARGEST];
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = self.paths.get(number) else { return };
            give((number, read(path, &mut data)));
        }
    }
}

/// Read a file at one go: what is longer, or comes in pieces, is no whole document.
fn read(path: &Path, data: &mut [u8]) -> Option<Known> {
    let length = File::open(path).ok()?.read(data).ok()?;
    if length < LARGEST { parse(&data[..length]) } else { None }
}
