//! Whole wheels through the pool.

#![allow(clippy::unwrap_used)] // tests may panic

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use trail_wheel::{Error, Fault, Job, Next, Outcome, Pool};

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("trail-pool-{}-{name}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        unlock(&self.0);
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Make the folders of entries writable again.
#[cfg(unix)]
fn unlock(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;

    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o755));
    for item in fs::read_dir(folder).into_iter().flatten().flatten() {
        if item.file_type().is_ok_and(|kind| kind.is_dir()) {
            unlock(&item.path());
        }
    }
}

#[cfg(not(unix))]
fn unlock(_folder: &Path) {}

/// The files of a small wheel, RECORD among them.
fn wheel_files(files: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> =
        files.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect();
    let own = |name: &str| format!("demo-1.0.dist-info/{name}");
    all.push((own("METADATA"), b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n".to_vec()));
    all.push((own("WHEEL"), b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n".to_vec()));
    let mut record = String::new();
    for (name, content) in &all {
        writeln!(
            record,
            "\"{name}\",sha256={},{}",
            base64(&Sha256::digest(content)),
            content.len()
        )
        .unwrap();
    }
    writeln!(record, "{},,", own("RECORD")).unwrap();
    all.push((own("RECORD"), record.into_bytes()));
    all
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: String = bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:08b}"));
    let digits = bits.as_bytes().chunks(6).map(|chunk| {
        let text = format!("{:0<6}", String::from_utf8_lossy(chunk));
        char::from(DIGITS[usize::from_str_radix(&text, 2).unwrap()])
    });
    digits.collect()
}

/// An archive of stored members; `wrong` ones get a wrong CRC.
fn archive(files: &[(String, Vec<u8>)], wrong: &[usize]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (at, (name, content)) in files.iter().enumerate() {
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        common.extend((crc32fast::hash(content) ^ u32::from(wrong.contains(&at))).to_le_bytes());
        let size = u32::try_from(content.len()).unwrap().to_le_bytes();
        common.extend([size, size].concat());
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        directory.extend(name.as_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(name.as_bytes());
        bytes.extend(content);
    }
    let offset = u32::try_from(bytes.len()).unwrap();
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap();
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count, count].concat());
    bytes.extend(size.to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

fn job(id: u64, wheel: &Path, destination: PathBuf) -> Job {
    Job {
        id,
        wheel: wheel.to_owned(),
        name: "demo".into(),
        version: "1.0".into(),
        destination,
        private: true,
        vouched: false,
        waive: false,
        max_unpacked: 1 << 30,
    }
}

/// Run jobs to their end; the outcomes are sorted by job.
fn run(jobs: Vec<Job>, threads: usize) -> Vec<Outcome> {
    let pool = Pool::start(threads).unwrap();
    for job in jobs {
        pool.submit(job);
    }
    let mut outcomes = Vec::new();
    loop {
        match pool.next(Duration::from_secs(60)) {
            Next::Finished(outcome) => outcomes.push(*outcome),
            Next::Idle => break,
            Next::TimeUp => panic!("the pool hangs"),
        }
    }
    pool.close();
    assert!(pool.join(Duration::from_secs(60)));
    outcomes.sort_by_key(|(id, _)| *id);
    outcomes
}

#[test]
fn a_wheel_is_unpacked() {
    let folder = Folder::new("good");
    let files = wheel_files(&[("demo/__init__.py", b"x = 1\n"), ("demo/a,b.txt", b"")]);
    let wheel = folder.0.join("wheel");
    fs::write(&wheel, archive(&files, &[])).unwrap();
    let outcomes = run(vec![job(7, &wheel, folder.0.join("entry"))], 2);
    let (id, Ok(facts)) = &outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!((*id, facts.files, facts.root_is_purelib), (7, 6, true));
    assert_eq!(facts.dist_info, "demo-1.0.dist-info");
    assert_eq!(facts.top_level.len(), 1);

    let site = if cfg!(windows) { "Lib/site-packages" } else { "lib/python/site-packages" };
    let site = folder.0.join("entry").join(site);
    assert_eq!(fs::read(site.join("demo/__init__.py")).unwrap(), b"x = 1\n");
    let record = fs::read_to_string(site.join("demo-1.0.dist-info/RECORD")).unwrap();
    let paths: Vec<_> = record.lines().map(|line| line.split(",sha256=").next().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "demo-1.0.dist-info/INSTALLER",
            "demo-1.0.dist-info/METADATA",
            "demo-1.0.dist-info/RECORD,,",
            "demo-1.0.dist-info/WHEEL",
            "demo/__init__.py",
            "\"demo/a,b.txt\"",
        ]
    );
    let digest = Sha256::digest(&record).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    assert_eq!(facts.record, digest);
}

#[test]
fn the_first_wrong_member_counts() {
    let folder = Folder::new("first");
    let large = vec![1; 2 << 20];
    let names: Vec<String> = (0..300).map(|at| format!("demo/{at:03}")).collect();
    let files: Vec<(&str, &[u8])> = names
        .iter()
        .enumerate()
        .map(|(at, name)| (name.as_str(), if at == 299 { &large[..] } else { b"x" }))
        .collect();
    let wheel = folder.0.join("wheel");
    fs::write(&wheel, archive(&wheel_files(&files), &[150, 151, 299])).unwrap();
    let jobs = (0..8).map(|id| job(id, &wheel, folder.0.join(id.to_string()))).collect();
    for (_, result) in run(jobs, 4) {
        let Err(Error::Fault(Fault { code: "zip-crc", member, .. })) = result else {
            panic!("{result:?}")
        };
        assert_eq!(member.as_deref(), Some("demo/150"));
    }
}

#[test]
fn failures_of_the_system_are_outcomes() {
    let folder = Folder::new("system");
    let wheel = folder.0.join("wheel");
    fs::write(&wheel, archive(&wheel_files(&[("demo.py", b"")]), &[])).unwrap();
    let there = folder.0.join("there");
    fs::create_dir(&there).unwrap();
    let missing = folder.0.join("missing");
    let jobs = vec![job(1, &wheel, there.clone()), job(2, &missing, folder.0.join("entry"))];
    let paths: Vec<_> = run(jobs, 1)
        .into_iter()
        .map(|(_, result)| match result {
            Err(Error::Os { path, .. }) => path,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(paths, [there, missing]);
}

#[test]
fn a_stopped_pool_ends_soon_and_owes_nothing() {
    let folder = Folder::new("stop");
    let wheel = folder.0.join("wheel");
    fs::write(&wheel, archive(&wheel_files(&[("demo.bin", &vec![1; 4 << 20])]), &[])).unwrap();
    let pool = Pool::start(2).unwrap();
    for id in 0..200 {
        pool.submit(job(id, &wheel, folder.0.join(id.to_string())));
    }
    pool.stop();
    assert!(pool.join(Duration::from_secs(60)));
    let mut stopped = 0;
    while let Next::Finished(outcome) = pool.next(Duration::ZERO) {
        stopped += usize::from(outcome.1 == Err(Error::Stopped));
    }
    assert!(stopped > 0);
    assert!(matches!(pool.next(Duration::ZERO), Next::Idle));
    assert!(!folder.0.join("199").exists());
}
