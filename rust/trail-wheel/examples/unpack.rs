//! Unpack a folder of wheels and tell how long that took, for work on the engine's speed:
//!
//!     cargo run --release -p trail-wheel --example unpack -- WHEELS DESTINATION [THREADS] [read]
//!
//! DESTINATION must not exist yet; with `read` the archives are read instead of mapped.

#![allow(clippy::print_stdout)] // a program

use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{env, fs};

use trail_wheel::{Job, Next, Pool};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [wheels, destination, options @ ..] = &arguments[..] else {
        return Err("usage: unpack WHEELS DESTINATION [THREADS] [read]".into());
    };
    let threads = options.first().map_or(Ok(2), |text| text.parse())?;
    let private = options.get(1).is_none_or(|word| word != "read");
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    for item in fs::read_dir(wheels)? {
        let path = item?.path();
        if path.extension().is_some_and(|suffix| suffix == "whl") {
            found.push((fs::metadata(&path)?.len(), path));
        }
    }
    found.sort();
    fs::create_dir(destination)?;

    let start = Instant::now();
    let pool = Pool::start(threads)?;
    for ((_, wheel), id) in found.into_iter().rev().zip(0..) {
        let stem = wheel.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut parts = stem.split('-').map(str::to_owned);
        let (Some(name), Some(version)) = (parts.next(), parts.next()) else { continue };
        let name = name.to_lowercase().replace(['_', '.'], "-");
        let destination = PathBuf::from(destination).join(&stem);
        let (vouched, waive, max_unpacked) = (true, false, 1 << 34);
        pool.submit(Job {
            id,
            wheel,
            name,
            version,
            destination,
            private,
            vouched,
            waive,
            max_unpacked,
        });
    }
    let (mut wheels, mut files, mut bytes) = (0, 0, 0);
    while let Next::Finished(outcome) = pool.next(Duration::MAX) {
        match outcome.1 {
            Ok(facts) => {
                wheels += 1;
                files += facts.files;
                bytes += facts.size;
            }
            Err(error) => println!("{error:?}"),
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{wheels} wheels, {files} files, {} MB in {seconds:.3} s", bytes >> 20);
    Ok(())
}
