//! The page of a project.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use trail_wheel::{Inflater, Version};

use crate::address::absolute;
use crate::filename::{is_usual, start_of, version_of};
use crate::gzip::unpack;
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
    /// Where the rows of each version end, and those of the next begin.
    pub ends: Vec<usize>,
}

/// Reads one page after the other, in the same memory: to get new memory for each takes as long
/// as to read it.
#[derive(Default)]
pub struct Reader {
    inflater: Inflater,
    text: Vec<u8>,
    written: Writer,
}

/// So much memory is kept for the next page.
const KEPT: usize = 4 << 20;

impl Reader {
    /// Read the page of a project (PEP 691).
    ///
    /// `body` is the page, compressed if `gzip`; `url` its own address, and `project` the
    /// normalised name. Into `rows` comes for each version a checksum (CRC-32, little endian) and
    /// a marshalled list of rows.
    ///
    /// There is no result for a page that is faulty, or so unusual that Python is to read it.
    pub fn read(
        &mut self,
        body: &[u8],
        gzip: bool,
        url: &str,
        project: &str,
        rows: &mut Vec<u8>,
    ) -> Option<Page> {
        let Self { inflater, text, written } = self;
        let data = if gzip { unpack(inflater, body, text)? } else { body };
        written.clear();
        let found = read_page(data, url, project, written, rows);
        if text.len() > KEPT {
            text.truncate(KEPT);
            text.shrink_to(KEPT);
        }
        written.shrink_to(KEPT);
        found
    }
}

fn read_page(
    data: &[u8],
    url: &str,
    project: &str,
    written: &mut Writer,
    to: &mut Vec<u8>,
) -> Option<Page> {
    u32::try_from(data.len()).ok()?;
    let mut groups = Groups::of(project, written);
    let page = json::read(data, "files", |entry| groups.add_file(entry.object()?, url))?;
    if !is_known(page.get("meta")?.object()?.get("api-version")?.text()?) {
        return None;
    }
    page.get("files")?;
    let (status, reason) = standing(page.get("project-status"))?;
    let mut found = Page { status, reason, versions: Vec::new(), ends: Vec::new() };
    to.clear();
    to.reserve_exact(groups.size());
    for (version, group) in groups.versions.iter().rev() {
        found.versions.push(version.to_string());
        groups.rows[*group].pack(groups.written.bytes(), to);
        found.ends.push(to.len());
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
    written: &'a mut Writer,
}

/// The rows of a version.
#[derive(Default)]
struct Group {
    count: usize,
    /// Where they are written; those that came one after the other are one part.
    parts: Vec<Range<usize>>,
}

impl<'a> Groups<'a> {
    fn of(project: &'a str, written: &'a mut Writer) -> Self {
        let (versions, known) = (BTreeMap::new(), HashMap::new());
        Self { project, versions, known, rows: Vec::new(), written }
    }

    /// How many bytes the groups will take.
    fn size(&self) -> usize {
        self.rows.len() * (4 + 5) + self.written.bytes().len()
    }

    /// Add the row of a file, if the file belongs to the project.
    fn add_file(&mut self, entry: &Object<'_>, url: &str) -> Option<()> {
        let filename = entry.get("filename")?.text()?;
        if !is_usual(filename) {
            return None;
        }
        if let Some(group) = self.group_of(filename) {
            let start = self.written.bytes().len();
            write_row(self.written, filename, entry, url)?;
            self.rows[group].add(start..self.written.bytes().len());
        }
        Some(())
    }

    /// Where the row of a file belongs; nothing if the file does not belong to the project.
    fn group_of(&mut self, filename: &str) -> Option<usize> {
        if filename.contains(['/', '\\']) {
            return None;
        }
        let start = start_of(filename);
        let known = start.and_then(|start| self.known.get(start).copied());
        known.unwrap_or_else(|| {
            let group = version_of(filename, self.project).map(|version| self.add(version));
            if let Some(start) = start {
                self.known.insert(start.to_owned(), group);
            }
            group
        })
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
    /// Add a row.
    fn add(&mut self, row: Range<usize>) {
        self.count += 1;
        match self.parts.last_mut() {
            Some(last) if last.end == row.start => last.end = row.end,
            _ => self.parts.push(row),
        }
    }

    fn pack(&self, written: &[u8], to: &mut Vec<u8>) {
        let mut head = Writer::default();
        head.list(self.count);
        let start = to.len();
        to.extend_from_slice(&[0; 4]);
        to.extend_from_slice(head.bytes());
        for part in &self.parts {
            to.extend_from_slice(&written[part.clone()]);
        }
        let checksum = crc32fast::hash(&to[start + 4..]).to_le_bytes();
        to[start..start + 4].copy_from_slice(&checksum);
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

    fn read_page(data: &[u8]) -> Option<(Page, Vec<u8>)> {
        let mut rows = Vec::new();
        let page = Reader::default().read(data, false, URL, "foo", &mut rows)?;
        Some((page, rows))
    }

    fn read(files: &str, more: &str) -> Option<(Page, Vec<u8>)> {
        let page = format!(r#"{{"meta": {{"api-version": "1.4"}}, "files": [{files}]{more}}}"#);
        read_page(page.as_bytes())
    }

    fn file(filename: &str, more: &str) -> String {
        format!(r#"{{"filename": "{filename}", "url": "x", "hashes": {{}}{more}}}"#)
    }

    #[test]
    fn versions_newest_first() {
        let names =
            ["foo-1.0.zip", "foo-1.10.tar.gz", "foo-1.9.zip", "foo-1-py3-none-any.whl", "x"];
        let (page, data) = read(&names.map(|name| file(name, "")).join(","), "").unwrap();
        assert_eq!(page.versions, ["1.10", "1.9", "1.0"]);
        assert_eq!((page.status.as_str(), page.reason), ("active", None));
        assert_eq!(page.ends.last(), Some(&data.len()));
        // The last part has two rows.
        assert_eq!(data[page.ends[1] + 4..][..5], *b"[\x02\0\0\0");
    }

    #[test]
    fn one_row() {
        let more = r#", "size": 3, "requires-python": ">=3", "yanked": true,
            "core-metadata": {"SHA256": "AB"}, "upload-time": "T""#;
        let (_, data) = read(&file("foo-1.zip", more), "").unwrap();
        let expected: &[u8] = b"[\x01\0\0\0(\x08\0\0\0u\x09\0\0\0foo-1.zip\
            u\x1e\0\0\0https://a.example/simple/foo/x(\0\0\0\0i\x03\0\0\0u\x03\0\0\0>=3u\0\0\0\0\
            (\x01\0\0\0(\x02\0\0\0u\x06\0\0\0sha256u\x02\0\0\0abu\x01\0\0\0T";
        assert_eq!(&data[4..], expected);
        assert_eq!(data[..4], crc32fast::hash(expected).to_le_bytes());
    }

    #[test]
    fn one_page_after_the_other() {
        let mut reader = Reader::default();
        let mut rows = vec![1, 2, 3];
        let files = ["foo-1.zip", "foo-2.zip", "foo-1.tar.gz"].map(|name| file(name, ""));
        for count in [3, 1, 0, 2] {
            let files = files[..count].join(",");
            let page = format!(r#"{{"meta": {{"api-version": "1.4"}}, "files": [{files}]}}"#);
            let found = reader.read(page.as_bytes(), false, URL, "foo", &mut rows);
            assert_eq!((found.unwrap(), rows.clone()), read(&files, "").unwrap());
            assert_eq!(reader.read(b"no page", true, URL, "foo", &mut rows), None);
        }
    }

    #[test]
    fn status() {
        let more = r#", "project-status": {"status": "archived", "reason": "old"}"#;
        let (page, data) = read("", more).unwrap();
        assert_eq!((page.status.as_str(), page.reason.as_deref()), ("archived", Some("old")));
        assert_eq!(data, b"");
        for more in [r#", "project-status": null"#, r#", "project-status": {"status": ""}"#] {
            assert_eq!(read("", more).unwrap().0.status, "active");
        }
    }

    #[test]
    fn pages_that_are_left_to_python() {
        assert_eq!(read_page(b"{"), None);
        assert_eq!(read_page(br#"{"meta": {"api-version": "2.0"}, "files": []}"#), None);
        assert_eq!(read_page(br#"{"meta": {"api-version": "1.0"}}"#), None);
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
