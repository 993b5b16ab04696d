//! Plans the usual part of a prefix: `.dist-info` folders, and packages and modules of one owner or
//! in shared namespaces (PEP 420).
//!
//! The rules are those of `python/trail/prefix/plan.py`, which plans all else: names that several
//! distributions bring otherwise, data and scripts. What is planned here, that need not look at.

#![forbid(unsafe_code)]
#![cfg(unix)]

mod namespace;
mod packages;

use std::ffi::{OsStr, OsString};

use trail_entries::Known;
use trail_links::{Links, Names, NewFolder};

pub use packages::{Planned, packages};

/// One distribution.
#[derive(Debug)]
pub struct Member<'a> {
    /// Its entry's folder.
    pub path: &'a OsStr,
    /// The same below the depot of the prefix, to which links are relative; nothing for an entry of
    /// another depot.
    pub below: Option<&'a OsStr>,
    /// What is known of it, if anything is.
    pub known: Option<&'a Known>,
    /// Whether it may have to be joined, so that only its `.dist-info` folder is usual.
    pub special: bool,
}

/// Where things lie.
#[derive(Debug)]
pub struct Shape<'a> {
    /// In the prefix.
    pub site_packages: &'a str,
    /// In an entry.
    pub entry_site_packages: &'a str,
    /// Of bytecode; nothing if there is none.
    pub cache_tag: Option<&'a str>,
    /// How many folders there are from the depot down to the prefix.
    pub depth: usize,
}

impl Member<'_> {
    /// Say how a folder of the entry is reached from one of the prefix.
    fn link(&self, shape: &Shape<'_>, from: &str, to: &str) -> OsString {
        let mut link = OsString::with_capacity(256);
        match self.below {
            None => link.push(self.path),
            Some(below) => {
                for _ in 0..=shape.depth + from.matches('/').count() {
                    link.push("../");
                }
                link.push(below);
            }
        }
        link.push("/");
        link.push(to);
        link
    }

    fn folder(&self, name: &str) -> OsString {
        let mut path = self.path.to_owned();
        path.push("/");
        path.push(name);
        path
    }
}

/// Plan the `.dist-info` folders (rule 4).
///
/// Returns them, and whose they are. A name with NUL, which no file has, makes its folder be left.
#[must_use]
pub fn metadata(members: &[Member<'_>], shape: &Shape<'_>) -> (Vec<NewFolder>, Vec<bool>) {
    let mut folders = Vec::with_capacity(members.len());
    let done = members.iter().map(|member| {
        let folder = member.known.and_then(|known| dist_info(member, known, shape));
        let done = folder.is_some();
        folders.extend(folder);
        done
    });
    let done = done.collect();
    (folders, done)
}

fn dist_info(member: &Member<'_>, known: &Known, shape: &Shape<'_>) -> Option<NewFolder> {
    if !known.has_metadata() {
        return None;
    }
    let own = &known.facts.dist_info;
    let name = [shape.site_packages, "/", own].concat();
    let inside = [shape.entry_site_packages, "/", own].concat();
    let mut links = Vec::with_capacity(2);
    let names = collect(known.metadata_files())?;
    links.push(Links { hard: true, source: member.folder(&inside), names });
    let inner = known.metadata_folders();
    if !inner.is_empty() {
        let names = collect(inner)?;
        links.push(Links { hard: false, source: member.link(shape, &name, &inside), names });
    }
    Some(NewFolder { name: name.into(), links })
}

fn collect<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Names> {
    let mut names = Names::default();
    for text in texts {
        names.push(text.as_ref()).ok()?;
    }
    Some(names)
}
