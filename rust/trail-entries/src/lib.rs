//! Reads many `entry.json` of a depot (docs/layout.md, section 4) at once, by the rules of
//! `python/trail/depot/entry.py`.
//!
//! Only what leaves no doubt is read here. For all else, the faulty and the missing included,
//! there is no result, and the Python parser decides: so each message has one place.

#![forbid(unsafe_code)]

mod entry;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub use entry::{Known, parse};

/// A thousand times what entries have usually.
const LARGEST: u64 = 1 << 21;

/// To begin a thread takes as long as to read so many.
const SHARE: usize = 8;

/// Read files, in their order, on several threads.
#[must_use]
pub fn read_all(paths: &[PathBuf], threads: usize) -> Vec<Option<Known>> {
    let next = AtomicUsize::new(0);
    let run = || {
        let (mut found, mut data) = (Vec::new(), Vec::new());
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = paths.get(number) else { return found };
            found.push((number, read(path, &mut data)));
        }
    };
    let mut all: Vec<Option<Known>> = paths.iter().map(|_| None).collect();
    thread::scope(|scope| {
        // Where no thread can be had, this one does all.
        let others: Vec<_> = (1..threads.min(paths.len() / SHARE))
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, run).ok())
            .collect();
        let mut results = vec![run()];
        for other in others {
            results.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        for (number, known) in results.into_iter().flatten() {
            all[number] = known;
        }
    });
    all
}

fn read(path: &Path, data: &mut Vec<u8>) -> Option<Known> {
    data.clear();
    File::open(path).ok()?.take(LARGEST).read_to_end(data).ok()?;
    parse(data)
}
