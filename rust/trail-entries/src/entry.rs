//! The content of an `entry.json`.

use serde_json::{Map, Value};
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
#[must_use]
pub fn parse(data: &[u8]) -> Option<Known> {
    let Value::Object(object) = serde_json::from_slice(data).ok()? else { return None };
    let mut tree = Tree(object);
    if tree.integer("layout")? != LAYOUT {
        return None;
    }
    let mut facts = tree.tree("facts")?;
    let known = Known {
        sha256: tree.digest("sha256")?,
        name: facts.text("name")?,
        version: facts.text("version")?,
        facts: facts_of(&mut facts)?,
    };
    check_origin(&mut tree.tree("origin")?)?;
    tree.text("filename")?;
    tree.integer("size")?;
    tree.boolean("built")?;
    Some(known)
}

fn check_origin(tree: &mut Tree) -> Option<()> {
    known(&tree.text("kind")?, ORIGINS)?;
    for key in ["url", "index", "path", "revision"] {
        tree.text_or_none(key)?;
    }
    let hashes = tree.tree("hashes")?;
    hashes.0.values().all(Value::is_string).then_some(())
}

fn facts_of(tree: &mut Tree) -> Option<Facts> {
    Some(Facts {
        dist_info: tree.text("dist_info")?,
        root_is_purelib: tree.boolean("root_is_purelib")?,
        files: tree.integer("files")?,
        size: tree.integer("size")?,
        record: tree.digest("record")?,
        top_level: tree.items("top_level", |item| {
            Some(TopLevel {
                path: item.text("path")?,
                name: item.text("name")?,
                kind: known(&item.text("kind")?, KINDS)?,
            })
        })?,
        startup: tree.texts("startup")?,
        scripts: tree.items("scripts", |item| {
            Some(EntryPoint {
                name: item.text("name")?,
                value: item.text("value")?,
                gui: item.boolean("gui")?,
            })
        })?,
        schemes: tree.texts("schemes")?,
        // Absent in entries of the first trails.
        metadata: if tree.has("metadata") { tree.texts("metadata")? } else { Vec::new() },
        root_files: if tree.has("root_files") { tree.texts("root_files")? } else { Vec::new() },
        escapes: tree.items("escapes", |item| {
            Some(Escape {
                library: item.text("library")?,
                runpath: item.text("runpath")?,
                tag: known(&item.text("tag")?, TAGS)?,
            })
        })?,
        // Few wheels have any: those are left.
        mismatches: tree.list("mismatches")?.is_empty().then(Vec::new)?,
    })
}

/// An object; what is taken out of it has to be there, and of its kind.
struct Tree(Map<String, Value>);

impl Tree {
    fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Strings are moved, not copied.
    fn take(&mut self, key: &str) -> Option<Value> {
        self.0.get_mut(key).map(Value::take)
    }

    fn text(&mut self, key: &str) -> Option<String> {
        text(self.take(key)?)
    }

    /// A string; or null, or nothing, as the inner None.
    #[allow(clippy::option_option)] // the outer one is that of all here
    fn text_or_none(&mut self, key: &str) -> Option<Option<String>> {
        match self.take(key) {
            None | Some(Value::Null) => Some(None),
            Some(value) => Some(Some(text(value)?)),
        }
    }

    fn digest(&mut self, key: &str) -> Option<String> {
        let digest = self.text(key)?;
        let fits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (digest.len() == 64 && digest.bytes().all(fits)).then_some(digest)
    }

    /// One that is not negative, and not too large for 64 bits: all others are unusual.
    fn integer(&self, key: &str) -> Option<u64> {
        self.0.get(key)?.as_u64()
    }

    fn boolean(&self, key: &str) -> Option<bool> {
        self.0.get(key)?.as_bool()
    }

    fn tree(&mut self, key: &str) -> Option<Tree> {
        if let Value::Object(object) = self.take(key)? { Some(Tree(object)) } else { None }
    }

    fn list(&mut self, key: &str) -> Option<Vec<Value>> {
        if let Value::Array(list) = self.take(key)? { Some(list) } else { None }
    }

    fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        self.list(key)?.into_iter().map(text).collect()
    }

    fn items<T>(&mut self, key: &str, of: impl Fn(&mut Tree) -> Option<T>) -> Option<Vec<T>> {
        let item = |value| {
            if let Value::Object(object) = value { of(&mut Tree(object)) } else { None }
        };
        self.list(key)?.into_iter().map(item).collect()
    }
}

fn text(value: Value) -> Option<String> {
    if let Value::String(text) = value { Some(text) } else { None }
}

/// Find a word among those that it may be.
fn known<const N: usize>(word: &str, words: [&'static str; N]) -> Option<&'static str> {
    words.into_iter().find(|known| *known == word)
}
