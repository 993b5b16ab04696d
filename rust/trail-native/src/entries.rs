//! Glue around trail-entries.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString, PyTuple};

/// Read many `entry.json`; see `_native.pyi`.
#[pyfunction]
pub fn read_entries(py: Python<'_>, paths: Vec<PathBuf>, threads: usize) -> Vec<Option<Known>> {
    let all = py.detach(move || trail_entries::read_all(paths, threads));
    all.into_iter().map(|known| known.map(Known)).collect()
}

/// What an `entry.json` says.
#[pyclass(frozen, module = "trail._native")]
pub struct Known(trail_entries::Known);

impl Known {
    /// What is known.
    pub fn known(&self) -> &trail_entries::Known {
        &self.0
    }
}

#[pymethods]
impl Known {
    #[getter]
    fn sha256(&self) -> &str {
        &self.0.sha256
    }

    fn row<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        row(py, &self.0)
    }
}

fn row<'py>(py: Python<'py>, known: &trail_entries::Known) -> PyResult<Bound<'py, PyTuple>> {
    let trail_entries::Known { name, version, facts, .. } = known;
    let text = |text: &str| PyString::new(py, text).into_any();
    let texts = |list: &[String]| PyTuple::new(py, list.iter().map(|one| PyString::new(py, one)));
    let top_level = facts.top_level.iter().map(|top| (&top.path, &top.name, top.kind));
    let scripts = facts.scripts.iter().map(|script| (&script.name, &script.value, script.gui));
    let escapes = facts.escapes.iter().map(|found| (&found.library, &found.runpath, found.tag));
    let values = [
        text(name),
        text(version),
        text(&facts.dist_info),
        PyBool::new(py, facts.root_is_purelib).to_owned().into_any(),
        PyInt::new(py, facts.files).into_any(),
        PyInt::new(py, facts.size).into_any(),
        text(&facts.record),
        PyTuple::new(py, top_level)?.into_any(),
        texts(&facts.startup)?.into_any(),
        PyTuple::new(py, scripts)?.into_any(),
        texts(&facts.schemes)?.into_any(),
        texts(&facts.metadata)?.into_any(),
        texts(&facts.root_files)?.into_any(),
        PyTuple::new(py, escapes)?.into_any(),
    ];
    PyTuple::new(py, values)
}
