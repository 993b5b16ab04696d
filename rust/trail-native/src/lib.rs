//! The Python module `trail._native`: glue around the other crates, plain values on
//! both sides. `python/trail/_native.pyi` describes it; `python/trail/wheel/_native.py` and
//! `python/trail/index/_native.py` are its only users.

mod entries;
#[cfg(unix)]
mod links;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyIndexError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use trail_index::Reader;
use trail_wheel::{Error, Facts, Job, Member, Next, Pool};

/// How often a wait looks whether the user pressed Ctrl-C.
const TICK: Duration = Duration::from_millis(100);

/// The engine's version, which must be trail's.
#[pyfunction]
fn version() -> &'static str {
    trail_wheel::VERSION
}

/// The number of what Python may ask of this module, which `wheel/engine.py` names as well: each
/// change of a name, of arguments or of a result makes it the next one.
#[pyfunction]
fn interface() -> u32 {
    4
}

/// Threads that unpack wheels.
#[pyclass(frozen, module = "trail._native")]
struct Unpacker {
    pool: Pool,
}

#[pymethods]
impl Unpacker {
    #[new]
    fn new(threads: usize) -> PyResult<Self> {
        Ok(Self { pool: Pool::start(threads)? })
    }

    #[pyo3(signature = (serial, wheel, destination, *, name, version, private, vouched, waive, max_unpacked))]
    #[allow(clippy::too_many_arguments, clippy::fn_params_excessive_bools)] // plain values
    fn submit(
        &self,
        serial: u64,
        wheel: PathBuf,
        destination: PathBuf,
        name: String,
        version: String,
        private: bool,
        vouched: bool,
        waive: bool,
        max_unpacked: u64,
    ) {
        self.pool.submit(Job {
            id: serial,
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

    #[pyo3(signature = (timeout = None))]
    fn next<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<f64>,
    ) -> PyResult<Option<(u64, Bound<'py, PyAny>)>> {
        let deadline = timeout
            .and_then(|timeout| Duration::try_from_secs_f64(timeout.max(0.0)).ok())
            .and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let left = deadline.map(|time| time.saturating_duration_since(Instant::now()));
            let tick = left.map_or(TICK, |left| left.min(TICK));
            match py.detach(|| self.pool.next(tick)) {
                Next::Finished(outcome) => {
                    let (id, result) = *outcome;
                    return Ok(Some((id, outcome_value(py, result)?)));
                }
                Next::Idle => return Ok(None),
                Next::TimeUp => py.check_signals()?,
            }
            if left.is_some_and(|left| left <= tick) {
                return Ok(None);
            }
        }
    }

    /// Wait until all jobs are done, or, if `abandon`, drop them and wait for the threads.
    fn close(&self, py: Python<'_>, abandon: bool) -> PyResult<()> {
        if abandon {
            self.pool.stop();
        } else {
            self.pool.close();
        }
        while !py.detach(|| self.pool.join(TICK)) {
            if let Err(error) = py.check_signals() {
                self.pool.stop();
                py.detach(|| while !self.pool.join(TICK) {});
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Facts as a dict, a fault as (code, member, expected, actual), an error as (errno, path).
fn outcome_value(py: Python<'_>, result: Result<Facts, Error>) -> PyResult<Bound<'_, PyAny>> {
    match result {
        Ok(facts) => Ok(facts_value(py, facts)?.into_any()),
        Err(Error::Fault(fault)) => Ok((fault.code, fault.member, fault.expected, fault.actual)
            .into_pyobject(py)?
            .into_any()),
        Err(Error::Os { errno, path }) => {
            Ok((errno, path.into_os_string()).into_pyobject(py)?.into_any())
        }
        Err(Error::Stopped) => Err(PyRuntimeError::new_err("the unpacker was told to stop")),
        Err(Error::Panic(text)) => {
            Err(PyRuntimeError::new_err(format!("the native engine failed: {text}")))
        }
    }
}

fn facts_value(py: Python<'_>, facts: Facts) -> PyResult<Bound<'_, PyDict>> {
    let top_level: Vec<_> =
        facts.top_level.into_iter().map(|top| (top.path, top.name, top.kind)).collect();
    let scripts: Vec<_> =
        facts.scripts.into_iter().map(|script| (script.name, script.value, script.gui)).collect();
    let escapes: Vec<_> =
        facts.escapes.into_iter().map(|found| (found.library, found.runpath, found.tag)).collect();
    let mismatches: Vec<_> = facts
        .mismatches
        .into_iter()
        .map(|found| (found.path, found.rule, found.expected, found.actual))
        .collect();
    let value = PyDict::new(py);
    value.set_item("dist_info", facts.dist_info)?;
    value.set_item("root_is_purelib", facts.root_is_purelib)?;
    value.set_item("files", facts.files)?;
    value.set_item("size", facts.size)?;
    value.set_item("record", facts.record)?;
    value.set_item("top_level", top_level)?;
    value.set_item("startup", facts.startup)?;
    value.set_item("scripts", scripts)?;
    value.set_item("schemes", facts.schemes)?;
    value.set_item("metadata", facts.metadata)?;
    value.set_item("root_files", facts.root_files)?;
    value.set_item("escapes", escapes)?;
    value.set_item("mismatches", mismatches)?;
    Ok(value)
}

/// Reads pages of indexes, on any number of threads, in memory that is used again.
#[pyclass(frozen, module = "trail._native")]
struct PageReader {
    readers: Mutex<Vec<Reader>>,
    spare: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// The rows of a page.
#[pyclass(frozen, module = "trail._native")]
struct PageRows {
    data: Vec<u8>,
    spare: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// So much memory is kept for the rows of the next page.
const KEPT: usize = 4 << 20;

/// Status, reason, versions, ends and rows of an index page; nothing for one left to Python.
type PageValue = (String, Option<String>, String, Vec<usize>, PageRows);

#[pymethods]
impl PageReader {
    #[new]
    fn new() -> Self {
        Self { readers: Mutex::default(), spare: Arc::default() }
    }

    fn read(
        &self,
        py: Python<'_>,
        body: &[u8],
        gzip: bool,
        url: &str,
        project: &str,
    ) -> Option<PageValue> {
        let (page, rows) = py.detach(|| {
            let mut reader = locked(&self.readers).pop().unwrap_or_default();
            let data = locked(&self.spare).pop().unwrap_or_default();
            let mut rows = PageRows { data, spare: self.spare.clone() };
            let page = reader.read(body, gzip, url, project, &mut rows.data);
            locked(&self.readers).push(reader);
            page.map(|page| (page, rows))
        })?;
        Some((page.status, page.reason, page.versions.join(" "), page.ends, rows))
    }
}

#[pymethods]
impl PageRows {
    fn part<'py>(
        &self,
        py: Python<'py>,
        start: usize,
        end: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let part = self.data.get(start..end);
        let part = part.ok_or_else(|| PyIndexError::new_err((start, end)))?;
        Ok(PyBytes::new(py, part))
    }

    fn append_to(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let write = || OpenOptions::new().append(true).open(path)?.write_all(&self.data);
        Ok(py.detach(write)?)
    }
}

impl Drop for PageRows {
    fn drop(&mut self) {
        let data = std::mem::take(&mut self.data);
        if data.capacity() <= KEPT {
            locked(&self.spare).push(data);
        }
    }
}

/// What is in a mutex; nobody leaves it half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Name, flags, method, CRC, sizes (packed and not), offset, executable; where the next begins.
type MemberValue = (String, u16, u16, u32, u64, u64, u64, bool, Option<u64>);

#[pyfunction]
fn find_metadata(
    py: Python<'_>,
    directory: &[u8],
    entries: u64,
    project: &str,
    version: &str,
) -> Option<MemberValue> {
    let find = || trail_wheel::find_metadata(directory, entries, project, version);
    let (member, next) = py.detach(find)?;
    let Member { name, flags, method, crc, packed, size, offset, executable, .. } = member;
    Some((name, flags, method, crc, packed, size, offset, executable, next))
}

/// The native engine.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(version, module)?)?;
    module.add_function(wrap_pyfunction!(interface, module)?)?;
    module.add_function(wrap_pyfunction!(find_metadata, module)?)?;
    module.add_function(wrap_pyfunction!(entries::read_entries, module)?)?;
    #[cfg(unix)]
    module.add_class::<links::Filling>()?;
    module.add_class::<entries::Known>()?;
    module.add_class::<PageReader>()?;
    module.add_class::<PageRows>()?;
    module.add_class::<Unpacker>()
}
