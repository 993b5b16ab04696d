//! Addresses of files: absolute, without a fragment.

use std::borrow::Cow;

/// Make the address of a file absolute, and take off its fragment.
///
/// Nothing where Python's `urljoin` and `urldefrag` could have more to do than here.
pub fn absolute<'a>(base: &str, address: &'a str) -> Option<Cow<'a, str>> {
    let absolute = address.starts_with("https://") || address.starts_with("http://");
    if absolute && !address.contains('#') {
        return Some(Cow::Borrowed(address)); // as Python has it, whatever else is in it
    }
    let address = address.split_once('#').map_or(address, |(address, _)| address);
    if is_plain(address) {
        return Some(Cow::Borrowed(address));
    }
    join(base, address).map(Cow::Owned)
}

/// Whether it is `http(s)://HOST/PATH` and no more.
fn is_plain(address: &str) -> bool {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    rest.and_then(|rest| rest.split_once('/')).is_some_and(|(host, path)| {
        is_host(host) && path.bytes().all(|byte| is_usual(byte) || byte == b'/')
    })
}

/// Follow a path such as `../../files/a.whl` from an address that ends with `/` (RFC 3986, 5.2).
fn join(base: &str, path: &str) -> Option<String> {
    if !is_plain(base) || !base.ends_with('/') {
        return None;
    }
    let root = base.find("://")? + 3;
    let root = root + base[root..].find('/')?;
    let mut start = &base[..base.len() - 1];
    let mut rest = path;
    if let Some(path) = path.strip_prefix('/') {
        start = &base[..root];
        rest = path;
    }
    while let Some(path) = rest.strip_prefix("../") {
        start =
            start.rsplit_once('/').map(|(start, _)| start).filter(|start| start.len() >= root)?;
        rest = path;
    }
    let plain = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(is_usual);
    let clean = start[root..].split('/').skip(1).all(plain) && rest.split('/').all(plain);
    // What stands before a colon would be a scheme.
    (clean && !rest.contains(':')).then(|| format!("{start}/{rest}"))
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(is_usual)
}

/// Whether a character has no meaning of its own in addresses, and stays as it is.
fn is_usual(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.' | b'_' | b'~' | b'%' | b'+' | b':' | b'@' | b'!' | b',' | b'='
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://a.example/simple/foo/";

    #[test]
    fn absolute_addresses() {
        for (given, expected) in [
            ("https://b.example/é?x", "https://b.example/é?x"),
            ("https://b.example/x+1%20.whl#sha256=ab", "https://b.example/x+1%20.whl"),
            ("http://b.example:80/x?", "http://b.example:80/x?"),
            ("http://b.example:80/x#y", "http://b.example:80/x"),
            ("x-1.whl", "https://a.example/simple/foo/x-1.whl"),
            ("x/y.whl#a#b", "https://a.example/simple/foo/x/y.whl"),
            ("../../f/x.whl", "https://a.example/f/x.whl"),
            ("../../../x.whl", ""),
            ("/x/y.whl", "https://a.example/x/y.whl"),
        ] {
            let expected = Some(expected).filter(|text| !text.is_empty());
            assert_eq!(absolute(BASE, given).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn what_is_left_to_python() {
        for given in [
            "",
            "#x",
            "?x",
            "//b.example/x",
            "x?y",
            "x;y",
            "a:x",
            "./x",
            "x/../y",
            "x//y",
            "x/",
            " x",
            "é",
            "file:///x",
            "ftp://b.example/x",
            "HTTPS://b.example/x",
            "http://b.example#y",
            "http:///x#y",
            "http://[::1]/x#y",
            "https://b.example/x?#y",
            "https://b.example/x;#y",
            "https://b.example#y",
            "http://b.example/a b#y",
            "..",
            "../",
            "../..",
            "/",
            "/../x",
        ] {
            assert_eq!(absolute(BASE, given), None, "{given}");
        }
        for base in ["https://a.example/simple/foo", "https://a.example/s/?x/", "file:///s/foo/"] {
            assert_eq!(absolute(base, "x.whl"), None, "{base}");
        }
        assert_eq!(absolute("https://a.example//s/", "../x"), None);
    }
}
