//! One wheel on its way into the depot: prepared, unpacked in chunks, finished.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::directory::parse_directory;
use crate::error::{Error, Fault};
use crate::facts::{Escape, Facts};
use crate::frame::{TAIL, parse_frame};
use crate::inflate::Scratch;
use crate::local::check_members;
use crate::plan::{Expected, Plan};
use crate::record::{hex, write_row};
use crate::scheme::{SCRIPTS, SITE};
use crate::source::Source;
use crate::tree::{Folder, Tree};
use crate::unpack::{Unpacked, unpack};

/// Files from this size on are chunks of their own.
const LARGE: u64 = 1 << 20;
/// Other chunks have at most so many bytes (unpacked) and files.
const CHUNK_SIZE: u64 = 1 << 20;
const CHUNK_FILES: usize = 64;

/// What to do with one wheel.
#[derive(Clone, Debug)]
pub struct Job {
    /// Whatever the caller wants to know it by.
    pub id: u64,
    /// The archive.
    pub wheel: PathBuf,
    /// The distribution, normalised.
    pub name: String,
    /// Its version, normalised.
    pub version: String,
    /// A folder that does not exist yet, in one that does.
    pub destination: PathBuf,
    /// Whether nobody else can change the archive, so that it may be mapped.
    pub private: bool,
    /// Whether a lock or an index gave the archive's hash.
    pub vouched: bool,
    /// Whether differences from RECORD are waived.
    pub waive: bool,
    /// How many bytes it may unpack to.
    pub max_unpacked: u64,
}

/// A wheel that passed sections 1 to 4, and whose folders are made.
pub struct Wheel {
    /// The job's.
    pub id: u64,
    source: Source,
    plan: Plan,
    tree: Tree,
    folders: BTreeSet<String>,
    progress: Mutex<Progress>,
    /// The first wrong file so far; those behind it need no look.
    lowest: AtomicUsize,
}

#[derive(Default)]
struct Progress {
    unpacked: Vec<(usize, Unpacked)>,
    error: Option<(usize, Error)>,
}

/// Some files of a wheel, by index.
#[derive(Debug)]
pub struct Chunk {
    /// In the order of the directory.
    pub files: Vec<usize>,
    /// How many bytes they hold.
    pub size: u64,
}

impl Wheel {
    /// Check all that needs no unpacking, and make the folders.
    ///
    /// `promise` is told how many bytes the wheel needs and how many are free, and gives back how
    /// many of these nobody else needs.
    pub fn prepare(
        job: &Job,
        scratch: &mut Scratch,
        promise: impl FnOnce(u64, u64) -> Result<(), u64>,
    ) -> Result<Self, Error> {
        let source = Source::open(&job.wheel, job.private)?;
        let mut buffer = Vec::new();
        let length = source.length();
        let tail = usize::try_from(length.min(TAIL)).unwrap_or_default();
        let frame = parse_frame(source.bytes(length - tail as u64, tail, &mut buffer)?, length)?;
        let size = usize::try_from(frame.size).map_err(|_| Fault::new("zip-directory"))?;
        let directory = source.bytes(frame.offset, size, &mut buffer)?;
        let mut members = parse_directory(directory, frame.entries, job.max_unpacked)?;
        check_members(&source, frame, &mut members)?;
        let expected = Expected {
            name: &job.name,
            version: &job.version,
            vouched: job.vouched,
            waive: job.waive,
        };
        let plan = Plan::make(&source, members, expected, scratch)?;

        let tree = Tree::make(&job.destination)?;
        promise(plan.size(), tree.free()?)
            .map_err(|free| Fault::new("disk-full").expected(plan.size()).actual(free))?;
        let folders = folders_of(&plan);
        for folder in &folders {
            tree.make_folder(folder)?;
        }
        Ok(Self {
            id: job.id,
            source,
            plan,
            tree,
            folders,
            progress: Mutex::default(),
            lowest: AtomicUsize::new(usize::MAX),
        })
    }

    /// Cut the work into pieces that threads can do at the same time.
    pub fn chunks(&self) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let mut open = Chunk { files: Vec::new(), size: 0 };
        for (at, file) in self.plan.files.iter().enumerate() {
            let size = file.member.size;
            if size >= LARGE {
                chunks.push(Chunk { files: vec![at], size });
                continue;
            }
            if open.files.len() == CHUNK_FILES || open.size + size > CHUNK_SIZE {
                chunks.push(std::mem::replace(&mut open, Chunk { files: Vec::new(), size: 0 }));
            }
            open.files.push(at);
            open.size += size;
        }
        if !open.files.is_empty() {
            chunks.push(open);
        }
        chunks
    }

    /// Unpack some files.
    pub fn unpack(&self, chunk: &Chunk, scratch: &mut Scratch, stopped: impl Fn() -> bool) {
        let mut done = Vec::with_capacity(chunk.files.len());
        let mut open: Option<(&str, Folder)> = None;
        for &at in &chunk.files {
            if at > self.lowest.load(Ordering::Relaxed) {
                break;
            }
            let result = if stopped() {
                Err(Error::Stopped)
            } else {
                self.unpack_one(at, &mut open, scratch, &stopped)
            };
            match result {
                Ok(unpacked) => done.push((at, unpacked)),
                Err(error) => {
                    self.fail(at, error);
                    break;
                }
            }
        }
        self.progress().unpacked.append(&mut done);
    }

    fn unpack_one<'a>(
        &'a self,
        at: usize,
        open: &mut Option<(&'a str, Folder)>,
        scratch: &mut Scratch,
        stopped: impl Fn() -> bool,
    ) -> Result<Unpacked, Error> {
        let file = &self.plan.files[at];
        let wanted = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if file.written && open.as_ref().is_none_or(|(folder, _)| *folder != wanted) {
            *open = Some((wanted, self.tree.open_folder(wanted)?));
        }
        let folder = open.as_ref().filter(|_| file.written).map(|(_, folder)| folder);
        unpack(&self.source, file, &self.tree, folder, stopped, scratch)
    }

    /// Note that a file is wrong; the first in the order of the directory counts.
    pub fn fail(&self, at: usize, error: Error) {
        self.lowest.fetch_min(at, Ordering::Relaxed);
        let mut progress = self.progress();
        if progress.error.as_ref().is_none_or(|(other, _)| at < *other) {
            progress.error = Some((at, error));
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Write RECORD and INSTALLER, make the folders read-only, and tell what was found.
    pub fn finish(&self) -> Result<Facts, Error> {
        let Progress { mut unpacked, error } = std::mem::take(&mut *self.progress());
        if let Some((_, error)) = error {
            return Err(error);
        }
        unpacked.sort_unstable_by_key(|(at, _)| *at);

        let plan = &self.plan;
        let mut rows = Vec::with_capacity(unpacked.len() + plan.scripts.len() + 2);
        let (mut files, mut size) = (2, 0);
        let mut escapes = BTreeSet::new();
        let mut mismatches = plan.mismatches.clone();
        for (at, found) in &mut unpacked {
            let file = &plan.files[*at];
            mismatches.append(&mut found.mismatches);
            if !file.written {
                continue;
            }
            files += 1;
            size += file.member.size;
            rows.push((record_path(&file.path), Some((found.sha256, file.member.size))));
            let library = file.path.strip_prefix(SITE).and_then(|path| path.strip_prefix('/'));
            for (tag, runpath) in found.search_paths.drain(..) {
                if let Some(library) = library.filter(|path| plan.layout.is_escape(path, &runpath))
                {
                    escapes.insert(Escape { library: library.to_owned(), runpath, tag });
                }
            }
        }
        for script in &plan.scripts {
            let suffix = if cfg!(windows) { ".exe" } else { "" };
            let path = record_path(&format!("{SCRIPTS}/{}{suffix}", script.name));
            rows.push((path, None));
        }
        let [installer, record] =
            ["INSTALLER", "RECORD"].map(|name| format!("{}/{name}", plan.dist_info));
        let text = b"trail\n";
        size += text.len() as u64;
        self.write(&installer, text)?;
        rows.push((installer, Some((Sha256::digest(text).into(), text.len() as u64))));
        rows.push((record.clone(), None));
        rows.sort_by(|one, other| one.0.cmp(&other.0).then(other.1.cmp(&one.1)));
        rows.dedup_by(|later, earlier| later.0 == earlier.0); // a file stays, its script goes

        let mut text = String::new();
        for (path, file) in &rows {
            write_row(&mut text, path, file.as_ref().map(|(digest, size)| (digest, *size)));
        }
        size += text.len() as u64;
        self.write(&record, text.as_bytes())?;
        for folder in &self.folders {
            self.tree.close_folder(folder)?;
        }
        mismatches.sort();
        Ok(Facts {
            dist_info: plan.dist_info.clone(),
            root_is_purelib: plan.root_is_purelib,
            files,
            size,
            record: hex(&Sha256::digest(text.as_bytes())),
            top_level: plan.layout.top_level.clone(),
            startup: plan.layout.startup.clone(),
            scripts: plan.scripts.clone(),
            schemes: plan.layout.schemes.clone(),
            metadata: plan.layout.metadata.clone(),
            root_files: plan.layout.root_files.clone(),
            escapes: escapes.into_iter().collect(),
            mismatches,
        })
    }

    /// Write a file of trail's own, below site-packages.
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = format!("{SITE}/{path}");
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let folder = self.tree.open_folder(folder)?;
        let mut file = self.tree.create(&folder, &path, name, 0o444)?;
        file.write_all(bytes).map_err(|error| Error::os(&error, &self.tree.path(&path)))
    }
}

/// All folders that hold files, and theirs, each behind the one it is in.
fn folders_of(plan: &Plan) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    let record = format!("{SITE}/{}/RECORD", plan.dist_info);
    let written = plan.files.iter().filter(|file| file.written).map(|file| &file.path);
    for path in written.chain([&record]) {
        for (at, _) in path.rmatch_indices('/') {
            if folders.contains(&path[..at]) {
                break;
            }
            folders.insert(path[..at].to_owned());
        }
    }
    folders
}

/// A path below the entry as RECORD writes it: relative to site-packages.
fn record_path(path: &str) -> String {
    match path.strip_prefix(SITE).and_then(|path| path.strip_prefix('/')) {
        Some(path) => path.to_owned(),
        None => "../".repeat(SITE.split('/').count()) + path,
    }
}
