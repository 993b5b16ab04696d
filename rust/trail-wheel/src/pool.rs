//! The threads that unpack wheels.
//!
//! A wheel is prepared by one thread, cut into chunks that any thread may take, and finished by
//! the thread that did its last chunk. The chunks of all wheels wait in one queue, so that one big
//! wheel keeps all threads busy while others are still being downloaded.

use std::any::Any;
use std::cmp::Ordering as Order;
use std::collections::{BinaryHeap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::facts::Facts;
use crate::inflate::Scratch;
use crate::wheel::{Chunk, Job, Wheel};

/// So many wheels at most are prepared and not finished: each holds a folder open.
const MOST_OPEN: usize = 64;

/// What became of a job.
pub type Outcome = (u64, Result<Facts, Error>);

/// What [`Pool::next`] came back with.
#[derive(Debug)]
pub enum Next {
    /// A job is finished.
    Finished(Box<Outcome>),
    /// No job is left.
    Idle,
    /// None was finished in time.
    TimeUp,
}

/// Threads that unpack wheels in the background.
pub struct Pool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// There is something to do, or nothing will ever be again.
    work: Condvar,
    /// A job was finished.
    finished: Condvar,
    stopped: AtomicBool,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    chunks: BinaryHeap<Task>,
    /// Wheels that are being prepared or unpacked.
    open: usize,
    /// Jobs whose outcome nobody has fetched yet.
    pending: usize,
    outcomes: VecDeque<Outcome>,
    /// Bytes that wheels under way will still write.
    promised: u64,
    closed: bool,
    serial: u64,
}

/// A chunk that waits; large ones first, otherwise in the order in which they came.
struct Task {
    chunk: Chunk,
    serial: u64,
    wheel: Arc<Wheel>,
    left: Arc<AtomicUsize>,
}

impl Task {
    fn rank(&self) -> (u64, std::cmp::Reverse<u64>) {
        let large = if self.chunk.files.len() == 1 { self.chunk.size } else { 0 };
        (large, std::cmp::Reverse(self.serial))
    }
}

impl Ord for Task {
    fn cmp(&self, other: &Self) -> Order {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Task {
    fn partial_cmp(&self, other: &Self) -> Option<Order> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Task {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Task {}

enum Step {
    Prepare(Job),
    Unpack(Task),
}

impl Pool {
    /// Start so many threads.
    pub fn start(threads: usize) -> std::io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let pool = Self { shared: Arc::clone(&shared), threads: Mutex::default() };
        for _ in 0..threads.max(1) {
            let shared = Arc::clone(&shared);
            let name = "trail-unpack".to_owned();
            let handle = thread::Builder::new().name(name).spawn(move || shared.work())?;
            lock(&pool.threads).push(handle);
        }
        Ok(pool)
    }

    /// Queue a job; never waits. After [`Pool::close`] or [`Pool::stop`] it is ignored.
    pub fn submit(&self, job: Job) {
        let mut state = self.shared.lock();
        if !state.closed {
            state.pending += 1;
            state.jobs.push_back(job);
            self.shared.work.notify_one();
        }
    }

    /// Wait for the next finished job, for some time at most.
    #[must_use]
    pub fn next(&self, timeout: Duration) -> Next {
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.shared.lock();
        loop {
            if let Some(outcome) = state.outcomes.pop_front() {
                state.pending -= 1;
                return Next::Finished(Box::new(outcome));
            }
            if state.pending == 0 {
                return Next::Idle;
            }
            let left = match deadline {
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
                None => Duration::MAX,
            };
            if left.is_zero() {
                return Next::TimeUp;
            }
            state = match self.shared.finished.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Take no more jobs; the threads end when all are done.
    pub fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_all();
    }

    /// Drop the jobs that were not begun and give up the others soon.
    pub fn stop(&self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let mut state = self.shared.lock();
        state.closed = true;
        let dropped: Vec<Job> = state.jobs.drain(..).collect();
        state.outcomes.extend(dropped.into_iter().map(|job| (job.id, Err(Error::Stopped))));
        drop(state);
        self.shared.work.notify_all();
        self.shared.finished.notify_all();
    }

    /// Wait until all threads have ended, for some time at most; whether they have.
    #[must_use]
    pub fn join(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut threads = lock(&self.threads);
        while let Some(thread) = threads.last() {
            if thread.is_finished() {
                // A thread that panicked outside its jobs has nothing to tell.
                let _ = threads.pop().map(JoinHandle::join);
            } else if Instant::now() >= deadline {
                return false;
            } else {
                thread::sleep(Duration::from_millis(1));
            }
        }
        true
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop();
        for thread in lock(&self.threads).drain(..) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// What a thread does all its life.
    fn work(&self) {
        let mut scratch = Scratch::new();
        while let Some(step) = self.take() {
            match step {
                Step::Prepare(job) => self.prepare(&job, &mut scratch),
                Step::Unpack(task) => self.unpack(&task, &mut scratch),
            }
        }
    }

    /// Wait for something to do; nothing when there will never be.
    fn take(&self) -> Option<Step> {
        let mut state = self.lock();
        loop {
            if state.open < MOST_OPEN
                && let Some(job) = state.jobs.pop_front()
            {
                state.open += 1;
                return Some(Step::Prepare(job));
            }
            if let Some(task) = state.chunks.pop() {
                return Some(Step::Unpack(task));
            }
            if state.closed && state.jobs.is_empty() && state.open == 0 {
                self.work.notify_all();
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn prepare(&self, job: &Job, scratch: &mut Scratch) {
        let mut promised = 0;
        let prepared = guard(|| {
            Wheel::prepare(job, scratch, |size, free| {
                let mut state = self.lock();
                let free = free.saturating_sub(state.promised);
                if size > free {
                    return Err(free);
                }
                state.promised += size;
                promised = size;
                Ok(())
            })
        });
        match prepared {
            Ok(wheel) => {
                let wheel = Arc::new(wheel);
                let chunks = wheel.chunks();
                let left = Arc::new(AtomicUsize::new(chunks.len()));
                let mut state = self.lock();
                for chunk in chunks {
                    state.serial += 1;
                    let (wheel, left) = (Arc::clone(&wheel), Arc::clone(&left));
                    let serial = state.serial;
                    state.chunks.push(Task { chunk, serial, wheel, left });
                }
                drop(state);
                self.work.notify_all();
            }
            Err(error) => {
                self.lock().promised -= promised;
                self.finish(job.id, Err(error));
            }
        }
    }

    fn unpack(&self, task: &Task, scratch: &mut Scratch) {
        let done = guard(|| {
            task.wheel.unpack(&task.chunk, scratch, || self.is_stopped());
            Ok(())
        });
        if let (Err(error), Some(&first)) = (done, task.chunk.files.first()) {
            task.wheel.fail(first, error);
        }
        self.lock().promised -= task.chunk.size;
        if task.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.finish(task.wheel.id, guard(|| task.wheel.finish()));
        }
    }

    fn finish(&self, id: u64, result: Result<Facts, Error>) {
        let mut state = self.lock();
        state.open -= 1;
        state.outcomes.push_back((id, result));
        drop(state);
        self.finished.notify_all();
        self.work.notify_all();
    }
}

/// Turn a panic into an error: whoever waits for the job must hear of it.
fn guard<T>(action: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(action)).unwrap_or_else(|panic| Err(describe(&*panic)))
}

fn describe(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    Error::Panic(text.unwrap_or("unknown panic").to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let message = "a panic that a test wants";
        assert_eq!(guard::<()>(|| panic!("{message}")), Err(Error::Panic(message.to_owned())));
        assert_eq!(guard(|| Ok(1)), Ok(1));
    }
}
