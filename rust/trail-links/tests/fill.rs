//! Fills real folders, on one thread and on several.

#![cfg(unix)]

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::io::Errno;
use trail_links::{Filling, Group, Links, Names, NewFile, Tree, Work, fill};

static SERIAL: AtomicUsize = AtomicUsize::new(0);

/// An empty folder of a test's own, which is removed with what is in it.
struct Fresh(PathBuf);

impl std::ops::Deref for Fresh {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn fresh() -> Fresh {
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("trail-links-{}-{serial}", std::process::id()));
    fs::create_dir(&folder).expect("a file of this test");
    Fresh(folder)
}

fn remove(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("a file of this test");
    for item in fs::read_dir(folder).expect("a file of this test") {
        let item = item.expect("a file of this test");
        if item.file_type().expect("a file of this test").is_dir() {
            remove(&item.path());
        } else {
            fs::remove_file(item.path()).expect("a file of this test");
        }
    }
    fs::remove_dir(folder).expect("a file of this test");
}

fn names(names: &[&str]) -> Vec<OsString> {
    names.iter().map(OsString::from).collect()
}

fn group(hard: bool, folder: &str, source: &Path, links: &[&str]) -> Group {
    let mut names = Names::default();
    for link in links {
        names.push(link.as_ref()).expect("a name of this test");
    }
    Group { folder: folder.into(), links: Links { hard, source: source.into(), names } }
}

fn bits(path: PathBuf) -> u32 {
    fs::metadata(path).expect("a file of this test").permissions().mode() & 0o777
}

#[test]
fn a_folder_gets_what_was_asked_for() {
    for threads in [1, 2, 9] {
        let (source, target) = (fresh(), fresh());
        fs::write(source.join("a"), "a").unwrap();
        fs::write(source.join("b"), "b").unwrap();
        let mut work = Work {
            open: vec![],
            folders: names(&["lib", "lib/inner", "lib/inner/deep", "open"]),
            writable: names(&["open"]),
            groups: vec![
                group(true, "lib/inner", &source, &["a", "b"]),
                group(false, "", Path::new("../else where"), &["x"]),
                group(false, "lib/inner/deep", Path::new("/none"), &["y", "z"]),
            ],
            trees: vec![],
            files: vec![NewFile {
                folder: "lib".into(),
                name: "file".into(),
                data: b"text".to_vec(),
                mode: 0o444,
            }],
        };
        for number in 0..50 {
            work.folders.push(format!("lib/{number}").into());
            work.groups.push(group(true, &format!("lib/{number}"), &source, &["a"]));
        }
        assert_eq!(fill(&target, work, threads), Ok(vec![]));
        assert_eq!(fs::metadata(source.join("a")).unwrap().nlink(), 52);
        assert_eq!(fs::metadata(target.join("lib/inner/b")).unwrap().nlink(), 2);
        assert_eq!(fs::read_link(target.join("x")).unwrap(), Path::new("../else where/x"));
        assert_eq!(fs::read_link(target.join("lib/inner/deep/z")).unwrap(), Path::new("/none/z"));
        assert_eq!(fs::read(target.join("lib/file")).unwrap(), b"text");
        assert_eq!(bits(target.join("lib/file")), 0o444);
        for folder in ["lib", "lib/inner", "lib/inner/deep", "lib/7"] {
            assert_eq!(bits(target.join(folder)), 0o555, "{folder}");
        }
        assert_ne!(bits(target.join("open")) & 0o200, 0);
        assert_ne!(bits(target.to_path_buf()) & 0o200, 0);
    }
}

#[test]
fn a_fault_says_where_it_is() {
    let (source, target) = (fresh(), fresh());
    let missing = source.join("none");
    let cases = [
        (group(true, "", &missing, &["a"]), Errno::NOENT, missing.clone()),
        (group(true, "", &source, &["a"]), Errno::NOENT, source.join("a")),
        (group(false, "", &source, &["a", "a"]), Errno::EXIST, target.join("a")),
        (group(false, "other", &source, &["a"]), Errno::NOENT, PathBuf::from("other")),
    ];
    for (group, errno, path) in cases {
        let work = Work { groups: vec![group], ..Work::default() };
        let failure = fill(&target, work, 2).unwrap_err();
        assert_eq!((failure.errno, failure.path), (errno.raw_os_error(), path));
    }
    let folders = Work { folders: names(&["a"]), ..Work::default() };
    let failure = fill(&target, folders, 1).unwrap_err();
    assert_eq!((failure.errno, failure.path), (Errno::EXIST.raw_os_error(), target.join("a")));
}

#[test]
fn hardlinks_to_another_file_system_are_left() {
    let (Ok(other), target) = (fs::metadata("/proc/self/"), fresh()) else { return };
    assert_ne!(other.dev(), fs::metadata(&*target).unwrap().dev());
    let work = Work {
        groups: vec![
            group(false, "", Path::new("/"), &["x"]),
            group(true, "", Path::new("/proc/self"), &["status", "maps"]),
        ],
        ..Work::default()
    };
    let left = fill(&target, work, 2).unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!((&*left[0].folder, &*left[0].source), (Path::new(""), Path::new("/proc/self")));
    assert_eq!(left[0].names, names(&["status", "maps"]));
}

#[test]
fn a_tree_is_linked_with_its_bytecode() {
    let (source, target) = (fresh(), fresh());
    fs::create_dir_all(source.join("data/deep")).unwrap();
    fs::create_dir_all(source.join("sub/__pycache__")).unwrap();
    for file in ["a.py", "data/x", "data/deep/y", "sub/b.py", "sub/__pycache__/b.pyc"] {
        fs::write(source.join(file), "").unwrap();
    }
    let work = Work {
        folders: names(&["lib"]),
        trees: vec![
            Tree {
                folder: "lib/one".into(),
                source: (&*source).into(),
                bytecode: Some("../else".into()),
            },
            Tree {
                folder: "lib/two".into(),
                source: (&*source).into(),
                bytecode: Some("/else".into()),
            },
            Tree { folder: "three".into(), source: (&*source).into(), bytecode: None },
        ],
        ..Work::default()
    };
    assert_eq!(fill(&target, work, 2), Ok(vec![]));
    for file in ["a.py", "data/x", "data/deep/y", "sub/b.py"] {
        assert_eq!(fs::metadata(source.join(file)).unwrap().nlink(), 4, "{file}");
        for tree in ["lib/one", "lib/two", "three"] {
            assert!(target.join(tree).join(file).is_file(), "{tree}/{file}");
        }
    }
    for folder in ["lib", "lib/one", "lib/one/data/deep", "three/sub"] {
        assert_eq!(bits(target.join(folder)), 0o555, "{folder}");
    }
    let led = |link: &str| fs::read_link(target.join(link)).unwrap();
    assert_eq!(led("lib/one/__pycache__"), Path::new("../../else/__pycache__"));
    assert_eq!(led("lib/one/sub/__pycache__"), Path::new("../../../else/sub/__pycache__"));
    assert_eq!(led("lib/two/sub/__pycache__"), Path::new("/else/sub/__pycache__"));
    for none in ["lib/one/data/__pycache__", "three/__pycache__", "three/sub/__pycache__"] {
        assert!(fs::symlink_metadata(target.join(none)).is_err(), "{none}");
    }
    // It was made, so that the link leads somewhere.
    assert_eq!(bits(source.join("__pycache__")), 0o555);
    assert_eq!(bits(source.to_path_buf()), 0o555);
}

#[test]
fn portions_come_together() {
    for threads in [1, 2, 9] {
        let (source, target) = (fresh(), fresh());
        fs::write(source.join("a"), "a").unwrap();
        let mut filling = Filling::begin(&target, threads).unwrap();
        let mut first = Work { open: names(&["lib"]), ..Work::default() };
        for number in 0..50 {
            first.folders.push(format!("lib/{number}").into());
            first.groups.push(group(true, &format!("lib/{number}"), &source, &["a"]));
        }
        filling.add(first).unwrap();
        let second = Work {
            folders: names(&["lib/late", "lib/late/inner"]),
            groups: vec![
                group(true, "lib", &source, &["a"]),
                group(true, "lib/late/inner", &source, &["a"]),
            ],
            ..Work::default()
        };
        filling.add(second).unwrap();
        assert_eq!(filling.finish(), Ok(vec![]));
        assert_eq!(fs::metadata(source.join("a")).unwrap().nlink(), 53);
        for folder in ["lib", "lib/49", "lib/late", "lib/late/inner"] {
            assert_eq!(bits(target.join(folder)), 0o555, "{folder}");
        }
    }
}

#[test]
fn what_is_filled_already_gets_no_more() {
    let (source, target) = (fresh(), fresh());
    let mut filling = Filling::begin(&target, 2).unwrap();
    filling.add(Work { folders: names(&["lib"]), ..Work::default() }).unwrap();
    let late = Work { groups: vec![group(false, "lib", &source, &["a"])], ..Work::default() };
    let failure = filling.add(late).unwrap_err();
    assert_eq!((failure.errno, failure.path), (Errno::NOENT.raw_os_error(), PathBuf::from("lib")));
}

#[test]
fn a_fault_of_an_earlier_portion_is_told() {
    let (source, target) = (fresh(), fresh());
    let mut filling = Filling::begin(&target, 2).unwrap();
    let wrong = Work { groups: vec![group(true, "", &source, &["a"])], ..Work::default() };
    filling.add(wrong).unwrap();
    let folders = Work { folders: names(&["lib"]), ..Work::default() };
    let told = filling.add(folders).and_then(|()| filling.finish());
    assert_eq!(told.unwrap_err().path, source.join("a"));
}

#[test]
fn one_that_is_dropped_stops() {
    let (source, target) = (fresh(), fresh());
    fs::write(source.join("a"), "a").unwrap();
    let mut filling = Filling::begin(&target, 2).unwrap();
    let mut work = Work::default();
    for number in 0..1000 {
        work.folders.push(format!("{number}").into());
        work.groups.push(group(true, &format!("{number}"), &source, &["a"]));
    }
    filling.add(work).unwrap();
    drop(filling);
    let made = fs::read_dir(&*target).unwrap().count();
    // Each was finished that was begun.
    assert_eq!(fs::metadata(source.join("a")).unwrap().nlink(), 1 + made as u64);
}

#[test]
fn a_name_with_nul_is_refused() {
    let mut names = Names::default();
    names.push("a".as_ref()).unwrap();
    assert_eq!(names.push("b\0c".as_ref()), Err(Errno::INVAL));
    names.push("d".as_ref()).unwrap();
    assert!(names.iter().eq([c"a", c"d"]));
}
