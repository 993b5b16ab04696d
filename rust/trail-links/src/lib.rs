//! Fills a new folder with folders, links and small files: what a prefix of trail is made of.
//!
//! The kernel's work for a link is mostly finding its way: so each folder is opened once, and
//! what goes into it is named relative to that. Several threads go through the folders, and begin
//! with the first portion of the work while the caller thinks about the next. There is nothing
//! here on Windows, where links of folders are junctions.

#![forbid(unsafe_code)]
#![cfg(unix)]

mod folder;
mod tree;
mod work;

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rustix::io::Errno;

use folder::{Folder, Place};
pub use tree::has_bytecode;
pub use work::{Failure, Group, Left, Links, Names, NewFile, NewFolder, Tree, Work};

/// A folder that is being filled.
///
/// Dropped before its end, it stops; what was made stays.
#[derive(Debug)]
pub struct Filling {
    shared: Arc<Shared>,
    threads: usize,
    others: Vec<JoinHandle<()>>,
    /// Folders that can still get something.
    open: HashSet<OsString>,
    /// Those of them that lose their write permission at the end.
    closing: Vec<OsString>,
}

impl Filling {
    /// Open a folder that is there and empty.
    pub fn begin(root: &Path, threads: usize) -> Result<Self, Failure> {
        let shared =
            Shared { place: Place::open(root)?, queue: Mutex::default(), more: Condvar::new() };
        Ok(Self {
            shared: Arc::new(shared),
            threads,
            others: Vec::new(),
            open: HashSet::from([OsString::new()]),
            closing: Vec::new(),
        })
    }

    /// Take a portion of the work, on which other threads begin.
    ///
    /// What is wrong with an earlier portion may be told here.
    pub fn add(&mut self, work: Work) -> Result<(), Failure> {
        let tasks = self.tasks(work)?;
        self.begin_with(tasks)
    }

    /// Take a portion that is folders only, in open ones.
    pub fn add_folders(&mut self, folders: Vec<NewFolder>) -> Result<(), Failure> {
        let task = |folder: NewFolder| {
            Task::Folder(Folder {
                name: folder.name,
                new: true,
                links: folder.links,
                files: Vec::new(),
            })
        };
        self.begin_with(folders.into_iter().map(task).collect())
    }

    fn begin_with(&mut self, tasks: Vec<Task>) -> Result<(), Failure> {
        let mut queue = self.shared.lock();
        if let Some(failure) = &queue.failure {
            return Err(failure.clone());
        }
        queue.portions.push(Portion { tasks: Arc::new(tasks), begun: 0 });
        drop(queue);
        self.shared.more.notify_all();
        while self.others.len() + 1 < self.threads {
            let shared = Arc::clone(&self.shared);
            // Where no thread can be had, this one does all.
            let other = thread::Builder::new().name("links".into());
            let Ok(other) = other.spawn(move || shared.work(true)) else { break };
            self.others.push(other);
        }
        Ok(())
    }

    /// Do what is left, and wait for the others.
    pub fn finish(mut self) -> Result<Vec<Left>, Failure> {
        self.shared.end();
        self.shared.work(false);
        for other in self.others.drain(..) {
            other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
        let mut queue = self.shared.lock();
        if let Some(failure) = queue.failure.take() {
            return Err(failure);
        }
        for folder in &self.closing {
            self.shared.place.close(folder)?;
        }
        let mut left = std::mem::take(&mut queue.left);
        drop(queue);
        left.sort_by(|one, other| one.folder.cmp(&other.folder));
        Ok(left)
    }

    /// Make the folders that others come into, and sort out what goes where.
    fn tasks(&mut self, work: Work) -> Result<Vec<Task>, Failure> {
        let missing =
            |folder: &OsStr| Failure { errno: Errno::NOENT.raw_os_error(), path: folder.into() };
        let inside = work.folders.iter().chain(work.trees.iter().map(|tree| &tree.folder));
        let parents: HashSet<&OsStr> = inside.map(|folder| parent(folder)).collect();
        for name in &work.open {
            self.make(name, &work.writable)?;
        }
        let mut folders: Vec<Folder> = Vec::with_capacity(work.folders.len());
        let mut places: HashMap<&OsStr, usize> = HashMap::with_capacity(work.folders.len());
        for name in &work.folders {
            // Others come into it: so it has to be there.
            if parents.contains(name.as_os_str()) || work.writable.contains(name) {
                self.make(name, &work.writable)?;
            } else {
                places.insert(name, folders.len());
                folders.push(Folder { name: name.clone(), new: true, ..Folder::default() });
            }
        }
        if let Some(parent) = parents.iter().find(|&&parent| !self.open.contains(parent)) {
            return Err(missing(parent));
        }
        let mut find = |folders: &mut Vec<Folder>, name: &OsStr| {
            if let Some(&place) = places.get(name) {
                return Ok(place);
            }
            let name = self.open.get(name).ok_or_else(|| missing(name))?;
            places.insert(name, folders.len());
            folders.push(Folder { name: name.clone(), ..Folder::default() });
            Ok(folders.len() - 1)
        };
        for group in work.groups {
            let place = find(&mut folders, &group.folder)?;
            folders[place].links.push(group.links);
        }
        for file in work.files {
            let place = find(&mut folders, &file.folder)?;
            folders[place].files.push(file);
        }
        // Those that were made before have more links than all others: they come first.
        folders.sort_by_key(|folder| folder.new);
        let trees = work.trees.into_iter().map(Task::Tree);
        Ok(trees.chain(folders.into_iter().map(Task::Folder)).collect())
    }

    fn make(&mut self, folder: &OsString, writable: &[OsString]) -> Result<(), Failure> {
        self.shared.place.make(folder)?;
        self.open.insert(folder.clone());
        if !writable.contains(folder) {
            self.closing.push(folder.clone());
        }
        Ok(())
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        self.shared.lock().drop_tasks();
        self.shared.end();
        for other in self.others.drain(..) {
            // What it panicked with was printed, and somebody else's fault is under way here.
            drop(other.join());
        }
    }
}

/// Fill a folder that is there and empty, at one go.
///
/// What was made before a failure stays.
pub fn fill(root: &Path, work: Work, threads: usize) -> Result<Vec<Left>, Failure> {
    let mut filling = Filling::begin(root, threads)?;
    filling.add(work)?;
    filling.finish()
}

#[derive(Debug)]
enum Task {
    Tree(Tree),
    Folder(Folder),
}

/// What the threads share.
#[derive(Debug)]
struct Shared {
    place: Place,
    queue: Mutex<Queue>,
    /// Something was added, or nothing will be any more.
    more: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    portions: Vec<Portion>,
    ended: bool,
    left: Vec<Left>,
    failure: Option<Failure>,
}

/// Tasks stay where they are: to give memory back on another thread than it came from would make
/// this wait for whoever uses memory there, Python for instance.
#[derive(Debug)]
struct Portion {
    tasks: Arc<Vec<Task>>,
    begun: usize,
}

impl Queue {
    /// Find a task that nobody began; of the last portion first, which has the biggest.
    fn next(&mut self) -> Option<(Arc<Vec<Task>>, usize)> {
        let portion =
            self.portions.iter_mut().rev().find(|portion| portion.begun < portion.tasks.len())?;
        portion.begun += 1;
        Some((Arc::clone(&portion.tasks), portion.begun - 1))
    }

    fn drop_tasks(&mut self) {
        for portion in &mut self.portions {
            portion.begun = portion.tasks.len();
        }
    }
}

impl Shared {
    /// A thread that panics does so without this lock.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.lock().ended = true;
        self.more.notify_all();
    }

    /// Carry out tasks until there are none, or until there can be none.
    fn work(&self, wait: bool) {
        let mut queue = self.lock();
        loop {
            if let Some((tasks, number)) = queue.next() {
                drop(queue);
                let mut left = Vec::new();
                let done = match &tasks[number] {
                    Task::Tree(tree) => {
                        tree::copy_tree(&self.place.root, &self.place.path, tree, &mut left)
                    }
                    Task::Folder(folder) => self.place.fill(folder, &mut left),
                };
                queue = self.lock();
                queue.left.append(&mut left);
                if let Err(failure) = done {
                    queue.failure.get_or_insert(failure);
                    queue.drop_tasks();
                }
            } else if wait && !queue.ended {
                queue = self.more.wait(queue).unwrap_or_else(PoisonError::into_inner);
            } else {
                return;
            }
        }
    }
}

fn parent(folder: &OsStr) -> &OsStr {
    Path::new(folder).parent().unwrap_or(Path::new("")).as_os_str()
}
