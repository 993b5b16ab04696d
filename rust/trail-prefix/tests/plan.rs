//! Plans parts of prefixes from real folders; `tests/parity/test_prefixes.py` compares with Python.

#![cfg(unix)]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use trail_entries::{Known, parse};
use trail_links::Work;
use trail_prefix::{Member, Shape, metadata, packages};

static SERIAL: AtomicUsize = AtomicUsize::new(0);
const SITE: &str = "lib/py/site-packages";
const INSIDE: &str = "lib/python/site-packages";
const SHAPE: Shape<'_> =
    Shape { site_packages: SITE, entry_site_packages: INSIDE, cache_tag: Some("cp-3"), depth: 2 };

/// Entries of one test.
struct Depot {
    root: PathBuf,
    /// Folder, the same below the root, and what is known.
    known: Vec<(OsString, OsString, Known)>,
}

impl Drop for Depot {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.root));
    }
}

impl Depot {
    fn new() -> Self {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let name = format!("trail-prefix-{}-{serial}", std::process::id());
        Self { root: std::env::temp_dir().join(name), known: Vec::new() }
    }

    /// Add an entry with files in site-packages; `facts` are what differs from none.
    fn add(&mut self, name: &str, files: &[&str], facts: &str) {
        for file in files {
            let path = self.root.join("installed").join(name).join(INSIDE).join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder of this test");
            fs::write(path, "").expect("a file of this test");
        }
        let digest = "0123456789abcdef".repeat(4);
        let keys = ["top_level", "startup", "scripts", "schemes", "escapes"];
        let missing = keys.iter().filter(|key| !facts.contains(&format!("\"{key}\": ")));
        let none: Vec<String> = missing.map(|key| format!("\"{key}\": [], ")).collect();
        let none = none.concat();
        let more = if facts.is_empty() { String::new() } else { format!("{facts}, ") };
        let text = format!(
            r#"{{"layout": 1, "filename": "a.whl", "sha256": "{digest}", "size": 1, "built": false,
            "origin": {{"kind": "path", "hashes": {{}}}},
            "facts": {{"name": "{name}", "version": "1", "dist_info": "{name}-1.dist-info",
                "root_is_purelib": true, "files": 2, "size": 3, "record": "{digest}",
                "metadata": ["METADATA", "licenses/LICENSE"], {none}{more}"mismatches": []}}}}"#
        );
        let below = OsString::from(format!("installed/{name}"));
        let known = parse(text.as_bytes()).expect("it is well formed");
        self.known.push((self.root.join(&below).into_os_string(), below, known));
    }

    fn members(&self) -> Vec<Member<'_>> {
        let members = self.known.iter().map(|(path, below, known)| Member {
            path,
            below: Some(below),
            known: Some(known),
            special: false,
        });
        members.collect()
    }
}

fn top(path: &str, kind: &str) -> String {
    format!(r#""top_level": [{{"path": "{path}", "name": "x", "kind": "{kind}"}}]"#)
}

/// Give the links as `path -> target`, sorted.
fn links(work: &Work) -> Vec<String> {
    let mut found = Vec::new();
    for group in &work.groups {
        for name in group.links.names.iter() {
            let name = name.to_str().expect("a name of this test");
            let (folder, source) = (Path::new(&group.folder), Path::new(&group.links.source));
            let (path, target) = (folder.join(name), source.join(name));
            found.push(format!("{} -> {}", path.display(), target.display()));
        }
    }
    found.sort();
    found
}

#[test]
fn a_dist_info_folder_is_real() {
    let mut depot = Depot::new();
    depot.add("a", &[], "");
    let mut members = depot.members();
    let (folders, done) = metadata(&members, &SHAPE);
    assert_eq!(done, [true]);
    let [folder] = &folders[..] else { panic!("one folder") };
    assert_eq!(folder.name, "lib/py/site-packages/a-1.dist-info");
    let [files, inner] = &folder.links[..] else { panic!("files and folders") };
    assert!(files.hard && files.names.iter().eq([c"METADATA"]));
    assert_eq!(
        Path::new(&files.source),
        depot.root.join("installed/a").join(INSIDE).join("a-1.dist-info")
    );
    assert!(!inner.hard && inner.names.iter().eq([c"licenses"]));
    assert_eq!(
        inner.source,
        "../../../../../../installed/a/lib/python/site-packages/a-1.dist-info"
    );
    // Of another depot, and one that nobody knows.
    members[0].below = None;
    let (folders, _) = metadata(&members, &SHAPE);
    assert_eq!(folders[0].links[1].source, files.source);
    members[0].known = None;
    assert_eq!(metadata(&members, &SHAPE).1, [false]);
    assert!(packages(&members, &SHAPE).is_none());
}

#[test]
fn what_has_one_owner_is_linked() {
    let mut depot = Depot::new();
    depot.add("a", &["a/__init__.py"], &top("a", "package"));
    depot.add("six", &["six.py"], &top("six.py", "module"));
    depot.add("z", &[], r#""startup": ["z.pth", "z-nspkg.pth"]"#);
    let planned = packages(&depot.members(), &SHAPE).expect("all are known");
    assert!(
        planned.left.is_empty() && planned.needed.is_empty() && planned.work.folders.is_empty()
    );
    let up = "../../../../../installed";
    assert_eq!(
        links(&planned.work),
        [
            format!(
                "{SITE}/__pycache__/six.cp-3.pyc -> ../{up}/six/{INSIDE}/__pycache__/six.cp-3.pyc"
            ),
            format!("{SITE}/a -> {up}/a/{INSIDE}/a"),
            format!("{SITE}/six.py -> {up}/six/{INSIDE}/six.py"),
            format!("{SITE}/z.pth -> {up}/z/{INSIDE}/z.pth"),
        ]
    );
}

#[test]
fn a_namespace_is_merged() {
    let mut depot = Depot::new();
    let facts = top("ns", "namespace");
    depot.add("a", &["ns/a/__init__.py", "ns/one.py", "ns/deep/x.py"], &facts);
    depot.add("b", &["ns/b.txt", "ns/deep/y.py", "ns/deep/__pycache__/y.pyc"], &facts);
    let planned = packages(&depot.members(), &SHAPE).expect("all are known");
    assert!(planned.left.is_empty() && planned.needed.is_empty());
    let folders: Vec<_> = planned.work.folders.iter().collect();
    assert_eq!(
        folders,
        [
            &format!("{SITE}/ns")[..],
            &format!("{SITE}/ns/deep"),
            &format!("{SITE}/ns/deep/__pycache__")
        ]
    );
    let up = "../../../../../../installed";
    assert_eq!(
        links(&planned.work),
        [
            // All of the Python files in it are those of one.
            format!("{SITE}/ns/__pycache__ -> {up}/a/{INSIDE}/ns/__pycache__"),
            format!("{SITE}/ns/a -> {up}/a/{INSIDE}/ns/a"),
            format!("{SITE}/ns/b.txt -> {up}/b/{INSIDE}/ns/b.txt"),
            format!(
                "{SITE}/ns/deep/__pycache__/x.cp-3.pyc -> ../../{up}/a/{INSIDE}/ns/deep/__pycache__/x.cp-3.pyc"
            ),
            format!(
                "{SITE}/ns/deep/__pycache__/y.cp-3.pyc -> ../../{up}/b/{INSIDE}/ns/deep/__pycache__/y.cp-3.pyc"
            ),
            format!("{SITE}/ns/deep/x.py -> ../{up}/a/{INSIDE}/ns/deep/x.py"),
            format!("{SITE}/ns/deep/y.py -> ../{up}/b/{INSIDE}/ns/deep/y.py"),
            format!("{SITE}/ns/one.py -> {up}/a/{INSIDE}/ns/one.py"),
        ]
    );
}

#[test]
fn what_is_more_than_a_namespace_is_left() {
    for (one, other) in [
        ("ns/__init__.py", "ns/b.py"),
        ("ns/deep/__init__.cp-3.so", "ns/deep/b.py"),
        ("ns/same.py", "ns/same.py"),
        ("ns/either", "ns/either/x.py"),
    ] {
        let mut depot = Depot::new();
        depot.add("a", &["alone.py"], &top("alone.py", "module"));
        depot.add("b", &[one], &top("ns", "namespace"));
        depot.add("c", &[other], &top("ns", "namespace"));
        depot.add("d", &[], r#""schemes": ["share"]"#);
        let planned = packages(&depot.members(), &SHAPE).expect("all are known");
        assert_eq!(planned.left, ["ns"], "{one}");
        assert_eq!(planned.needed, [1, 2, 3]);
        assert!(planned.work.folders.is_empty());
        assert_eq!(links(&planned.work).len(), 2);
    }
}

#[test]
fn what_may_have_to_be_joined_is_left() {
    let mut depot = Depot::new();
    depot.add("a", &["a/__init__.py"], &top("a", "package"));
    depot.add("b", &["b/__init__.py"], &top("b", "package"));
    let mut members = depot.members();
    members[1].special = true;
    let planned = packages(&members, &SHAPE).expect("all are known");
    assert_eq!((planned.left, planned.needed), (vec!["b".to_owned()], vec![1]));
    let escape =
        r#""escapes": [{"library": "x.so", "runpath": "$ORIGIN/../b", "tag": "DT_RPATH"}]"#;
    depot.add("c", &[], escape);
    assert!(packages(&depot.members(), &SHAPE).is_none());
}
