//! Glue around trail-links.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyString;
use trail_links::{Failure, Group, Left, Links, NewFile, Tree, Work};
use trail_prefix::{Member, Planned, Shape};

use crate::entries::Known;

/// A folder that is being filled; see `_native.pyi`.
#[pyclass(frozen, module = "trail._native")]
pub struct Filling(Mutex<Option<trail_links::Filling>>);

#[pymethods]
impl Filling {
    #[new]
    #[allow(clippy::needless_pass_by_value)] // what Python gives
    fn new(py: Python<'_>, root: PathBuf, threads: usize) -> PyResult<Self> {
        let filling = told(py, trail_links::Filling::begin(&root, threads))?;
        Ok(Self(Mutex::new(Some(filling))))
    }

    #[pyo3(signature = (folders, hardlinks, links, trees, files, *, opened, writable))]
    #[allow(clippy::too_many_arguments)] // plain values
    fn add(
        &self,
        py: Python<'_>,
        folders: Vec<Name>,
        hardlinks: Vec<(Name, Name, Names)>,
        links: Vec<(Name, Name, Names)>,
        trees: Vec<(Name, Name, Option<Name>)>,
        files: Vec<(Name, Name, PyBackedBytes, u32)>,
        opened: Vec<Name>,
        writable: Vec<Name>,
    ) -> PyResult<()> {
        let group = |hard, (folder, source, names): (Name, Name, Names)| Group {
            folder: folder.0,
            links: Links { hard, source: source.0, names: names.0 },
        };
        let hardlinks = hardlinks.into_iter().map(|row| group(true, row));
        let links = links.into_iter().map(|row| group(false, row));
        let trees = trees.into_iter().map(|(folder, source, bytecode)| Tree {
            folder: folder.0,
            source: source.0,
            bytecode: bytecode.map(|link| link.0),
        });
        let files = files.into_iter().map(|(folder, name, data, mode)| NewFile {
            folder: folder.0,
            name: name.0,
            data: data.to_vec(),
            mode,
        });
        let work = Work {
            open: plain(opened),
            folders: plain(folders),
            writable: plain(writable),
            groups: hardlinks.chain(links).collect(),
            trees: trees.collect(),
            files: files.collect(),
        };
        self.begin(py, |filling| filling.add(work))
    }

    #[allow(clippy::needless_pass_by_value)] // what Python gives
    fn add_usual(
        &self,
        py: Python<'_>,
        shape: Places,
        members: Vec<Row<'_>>,
        packages: bool,
    ) -> PyResult<Usual> {
        let Places(site_packages, entry_site_packages, cache_tag, depth) = &shape;
        let cache_tag = cache_tag.as_deref();
        let shape = Shape { site_packages, entry_site_packages, cache_tag, depth: *depth };
        let members = members.iter().map(|Row(path, below, known, special)| Member {
            path: &path.0,
            below: below.as_ref().map(|below| &*below.0),
            known: known.as_ref().map(|known| known.known()),
            special: *special,
        });
        let members: Vec<Member<'_>> = members.collect();
        let (folders, done) = trail_prefix::metadata(&members, &shape);
        self.begin(py, |filling| filling.add_folders(folders))?;
        let planned =
            if packages { py.detach(|| trail_prefix::packages(&members, &shape)) } else { None };
        let Some(Planned { work, left, needed }) = planned else { return Ok((done, None)) };
        self.begin(py, |filling| filling.add(work))?;
        Ok((done, Some((left, needed))))
    }

    fn finish(&self, py: Python<'_>) -> PyResult<Vec<(OsString, OsString, Vec<OsString>)>> {
        let filling = self.lock().take().ok_or_else(ended)?;
        let left = told(py, py.detach(move || filling.finish()))?;
        let row = |Left { folder, source, names }| (folder.into(), source.into(), names);
        Ok(left.into_iter().map(row).collect())
    }

    fn stop(&self, py: Python<'_>) {
        py.detach(|| drop(self.lock().take()));
    }
}

impl Filling {
    fn begin(
        &self,
        py: Python<'_>,
        add: impl FnOnce(&mut trail_links::Filling) -> Result<(), Failure> + Send,
    ) -> PyResult<()> {
        let added = py.detach(|| self.lock().as_mut().map(add));
        told(py, added.ok_or_else(ended)?)
    }

    fn lock(&self) -> MutexGuard<'_, Option<trail_links::Filling>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `UsualShape` of `wheel/engine.py`.
#[derive(FromPyObject)]
struct Places(String, String, Option<String>, usize);

/// `UsualMember` there.
#[derive(FromPyObject)]
struct Row<'py>(Name, Option<Name>, Option<PyRef<'py, Known>>, bool);

/// Whose `.dist-info` folders are made; and the names that are left, and whose they are.
type Usual = (Vec<bool>, Option<(Vec<String>, Vec<usize>)>);

/// A path or a part of one. Nearly all are UTF-8, which Python has at hand.
struct Name(OsString);

impl<'py> FromPyObject<'_, 'py> for Name {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match value.cast::<PyString>()?.to_str() {
            Ok(text) => Ok(Self(text.into())),
            Err(_) => value.extract().map(Self),
        }
    }
}

/// Many of them.
struct Names(trail_links::Names);

impl<'py> FromPyObject<'_, 'py> for Names {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let mut names = trail_links::Names::default();
        for name in value.try_iter()? {
            let name: Name = name?.extract()?;
            names.push(&name.0).map_err(|_| PyValueError::new_err("embedded null byte"))?;
        }
        Ok(Self(names))
    }
}

fn plain(names: Vec<Name>) -> Vec<OsString> {
    names.into_iter().map(|name| name.0).collect()
}

fn ended() -> PyErr {
    PyRuntimeError::new_err("it is at its end")
}

/// Raise a failure; `OSError` makes the class that fits the number of it.
fn told<T>(py: Python<'_>, result: Result<T, Failure>) -> PyResult<T> {
    let Failure { errno, path } = match result {
        Ok(value) => return Ok(value),
        Err(failure) => failure,
    };
    let text = py.import("os")?.call_method1("strerror", (errno,))?.unbind();
    Err(PyOSError::new_err((errno, text, path.into_os_string())))
}
