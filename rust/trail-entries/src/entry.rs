//! The content of an `entry.json`.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use trail_wheel::{EntryPoint, Escape, Facts, TopLevel};

/// Of the file; a later one has other rules.
const LAYOUT: u64 = 1;
const KINDS: [&str; 5] = ["package", "namespace", "module", "extension", "data"];
const TAGS: [&str; 3] = ["DT_RPATH", "DT_RUNPATH", "LC_RPATH"];
const ORIGINS: [&str; 4] = ["index", "path", "url", "vcs"];

/// What an `entry.json` says, but for where the wheel came from.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// Of the wheel.
    pub sha256: String,
    /// The distribution, normalised.
    pub name: String,
    /// Normalised.
    pub version: String,
    /// What the engine found.
    pub facts: Facts,
}

/// Read an `entry.json`; nothing if the Python parser is to decide.
///
/// That is also asked where a key stands twice, and keys that nobody knows are not looked into.
#[must_use]
pub fn parse(data: &[u8]) -> Option<Known> {
    let file: File<'_> = serde_json::from_str(std::str::from_utf8(data).ok()?).ok()?;
    let facts = file.facts;
    if file.layout != LAYOUT || !facts.mismatches.is_empty() {
        return None;
    }
    known(&file.origin.kind, ORIGINS)?;
    let top_level = facts.top_level.into_iter().map(|top| {
        Some(TopLevel { path: top.path, name: top.name, kind: known(&top.kind, KINDS)? })
    });
    let scripts = facts.scripts.into_iter().map(|script| EntryPoint {
        name: script.name,
        value: script.value,
        gui: script.gui,
    });
    let escapes = facts.escapes.into_iter().map(|escape| {
        let Escaping { library, runpath, tag } = escape;
        Some(Escape { library, runpath, tag: known(&tag, TAGS)? })
    });
    Some(Known {
        sha256: digest(file.sha256)?,
        name: facts.name,
        version: facts.version,
        facts: Facts {
            dist_info: facts.dist_info,
            root_is_purelib: facts.root_is_purelib,
            files: facts.files,
            size: facts.size,
            record: digest(facts.record)?,
            top_level: top_level.collect::<Option<_>>()?,
            startup: facts.startup,
            scripts: scripts.collect(),
            schemes: facts.schemes,
            metadata: facts.metadata,
            root_files: facts.root_files,
            escapes: escapes.collect::<Option<_>>()?,
            mismatches: Vec::new(),
        },
    })
}

/// What is not used is there because it must be of its kind.
#[derive(Deserialize)]
#[allow(dead_code)] // as above
struct File<'a> {
    layout: u64,
    #[serde(borrow)]
    filename: Cow<'a, str>,
    sha256: String,
    size: u64,
    built: bool,
    #[serde(borrow)]
    origin: Origin<'a>,
    #[serde(borrow)]
    facts: Found<'a>,
}

#[derive(Deserialize)]
#[allow(dead_code)] // as above
struct Origin<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    index: Option<Cow<'a, str>>,
    #[serde(borrow)]
    path: Option<Cow<'a, str>>,
    #[serde(borrow)]
    revision: Option<Cow<'a, str>>,
    #[serde(borrow)]
    hashes: HashMap<Cow<'a, str>, Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Found<'a> {
    name: String,
    version: String,
    dist_info: String,
    root_is_purelib: bool,
    files: u64,
    size: u64,
    record: String,
    #[serde(borrow)]
    top_level: Vec<Top<'a>>,
    startup: Vec<String>,
    scripts: Vec<Script>,
    schemes: Vec<String>,
    /// Absent in entries of the first trails, as are `root_files`.
    #[serde(default)]
    metadata: Vec<String>,
    #[serde(default)]
    root_files: Vec<String>,
    #[serde(borrow)]
    escapes: Vec<Escaping<'a>>,
    /// Few wheels have any: those are left.
    mismatches: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct Top<'a> {
    path: String,
    name: String,
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Script {
    name: String,
    value: String,
    gui: bool,
}

#[derive(Deserialize)]
struct Escaping<'a> {
    library: String,
    runpath: String,
    #[serde(borrow)]
    tag: Cow<'a, str>,
}

fn digest(digest: String) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (digest.len() == 64 && digest.bytes().all(fits)).then_some(digest)
}

/// Find a word among those that it may be.
fn known<const N: usize>(word: &str, words: [&'static str; N]) -> Option<&'static str> {
    words.into_iter().find(|known| *known == word)
}
