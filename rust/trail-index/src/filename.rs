//! What the name of a wheel or source distribution says (`python/trail/index/filenames.py`).

use trail_wheel::{Version, normalize};

/// Longer names are left to Python.
const LONGEST: usize = 1024;

/// Whether a name is such that Python and Rust read it alike.
pub fn is_usual(filename: &str) -> bool {
    filename.len() <= LONGEST && filename.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// The version of a project's file; nothing for a file of another project or kind.
///
/// `project` is normalised (PEP 503).
pub fn version_of(filename: &str, project: &str) -> Option<Version> {
    let read = |name, version| {
        if normalize(name) == project { Version::parse(version) } else { None }
    };
    if let Some(stem) = filename.strip_suffix(".whl") {
        let mut parts = stem.split('-');
        let (name, version) = (parts.next()?, parts.next()?);
        return if matches!(parts.count(), 3 | 4) { read(name, version) } else { None };
    }
    let stem = filename.strip_suffix(".tar.gz").or_else(|| filename.strip_suffix(".zip"))?;
    // Before PEP 625 both name and version could have a `-`.
    stem.match_indices('-').find_map(|(place, _)| read(&stem[..place], &stem[place + 1..]))
}

/// What the many files of a version have in common: either all that start so belong to it, or none.
pub fn start_of(filename: &str) -> Option<&str> {
    if let Some(stem) = filename.strip_suffix(".whl") {
        let mut dashes = stem.match_indices('-');
        let (end, _) = dashes.nth(1)?;
        return matches!(dashes.count(), 2 | 3).then(|| &stem[..end]);
    }
    filename.strip_suffix(".tar.gz")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_project() {
        for (filename, version, start) in [
            ("Foo.Bar-1.0-py3-none-any.whl", "1.0", Some("Foo.Bar-1.0")),
            ("foo_bar-1.0+a.b-1-py3-none-any.whl", "1.0+a.b", Some("foo_bar-1.0+a.b")),
            ("foo-bar-1-1.tar.gz", "1.post1", Some("foo-bar-1-1")),
            ("foo-bar- 1.zip", "1", None),
        ] {
            let found = version_of(filename, "foo-bar").map(|version| version.to_string());
            assert_eq!(found.as_deref(), Some(version), "{filename}");
            assert_eq!(start_of(filename), start, "{filename}");
        }
    }

    #[test]
    fn other_files() {
        for filename in [
            "foo-1.0-py3-none-any.whl",
            "foo_bar-1.0-none-any.whl",
            "foo_bar-1.0-1-2-3-4-5.whl",
            "foo_bar-x-py3-none-any.whl",
            "foo_bar-1.0.exe",
            "foo_bar-1.0-py3.8.egg",
            "foo_bar-1.0",
            "foo-bar.zip",
            ".whl",
            ".tar.gz",
            "",
            "foo_bar-1.0.tar.bz2",
            "foo-baz-1.0.tar.gz",
        ] {
            assert_eq!(version_of(filename, "foo-bar"), None, "{filename}");
        }
    }

    #[test]
    fn names_that_are_left_to_python() {
        assert!(is_usual("foo 1~.zip") && !is_usual("f\u{212a}") && !is_usual("a\u{7f}"));
        assert!(!is_usual(&"a".repeat(1025)));
    }
}
