//! Glue around trail-links.

use std::ffi::OsString;
use std::path::PathBuf;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use trail_links::{Group, Left, NewFile, Work};

/// Fill a folder; see `_native.pyi`.
#[pyfunction]
#[pyo3(signature = (root, folders, groups, files, *, writable, threads))]
pub fn fill_folder(
    py: Python<'_>,
    root: PathBuf,
    folders: Vec<OsString>,
    groups: Vec<(bool, OsString, OsString, Vec<OsString>)>,
    files: Vec<(OsString, OsString, Vec<u8>, u32)>,
    writable: Vec<OsString>,
    threads: usize,
) -> PyResult<Vec<(usize, Vec<OsString>)>> {
    let groups = groups
        .into_iter()
        .map(|(hard, folder, source, names)| Group { hard, folder, source, names })
        .collect();
    let files = files
        .into_iter()
        .map(|(folder, name, data, mode)| NewFile { folder, name, data, mode })
        .collect();
    let work = Work { folders, writable, groups, files };
    match py.detach(move || trail_links::fill(&root, &work, threads)) {
        Ok(left) => Ok(left.into_iter().map(|Left { group, names }| (group, names)).collect()),
        // `OSError` makes the class that fits the number of it.
        Err(failure) => {
            let text = py.import("os")?.call_method1("strerror", (failure.errno,))?.unbind();
            Err(PyOSError::new_err((failure.errno, text, failure.path.into_os_string())))
        }
    }
}
