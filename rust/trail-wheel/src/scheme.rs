//! Where the files of a wheel land (PEP 427, "Installing a wheel distribution").

use crate::error::Fault;
use crate::metadata::is_python;
use crate::name;

/// The folder of an entry that corresponds to site-packages.
pub const SITE: &str = if cfg!(windows) { "Lib/site-packages" } else { "lib/python/site-packages" };
/// The folder of an entry that corresponds to the scripts folder.
pub const SCRIPTS: &str = if cfg!(windows) { "Scripts" } else { "bin" };

/// The parts of a wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    /// The root of the archive.
    Root,
    /// `purelib` and `platlib` below .data.
    Library,
    Scripts,
    Headers,
    Data,
}

/// Where a file lands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path below the entry, with `/`.
    pub path: String,
    /// Whether it is a script of the wheel's own.
    pub script: bool,
}

/// Find where a member lands.
///
/// `data` is the wheel's .data folder with a `/`, `distribution` its normalised name.
pub fn place(member: &str, data: &str, distribution: &str) -> Result<Place, Fault> {
    let fault = |code| Fault::of(code, member);
    let (scheme, path) = match member.strip_prefix(data) {
        None => (Scheme::Root, member),
        Some(rest) => {
            let (scheme, path) = rest.split_once('/').ok_or_else(|| fault("scheme-unknown"))?;
            let scheme = match scheme {
                "purelib" | "platlib" => Scheme::Library,
                "scripts" if !path.contains('/') => Scheme::Scripts,
                "headers" => Scheme::Headers,
                "data" => Scheme::Data,
                _ => return Err(fault("scheme-unknown")),
            };
            (scheme, path)
        }
    };
    let landed = match scheme {
        Scheme::Root | Scheme::Library => format!("{SITE}/{path}"),
        Scheme::Scripts => format!("{SCRIPTS}/{path}"),
        Scheme::Headers => format!("include/{distribution}/{path}"),
        Scheme::Data => path.to_owned(),
    };
    if is_forbidden(scheme, &name::fold_case(path), &name::fold_case(&landed)) {
        return Err(fault("scheme-forbidden"));
    }
    Ok(Place { path: landed, script: scheme == Scheme::Scripts })
}

/// Whether a wheel may not write there; both paths are case-folded.
fn is_forbidden(scheme: Scheme, path: &str, landed: &str) -> bool {
    let mut parts = landed.split('/');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    let deeper = parts.next().is_some();
    let reserved = matches!(first, "pyvenv.cfg" | "entry.json")
        || (matches!(first, "bin" | "scripts") && second.is_some_and(is_python));
    let other_way = match scheme {
        Scheme::Data => match (first, second) {
            ("lib" | "lib64", Some(second)) if deeper => {
                second.starts_with("python") || (first == "lib" && second == "site-packages")
            }
            _ => false,
        },
        Scheme::Library => {
            path.split_once('/').is_some_and(|(folder, _)| folder.ends_with(".dist-info"))
        }
        _ => false,
    };
    reserved || other_way
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(member: &str) -> &'static str {
        place(member, "a-1.data/", "a").unwrap_err().code
    }

    #[test]
    #[cfg(unix)]
    fn places() {
        for (member, landed) in [
            ("a.py", "lib/python/site-packages/a.py"),
            ("b-1.data/x/a", "lib/python/site-packages/b-1.data/x/a"),
            ("a-1.data/platlib/a/b.so", "lib/python/site-packages/a/b.so"),
            ("a-1.data/scripts/python-a", "bin/python-a"),
            ("a-1.data/headers/x/a.h", "include/a/x/a.h"),
            ("a-1.data/data/share/man", "share/man"),
            ("a-1.data/data/lib/python-tool", "lib/python-tool"),
        ] {
            assert_eq!(place(member, "a-1.data/", "a").unwrap().path, landed);
        }
    }

    #[test]
    fn refused_places() {
        for member in ["a-1.data/x", "a-1.data/other/x", "a-1.data/scripts/x/y"] {
            assert_eq!(code(member), "scheme-unknown", "{member}");
        }
        for member in [
            "a-1.data/data/Entry.json",
            "a-1.data/data/pyvenv.cfg",
            "a-1.data/data/bin/python3",
            "a-1.data/data/Scripts/PYTHON.exe",
            "a-1.data/scripts/python",
            "a-1.data/data/lib/python3.11/site-packages/x.py",
            "a-1.data/data/LIB/site-packages/x.py",
            "a-1.data/purelib/b-2.dist-info/METADATA",
        ] {
            assert_eq!(code(member), "scheme-forbidden", "{member}");
        }
    }
}
