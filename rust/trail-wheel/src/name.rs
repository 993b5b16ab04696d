//! Names of archive members and of distributions.

use caseless::Caseless;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Bytes and components of the longest names: whoever lists all folders of many names needs memory
/// for length times depth of each.
const LONGEST: usize = 1024;
const DEEPEST: usize = 64;

/// Whether a name is one that a wheel may have (`zip-name`); it may end with one `/`.
pub fn is_safe(name: &str) -> bool {
    if name.len() > LONGEST || name.contains('\\') || name.chars().any(char::is_control) {
        return false;
    }
    if let [letter, b':', ..] = name.as_bytes()
        && letter.is_ascii_alphabetic()
    {
        return false;
    }
    let path = name.strip_suffix('/').unwrap_or(name);
    path.split('/').count() <= DEEPEST
        && path.split('/').all(|part| !matches!(part, "" | "." | "..") && is_safe_here(part))
}

#[cfg(not(windows))]
fn is_safe_here(_part: &str) -> bool {
    true
}

/// Windows opens a device for some names, cuts dots and spaces off, and has characters of its own.
#[cfg(windows)]
fn is_safe_here(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_ascii_uppercase();
    let numbered = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered.is_some_and(|rest| {
            let mut digits = rest.chars();
            matches!(digits.next(), Some('0'..='9' | '¹' | '²' | '³')) && digits.next().is_none()
        });
    !device && !part.ends_with(['.', ' ']) && !part.contains(['<', '>', ':', '"', '|', '?', '*'])
}

/// A form in which two names are equal if some file system takes them for one.
pub fn fold(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    if is_nfc_quick(name.chars()) == IsNormalized::Yes {
        return name.chars().default_case_fold().nfc().collect();
    }
    name.nfc().default_case_fold().nfc().collect()
}

/// Case folding alone.
pub fn fold_case(name: &str) -> String {
    if name.is_ascii() {
        name.to_ascii_lowercase()
    } else {
        name.chars().default_case_fold().collect()
    }
}

/// Decode a name, with what cannot be decoded as `\xNN`.
pub fn display(bytes: &[u8], utf8: bool) -> String {
    use std::fmt::Write;

    let mut text = String::new();
    let escape = |text: &mut String, bytes: &[u8]| {
        for byte in bytes {
            let _ = write!(text, "\\x{byte:02x}");
        }
    };
    if utf8 {
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            escape(&mut text, chunk.invalid());
        }
    } else {
        for &byte in bytes {
            if byte.is_ascii() {
                text.push(char::from(byte));
            } else {
                escape(&mut text, &[byte]);
            }
        }
    }
    text
}

/// A distribution's name as PEP 503 normalises it.
#[must_use]
pub fn normalize(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.push(character),
        }
    }
    normal.to_lowercase()
}

/// Whether Python takes a name for an identifier.
pub fn is_identifier(name: &str) -> bool {
    let normal: String;
    let name = if name.is_ascii() {
        name
    } else {
        normal = name.nfkc().collect();
        &normal
    };
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first == '_' || unicode_ident::is_xid_start(first))
        && characters.all(unicode_ident::is_xid_continue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_names() {
        for name in [
            "", "/", "/a", "a//b", "a/../b", "..", "./a", "a\\b", "c:/a", "C:", "a\0", "a\u{85}b",
            "a//",
        ] {
            assert!(!is_safe(name), "{name:?}");
        }
        for name in ["a", "a/", "a/b.py", "...", "é/ü", "1:", "a b"] {
            assert!(is_safe(name), "{name:?}");
        }
    }

    #[test]
    fn long_and_deep_names() {
        assert!(is_safe(&"x".repeat(1024)) && is_safe(&format!("{}a/", "a/".repeat(63))));
        assert!(!is_safe(&"é".repeat(513)) && !is_safe(&"a/".repeat(65)));
    }

    #[test]
    fn folding() {
        assert_eq!(fold("Straße"), "strasse");
        assert_eq!(fold("e\u{301}"), fold("É"));
        assert_eq!(fold("ABC/d"), "abc/d");
    }

    #[test]
    fn normal_names() {
        assert_eq!(normalize("Foo._-Bar"), "foo-bar");
        assert_eq!(normalize("_foo_"), "-foo-");
        assert_eq!(normalize("A"), "a");
    }

    #[test]
    fn undecodable_names() {
        assert_eq!(display(b"a\xe2\x82b", true), "a\\xe2\\x82b");
        assert_eq!(display("é".as_bytes(), false), "\\xc3\\xa9");
    }
}
