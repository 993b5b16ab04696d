//! Reads files of a folder; `tests/parity/test_entries.py` compares with the Python parser.

use std::fs;
use std::path::PathBuf;

use trail_entries::{parse, read_all};

fn entry(name: &str) -> String {
    let digest = "0123456789abcdef".repeat(4);
    format!(
        r#"{{"layout": 1, "filename": "a.whl", "sha256": "{digest}", "size": 1, "built": false,
            "origin": {{"kind": "path", "hashes": {{}}}},
            "facts": {{"name": "{name}", "version": "1", "dist_info": "i", "root_is_purelib": true,
                "files": 2, "size": 3, "record": "{digest}", "top_level": [], "startup": [],
                "scripts": [], "schemes": [], "escapes": [], "mismatches": []}}}}"#
    )
}

#[test]
fn files_are_read_in_their_order() {
    let folder = std::env::temp_dir().join(format!("trail-entries-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let names: Vec<String> = (0..100).map(|number| format!("name-{number}")).collect();
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    for (name, path) in names.iter().zip(&paths) {
        fs::write(path, entry(name)).unwrap();
    }
    fs::remove_file(&paths[7]).unwrap();
    fs::write(&paths[8], "{").unwrap();
    for threads in [1, 3] {
        let found = read_all(paths.clone(), threads);
        let found: Vec<_> = found.into_iter().map(|known| known.map(|known| known.name)).collect();
        let mut expected: Vec<_> = names.iter().cloned().map(Some).collect();
        expected[7] = None;
        expected[8] = None;
        assert_eq!(found, expected);
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_is_left_to_python() {
    let text = entry("a");
    assert!(parse(text.as_bytes()).is_some());
    for (old, new) in [
        (r#""layout": 1"#, r#""layout": 2"#),
        (r#""layout": 1"#, r#""layout": 1.0"#),
        (r#""size": 1"#, r#""size": -1"#),
        (r#""size": 1"#, r#""size": true"#),
        (r#""built": false"#, r#""built": 0"#),
        (r#""startup": []"#, r#""startup": [1]"#),
        (r#""top_level": []"#, r#""top_level": {}"#),
        (r#""scripts": []"#, r#""scripts": [[]]"#),
        (r#""kind": "path""#, r#""kind": "disk""#),
        (r#""hashes": {}"#, r#""hashes": {"sha256": null}"#),
        ("0123", "012G"),
        (r#""files": 2,"#, ""),
        (r#""mismatches": []"#, r#""mismatches": [{}]"#),
    ] {
        let wrong = text.replacen(old, new, 1);
        assert_ne!(wrong, text);
        assert_eq!(parse(wrong.as_bytes()), None, "{new}");
    }
    assert_eq!(parse(format!("{text}x").as_bytes()), None);
    assert_eq!(parse(b"[]"), None);
}

#[test]
fn metadata_is_sorted_out() {
    let text = |names: &str| {
        let more = format!(r#""schemes": [], "metadata": [{names}]"#);
        entry("a").replace(r#""schemes": []"#, &more)
    };
    let known = parse(text(r#""METADATA", "sboms/b", "licenses/x/y", "licenses/z""#).as_bytes());
    let known = known.expect("it is well formed");
    assert!(known.has_metadata());
    assert!(known.metadata_files().eq(["METADATA"]));
    assert_eq!(known.metadata_folders(), ["licenses", "sboms"]);
    for none in ["", r#""METADATA", "deep/code.py""#] {
        assert!(!parse(text(none).as_bytes()).expect("well formed").has_metadata());
    }
}
