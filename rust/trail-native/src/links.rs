//! Glue around trail-links.

use std::ffi::OsString;
use std::path::PathBuf;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use trail_links::{Group, Left, NewFile, Tree, Work};

/// Fill a folder; see `_native.pyi`.
#[pyfunction]
#[pyo3(signature = (root, folders, groups, trees, files, *, writable, threads))]
#[allow(clippy::too_many_arguments)] // plain values
pub fn fill_folder(
    py: Python<'_>,
    root: PathBuf,
    folders: Vec<OsString>,
    groups: Vec<(bool, OsString, OsString, Vec<OsString>)>,
    trees: Vec<(OsString, OsString, Option<OsString>)>,
    files: Vec<(OsString, OsString, Vec<u8>, u32)>,
    writable: Vec<OsString>,
    threads: usize,
) -> PyResult<Vec<(OsString, OsString, Vec<OsString>)>> {
    let groups = groups
        .into_iter()
        .map(|(hard, folder, source, names)| Group { hard, folder, source, names })
        .collect();
    let trees = trees
        .into_iter()
        .map(|(folder, source, bytecode)| Tree { folder, source, bytecode })
        .collect();
    let files = files
        .into_iter()
        .map(|(folder, name, data, mode)| NewFile { folder, name, data, mode })
        .collect();
    let work = Work { folders, writable, groups, trees, files };
    match py.detach(move || trail_links::fill(&root, &work, threads)) {
        Ok(left) => Ok(left
            .into_iter()
            .map(|Left { folder, source, names }| (folder.into(), source.into(), names))
            .collect()),
        // `OSError` makes the class that fits the number of it.
        Err(failure) => {
            let text = py.import("os")?.call_method1("strerror", (failure.errno,))?.unbind();
            Err(PyOSError::new_err((failure.errno, text, failure.path.into_os_string())))
        }
    }
}
