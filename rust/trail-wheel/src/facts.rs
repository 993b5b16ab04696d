//! What one gets to know about a wheel (docs/wheel-checks.md, "Facts").

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::name;
use crate::scheme::SITE;

/// What `trail.model.Facts` holds; all lists are sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The .dist-info folder.
    pub dist_info: String,
    /// From WHEEL.
    pub root_is_purelib: bool,
    /// How many files were written.
    pub files: u64,
    /// How many bytes they hold.
    pub size: u64,
    /// The sha256 of the RECORD that was written.
    pub record: String,
    /// Names at the top of site-packages.
    pub top_level: Vec<TopLevel>,
    /// Start-up files there.
    pub startup: Vec<String>,
    /// Scripts that entry points ask for.
    pub scripts: Vec<EntryPoint>,
    /// Other folders at the top of the entry.
    pub schemes: Vec<String>,
    /// Files of the .dist-info folder, relative to it.
    pub metadata: Vec<String>,
    /// Files at the top of the entry.
    pub root_files: Vec<String>,
    /// Native libraries that look for others outside the wheel.
    pub escapes: Vec<Escape>,
    /// Differences from RECORD that were waived.
    pub mismatches: Vec<Mismatch>,
}

/// One name at the top of site-packages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopLevel {
    /// The file or folder.
    pub path: String,
    /// What one imports.
    pub name: String,
    /// `package`, `namespace`, `module`, `extension` or `data`.
    pub kind: &'static str,
}

/// A script that an entry point asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryPoint {
    /// Its file name.
    pub name: String,
    /// `module:attribute`.
    pub value: String,
    /// Whether it is a GUI script.
    pub gui: bool,
}

/// A search path of a native library that leaves the wheel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Escape {
    /// The library, below site-packages.
    pub library: String,
    /// The search path.
    pub runpath: String,
    /// `DT_RPATH`, `DT_RUNPATH` or `LC_RPATH`.
    pub tag: &'static str,
}

/// A difference from RECORD that was waived.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mismatch {
    /// The member.
    pub path: String,
    /// The rule.
    pub rule: &'static str,
    /// What RECORD says.
    pub expected: Option<String>,
    /// What the archive holds.
    pub actual: Option<String>,
}

/// What the places of a wheel's files tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Names at the top of site-packages.
    pub top_level: Vec<TopLevel>,
    /// Start-up files there.
    pub startup: Vec<String>,
    /// Other folders at the top of the entry.
    pub schemes: Vec<String>,
    /// Files of the .dist-info folder, relative to it.
    pub metadata: Vec<String>,
    /// Files at the top of the entry.
    pub root_files: Vec<String>,
    /// All folders below site-packages.
    folders: HashSet<String>,
}

impl Layout {
    /// Look at the paths, below the entry, of all files that are written.
    pub fn of<'a>(paths: impl Iterator<Item = &'a str>, dist_info: &str) -> Self {
        let mut layout = Self::default();
        let mut folders = BTreeMap::<&str, &str>::new();
        let mut schemes = BTreeSet::new();
        for path in paths {
            let Some(path) = path.strip_prefix(SITE).and_then(|path| path.strip_prefix('/')) else {
                match path.split_once('/') {
                    Some((folder, _)) => _ = schemes.insert(folder.to_owned()),
                    None => layout.root_files.push(path.to_owned()),
                }
                continue;
            };
            for (at, _) in path.rmatch_indices('/') {
                if !layout.folders.insert(path[..at].to_owned()) {
                    break;
                }
            }
            match path.split_once('/') {
                Some((folder, below)) if folder == dist_info => {
                    layout.metadata.push(below.to_owned());
                }
                Some((folder, below)) => {
                    let kind = folders.entry(folder).or_insert("data");
                    *kind = stronger(kind, kind_of_folder(folder, below));
                }
                None if has_suffix(path, &[".pth", ".start"]) => {
                    layout.startup.push(path.to_owned());
                }
                None => layout.top_level.push(kind_of_file(path)),
            }
        }
        layout.top_level.extend(folders.into_iter().map(|(path, kind)| TopLevel {
            path: path.to_owned(),
            name: path.to_owned(),
            kind,
        }));
        layout.top_level.sort();
        layout.startup.sort();
        layout.metadata.sort();
        layout.metadata.dedup(); // a wheel may bring what is generated
        layout.root_files.sort();
        layout.schemes = schemes.into_iter().collect();
        layout
    }

    /// Whether a search path of a library leaves the wheel; `library` is its path below
    /// site-packages.
    pub fn is_escape(&self, library: &str, runpath: &str) -> bool {
        let origin = ["$ORIGIN", "${ORIGIN}", "@loader_path"]
            .into_iter()
            .find_map(|origin| runpath.strip_prefix(origin));
        let Some(relative) = origin.filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
            return false;
        };
        let mut parts: Vec<&str> = library.split('/').collect();
        parts.pop();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.is_empty() => return true,
                ".." => _ = parts.pop(),
                _ => parts.push(part),
            }
        }
        let Some(first) = parts.first() else { return true };
        match self.top_level.iter().find(|top| top.path == *first) {
            None => true,
            Some(top) => top.kind != "package" && !self.folders.contains(&parts.join("/")),
        }
    }
}

fn has_suffix(path: &str, suffixes: &[&str]) -> bool {
    suffixes.iter().any(|suffix| path.ends_with(suffix))
}

fn stronger(one: &'static str, other: &'static str) -> &'static str {
    let rank = |kind| ["data", "namespace", "package"].iter().position(|name| *name == kind);
    if rank(other) > rank(one) { other } else { one }
}

/// What a file `below` a folder at the top makes of that folder.
fn kind_of_folder(folder: &str, below: &str) -> &'static str {
    let library = has_suffix(below, &[".so", ".pyd"]);
    let stem = below.split('.').next();
    if !name::is_identifier(folder) {
        "data"
    } else if below == "__init__.py" || (library && stem == Some("__init__")) {
        "package"
    } else if library || has_suffix(below, &[".py"]) {
        "namespace"
    } else {
        "data"
    }
}

fn kind_of_file(path: &str) -> TopLevel {
    let (name, kind) =
        if let Some(stem) = path.strip_suffix(".py").filter(|x| name::is_identifier(x)) {
            (stem, "module")
        } else if has_suffix(path, &[".so", ".pyd"]) {
            (path.split('.').next().unwrap_or(path), "extension")
        } else {
            (path, "data")
        };
    TopLevel { path: path.to_owned(), name: name.to_owned(), kind }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn layout(paths: &[&str]) -> Layout {
        let paths: Vec<String> = paths.iter().map(|path| format!("{SITE}/{path}")).collect();
        Layout::of(paths.iter().map(String::as_str), "a-1.dist-info")
    }

    #[test]
    fn kinds() {
        let layout = layout(&[
            "six.py",
            "85cae__mypyc.cpython-311-x86_64-linux-gnu.so",
            "a-b.py",
            "a.libs/libx.so",
            "a.libs/x.py",
            "pkg/sub/x.txt",
            "pkg/__init__.py",
            "ext/__init__.abi3.so",
            "space/deep/er/x.pyd",
            "stubs/x.pyi",
            "a-1.dist-info/METADATA",
            "x.pth",
            "é.py",
        ]);
        let kinds: Vec<_> =
            layout.top_level.iter().map(|top| (&*top.path, &*top.name, top.kind)).collect();
        assert_eq!(
            kinds,
            [
                ("85cae__mypyc.cpython-311-x86_64-linux-gnu.so", "85cae__mypyc", "extension"),
                ("a-b.py", "a-b.py", "data"),
                ("a.libs", "a.libs", "data"),
                ("ext", "ext", "package"),
                ("pkg", "pkg", "package"),
                ("six.py", "six", "module"),
                ("space", "space", "namespace"),
                ("stubs", "stubs", "data"),
                ("é.py", "é", "module"),
            ]
        );
        assert_eq!(layout.startup, ["x.pth"]);
        assert_eq!(layout.metadata, ["METADATA"]);
    }

    #[test]
    fn schemes() {
        let paths = ["bin/x", "lib/libtbb.so", "README", "lib/python/site-packages/a.py"];
        let layout = Layout::of(paths.into_iter(), "");
        assert_eq!(layout.schemes, ["bin", "lib"]);
        assert_eq!(layout.root_files, ["README"]);
    }

    #[test]
    fn escapes() {
        let layout = layout(&[
            "a/__init__.py",
            "a/x/b.so",
            "a.libs/c.so",
            "d.so",
            "ns/one/lib/e.so",
            "nvidia/a/lib/f.so.1",
        ]);
        for (library, runpath) in [
            ("a/x/b.so", "$ORIGIN/../.."),
            ("a/x/b.so", "${ORIGIN}/../../.."),
            ("a/x/b.so", "@loader_path/../../other.libs"),
            ("d.so", "$ORIGIN"),
            ("ns/one/lib/e.so", "$ORIGIN/../../two/lib"),
            ("nvidia/a/lib/f.so.1", "$ORIGIN/../../b/lib"),
            ("a/x/b.so", "$ORIGIN/../../d.so"),
        ] {
            assert!(layout.is_escape(library, runpath), "{library} {runpath}");
        }
        for (library, runpath) in [
            ("a/x/b.so", "$ORIGIN/../../a.libs"),
            ("a/x/b.so", "$ORIGIN/../y/./z/"),
            ("a/x/b.so", "/usr/lib"),
            ("a/x/b.so", "$ORIGINAL/../../.."),
            ("a/x/b.so", "../../.."),
            ("ns/one/lib/e.so", "$ORIGIN/../lib"),
            ("ns/one/lib/e.so", "$ORIGIN/.."),
        ] {
            assert!(!layout.is_escape(library, runpath), "{library} {runpath}");
        }
    }
}
