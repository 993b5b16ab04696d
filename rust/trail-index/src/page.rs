//! The page of a project.

use std::collections::{BTreeMap, HashMap};

use trail_wheel::Version;

use crate::address::absolute;
use crate::filename::{is_usual, start_of, version_of};
use crate::json::{self, Object, Value};
use crate::rows::Writer;

/// What a page says about a project.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// `active` and so on (PEP 792).
    pub status: String,
    /// For the status.
    pub reason: Option<String>,
    /// In normal form, the newest first.
    pub versions: Vec<String>,
    /// Where in `data` the rows of each version end, and those of the next begin.
    pub ends: Vec<usize>,
    /// For each version a checksum (CRC-32, little endian) and a marshalled list of rows.
    pub data: Vec<u8>,
}

/// Read the page of a project (PEP 691).
///
/// `data` is the page, `url` its own address, and `project` the normalised name. There is no
/// result for a page that is faulty, or so unusual that the Python parser is to read it.
#[must_use]
pub fn read_page(data: &[u8], url: &str, project: &str) -> Option<Page> {
    u32::try_from(data.len()).ok()?;
    let mut groups = Groups::of(project);
    let page = json::read(data, "files", |entry| groups.add_file(entry.object()?, url))?;
    if !is_known(page.get("meta")?.object()?.get("api-version")?.text()?) {
        return None;
    }
    page.get("files")?;
    let (status, reason) = standing(page.get("project-status"))?;
    let size = groups.rows.iter().map(Group::size).sum();
    let (versions, ends) = (Vec::new(), Vec::new());
    let mut found = Page { status, reason, versions, ends, data: Vec::with_capacity(size) };
    for (version, group) in groups.versions.iter().rev() {
        found.versions.push(version.to_string());
        groups.rows[*group].pack(&mut found.data);
        found.ends.push(found.data.len());
    }
    Some(found)
}

/// Whether it is a version of the API whose major number is 1 (PEP 629).
fn is_known(version: &str) -> bool {
    version
        .strip_prefix("1.")
        .is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Rows by version.
struct Groups<'a> {
    project: &'a str,
    versions: BTreeMap<Version, usize>,
    known: HashMap<String, Option<usize>>,
    rows: Vec<Group>,
}

#[derive(Default)]
struct Group {
    count: usize,
    written: Writer,
}

impl<'a> Groups<'a> {
    fn of(project: &'a str) -> Self {
        Self { project, versions: BTreeMap::new(), known: HashMap::new(), rows: Vec::new() }
    }

    /// Add the row of a file, if the file belongs to the project.
    fn add_file(&mut self, entry: &Object<'_>, url: &str) -> Option<()> {
        let filename = entry.get("filename")?.text()?;
        if !is_usual(filename) {
            return None;
        }
        if let Some(group) = self.group_of(filename) {
            write_row(&mut group.written, filename, entry, url)?;
            group.count += 1;
        }
        Some(())
    }

    /// Where the row of a file belongs; nothing if the file does not belong to the project.
    fn group_of(&mut self, filename: &str) -> Option<&mut Group> {
        if filename.contains(['/', '\\']) {
            return None;
        }
        let start = start_of(filename);
        let known = start.and_then(|start| self.known.get(start).copied());
        let group = known.unwrap_or_else(|| {
            let group = version_of(filename, self.project).map(|version| self.add(version));
            if let Some(start) = start {
                self.known.insert(start.to_owned(), group);
            }
            group
        });
        group.map(|group| &mut self.rows[group])
    }

    /// The group of a version; it keeps the spelling that came first.
    fn add(&mut self, version: Version) -> usize {
        *self.versions.entry(version).or_insert_with(|| {
            self.rows.push(Group::default());
            self.rows.len() - 1
        })
    }
}

impl Group {
    /// How many bytes `pack` writes.
    fn size(&self) -> usize {
        4 + 5 + self.written.bytes().len()
    }

    fn pack(&self, to: &mut Vec<u8>) {
        let mut head = Writer::default();
        head.list(self.count);
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(head.bytes());
        checksum.update(self.written.bytes());
        to.extend_from_slice(&checksum.finalize().to_le_bytes());
        to.extend_from_slice(head.bytes());
        to.extend_from_slice(self.written.bytes());
    }
}

/// Write the row of a file, as `Row` in `python/trail/index/page.py` says.
fn write_row(to: &mut Writer, filename: &str, entry: &Object<'_>, base: &str) -> Option<()> {
    let url = absolute(base, entry.get("url")?.text()?)?;
    let hashes = entry.get("hashes")?.object()?;
    let size = match entry.get("size") {
        None | Some(Value::Null) => None,
        Some(Value::Integer(size)) => Some(*size),
        _ => return None,
    };
    let yanked = match entry.get("yanked") {
        None | Some(Value::Null | Value::Bool(false)) => None,
        Some(Value::Bool(true)) => Some(""),
        Some(Value::Text(reason)) if reason.is_empty() => None,
        Some(Value::Text(reason)) => Some(reason.as_ref()),
        _ => return None,
    };
    to.tuple(8);
    to.text(filename);
    to.text(&url);
    write_hashes(to, hashes)?;
    match size {
        Some(size) => to.integer(size),
        None => to.none(),
    }
    to.text_or_none(entry.get("requires-python").and_then(Value::text));
    to.text_or_none(yanked);
    // PEP 714: the old key counts only where the new one is missing.
    match entry.get("core-metadata").or_else(|| entry.get("dist-info-metadata")) {
        None | Some(Value::Null | Value::Bool(false)) => to.none(),
        Some(Value::Bool(true)) => to.tuple(0),
        Some(Value::Object(hashes)) if hashes.iter().next().is_none() => to.none(),
        Some(Value::Object(hashes)) => write_hashes(to, hashes)?,
        _ => return None,
    }
    to.text_or_none(entry.get("upload-time").and_then(Value::text));
    Some(())
}

fn write_hashes(to: &mut Writer, given: &Object<'_>) -> Option<()> {
    let mut hashes = Vec::new();
    for (algorithm, digest) in given.iter() {
        let digest = digest.text()?;
        if !algorithm.is_ascii() || !digest.is_ascii() {
            return None;
        }
        hashes.push((algorithm.to_ascii_lowercase(), digest.to_ascii_lowercase()));
    }
    hashes.sort();
    to.tuple(hashes.len());
    for (algorithm, digest) in &hashes {
        to.tuple(2);
        to.text(algorithm);
        to.text(digest);
    }
    Some(())
}

/// Status and reason (PEP 792).
fn standing(given: Option<&Value<'_>>) -> Option<(String, Option<String>)> {
    let given = match given {
        None | Some(Value::Null) => return Some(("active".to_owned(), None)),
        Some(given) => given.object()?,
    };
    let read = |key| match given.get(key) {
        None | Some(Value::Null) => Some(None),
        Some(Value::Text(text)) => Some(Some(text.as_ref()).filter(|text| !text.is_empty())),
        Some(_) => None,
    };
    let status = read("status")?.unwrap_or("active").to_owned();
    Some((status, read("reason")?.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://a.example/simple/foo/";

    fn read(files: &str, more: &str) -> Option<Page> {
        let page = format!(r#"{{"meta": {{"api-version": "1.4"}}, "files": [{files}]{more}}}"#);
        read_page(page.as_bytes(), URL, "foo")
    }

    fn file(filename: &str, more: &str) -> String {
        format!(r#"{{"filename": "{filename}", "url": "x", "hashes": {{}}{more}}}"#)
    }

    #[test]
    fn versions_newest_first() {
        let names =
            ["foo-1.0.zip", "foo-1.10.tar.gz", "foo-1.9.zip", "foo-1-py3-none-any.whl", "x"];
        let page = read(&names.map(|name| file(name, "")).join(","), "").unwrap();
        assert_eq!(page.versions, ["1.10", "1.9", "1.0"]);
        assert_eq!((page.status.as_str(), page.reason), ("active", None));
        assert_eq!(page.ends.last(), Some(&page.data.len()));
        // The last part has two rows.
        assert_eq!(page.data[page.ends[1] + 4..][..5], *b"[\x02\0\0\0");
    }

    #[test]
    fn one_row() {
        let more = r#", "size": 3, "requires-python": ">=3", "yanked": true,
            "core-metadata": {"SHA256": "AB"}, "upload-time": "T""#;
        let page = read(&file("foo-1.zip", more), "").unwrap();
        let expected: &[u8] = b"[\x01\0\0\0(\x08\0\0\0u\x09\0\0\0foo-1.zip\
            u\x1e\0\0\0https://a.example/simple/foo/x(\0\0\0\0i\x03\0\0\0u\x03\0\0\0>=3u\0\0\0\0\
            (\x01\0\0\0(\x02\0\0\0u\x06\0\0\0sha256u\x02\0\0\0abu\x01\0\0\0T";
        assert_eq!(&page.data[4..], expected);
        assert_eq!(page.data[..4], crc32fast::hash(expected).to_le_bytes());
    }

    #[test]
    fn status() {
        let more = r#", "project-status": {"status": "archived", "reason": "old"}"#;
        let page = read("", more).unwrap();
        assert_eq!((page.status.as_str(), page.reason.as_deref()), ("archived", Some("old")));
        assert_eq!(page.data, b"");
        for more in [r#", "project-status": null"#, r#", "project-status": {"status": ""}"#] {
            assert_eq!(read("", more).unwrap().status, "active");
        }
    }

    #[test]
    fn pages_that_are_left_to_python() {
        assert_eq!(read_page(b"{", URL, "foo"), None);
        assert_eq!(
            read_page(br#"{"meta": {"api-version": "2.0"}, "files": []}"#, URL, "foo"),
            None
        );
        assert_eq!(read_page(br#"{"meta": {"api-version": "1.0"}}"#, URL, "foo"), None);
        for more in [
            r#", "size": 1.5"#,
            r#", "size": true"#,
            r#", "yanked": 1"#,
            r#", "yanked": []"#,
            r#", "core-metadata": "x""#,
            r#", "core-metadata": {"sha256": null}"#,
            r#", "hashes": {"sha256": "É"}"#,
            r#", "hashes": null"#,
            r#", "url": "x?y""#,
        ] {
            assert_eq!(read(&file("foo-1.zip", more), ""), None, "{more}");
            assert!(read(&file("other-1.zip", more), "").is_some(), "{more}");
        }
        assert_eq!(read(&file("foo-1é.zip", ""), ""), None);
        assert_eq!(read("1", ""), None);
        assert_eq!(read("", r#", "project-status": []"#), None);
    }
}
