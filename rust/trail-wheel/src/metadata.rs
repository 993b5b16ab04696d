//! The small text files of .dist-info: WHEEL, METADATA and `entry_points.txt`.

use std::collections::BTreeMap;

use crate::error::Fault;
use crate::facts::EntryPoint;
use crate::name;
use crate::record::lines;
use crate::version::Version;

/// Read WHEEL: whether the root is purelib.
pub fn parse_wheel(bytes: &[u8], member: &str) -> Result<bool, Fault> {
    let fault = || Fault::of("wheel-format", member);
    let text = std::str::from_utf8(bytes).map_err(|_| fault())?;
    let headers = parse_headers(text.as_bytes()).ok_or_else(fault)?;
    let version = headers.get("wheel-version").ok_or_else(fault)?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (major, _) = version
        .split_once('.')
        .filter(|(major, minor)| is_number(major) && is_number(minor))
        .ok_or_else(fault)?;
    let purelib = match headers.get("root-is-purelib").map(|value| value.to_ascii_lowercase()) {
        Some(value) if value == "true" => true,
        Some(value) if value == "false" => false,
        _ => return Err(fault()),
    };
    if major.trim_start_matches('0') != "1" {
        return Err(Fault::of("wheel-version", member).actual(version));
    }
    Ok(purelib)
}

/// Check that METADATA is about the distribution that the file name names.
pub fn check_metadata(bytes: &[u8], member: &str, name: &str, version: &str) -> Result<(), Fault> {
    let fault = |code| Fault::of(code, member);
    let headers = parse_headers(bytes).ok_or_else(|| fault("metadata-format"))?;
    let (Some(found_name), Some(found_version)) = (headers.get("name"), headers.get("version"))
    else {
        return Err(fault("metadata-format"));
    };
    if name::normalize(found_name) != name {
        return Err(fault("metadata-name").expected(name).actual(found_name));
    }
    if !is_version(found_version, version) {
        return Err(fault("metadata-version").expected(version).actual(found_version));
    }
    Ok(())
}

/// Whether a version, as spelled somewhere, is the wanted one.
pub fn is_version(found: &str, wanted: &str) -> bool {
    Version::parse(found).is_some_and(|found| Some(found) == Version::parse(wanted))
}

/// Read headers: by lower-case key, the first of each. None if they are not UTF-8.
fn parse_headers(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut headers = Vec::<(String, String)>::new();
    for line in byte_lines(bytes) {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            let Some((_, value)) = headers.last_mut() else { break };
            value.push(' ');
            value.push_str(std::str::from_utf8(line).ok()?.trim());
        } else if line.contains(&b':') {
            let (key, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
            headers.push((key.trim().to_ascii_lowercase(), value.trim().to_owned()));
        } else {
            break;
        }
    }
    Some(headers.into_iter().rev().map(|(key, value)| (key, value.trim().to_owned())).collect())
}

fn byte_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.iter().position(|&byte| byte == b'\n' || byte == b'\r');
        let end = end.unwrap_or(rest.len());
        let line = &rest[..end];
        let length = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = rest.get(end + length..).unwrap_or_default();
        Some(line)
    })
}

/// Read `entry_points.txt`: the scripts that it asks for, sorted by name.
pub fn parse_entry_points(bytes: &[u8], member: &str) -> Result<Vec<EntryPoint>, Fault> {
    let fault = |place: &str| Fault::of("entry-points", member).actual(place);
    let text = std::str::from_utf8(bytes).map_err(|_| fault("UTF-8"))?;
    let mut section: Option<&str> = None;
    let mut found = Vec::new();
    for (number, line) in lines(text).enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(title) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = Some(title.trim());
            continue;
        }
        let place = || fault(&format!("line {}", number + 1));
        let (name, value) = line.split_once('=').ok_or_else(place)?;
        let gui = match section.ok_or_else(place)? {
            "console_scripts" => false,
            "gui_scripts" => true,
            _ => continue,
        };
        found.push((name.trim(), parse_reference(value.trim()), gui));
    }
    let mut scripts = BTreeMap::new();
    for (name, value, gui) in found {
        if !is_script_name(name) {
            return Err(Fault::of("script-name", member).actual(name));
        }
        let script = value.map(|value| EntryPoint { name: name.to_owned(), value, gui });
        scripts.insert(name, script);
    }
    Ok(scripts.into_values().flatten().collect())
}

/// Read `module:attribute [extras]`; returns it without white space and extras.
fn parse_reference(value: &str) -> Option<String> {
    let value = match value.strip_suffix(']').and_then(|value| value.split_once('[')) {
        Some((reference, _)) => reference.trim_end(),
        None => value,
    };
    let (module, attribute) = value.split_once(':')?;
    let (module, attribute) = (module.trim(), attribute.trim());
    let is_dotted = |text: &str| text.split('.').all(name::is_identifier);
    (is_dotted(module) && is_dotted(attribute)).then(|| format!("{module}:{attribute}"))
}

fn is_script_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control)
        && !is_python(&name::fold_case(name))
}

/// Whether a case-folded file name is one of the interpreter's: `python[0-9.]*t?w?(\.exe)?`.
pub fn is_python(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("python") else { return false };
    let rest = rest.strip_suffix(".exe").unwrap_or(rest);
    let rest = rest.strip_suffix('w').unwrap_or(rest);
    let rest = rest.strip_suffix('t').unwrap_or(rest);
    rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheel_files() {
        let parse = |text: &str| parse_wheel(text.as_bytes(), "W").map_err(|fault| fault.code);
        assert_eq!(parse("Wheel-Version: 1.0\nroot-is-purelib: True\n"), Ok(true));
        assert_eq!(parse("Wheel-Version: 1.9\r\nRoot-Is-Purelib: false"), Ok(false));
        assert_eq!(parse("Wheel-Version: 2.0\nRoot-Is-Purelib: true\n"), Err("wheel-version"));
        for wrong in [
            "",
            "Wheel-Version: 1\nRoot-Is-Purelib: true",
            "\nWheel-Version: 1.0",
            "Wheel-Version: 1.0",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: yes",
        ] {
            assert_eq!(parse(wrong), Err("wheel-format"), "{wrong}");
        }
    }

    #[test]
    fn metadata() {
        let check =
            |text: &[u8]| check_metadata(text, "M", "a-b", "1.0").map_err(|fault| fault.code);
        assert_eq!(check(b"Name: A_b\nVersion: 1.0.0\nName: x\n\n\xff"), Ok(()));
        assert_eq!(check(b"Name: c\nVersion: 1.0\n"), Err("metadata-name"));
        assert_eq!(check(b"Name: a.b\nVersion: 1.1\n"), Err("metadata-version"));
        assert_eq!(check(b"Name: a.b\nVersion: one\n"), Err("metadata-version"));
        assert_eq!(check(b"Name: a.b\n\nVersion: 1.1\n"), Err("metadata-format"));
        assert_eq!(check(b"Name: a.b\nSummary: \xff\nVersion: 1\n"), Err("metadata-format"));
    }

    #[test]
    fn entry_points() {
        let text = "; c\n[console_scripts]\n  b = m.n : f.g [x, y]\na=m:f\nodd = m\n\
            [other]\n../x = y\n[ gui_scripts ]\na = m:g\n";
        let scripts = parse_entry_points(text.as_bytes(), "E").unwrap();
        let scripts: Vec<_> = scripts.iter().map(|s| (&*s.name, &*s.value, s.gui)).collect();
        assert_eq!(scripts, [("a", "m:g", true), ("b", "m.n:f.g", false)]);
        let fails = |text: &str| parse_entry_points(text.as_bytes(), "E").unwrap_err();
        assert_eq!(fails("a = m:f"), Fault::of("entry-points", "E").actual("line 1"));
        assert_eq!(fails("[a]\n\nx"), Fault::of("entry-points", "E").actual("line 3"));
        for name in ["", "../a", "a\\b", ".a", "Python", "python3.11", "python3.13t", "pythonw.exe"]
        {
            let fault = fails(&format!("[console_scripts]\n{name}=m:f"));
            assert_eq!(fault, Fault::of("script-name", "E").actual(name));
        }
        assert!(parse_entry_points(b"[console_scripts]\npython-x=m:f", "E").is_ok());
    }
}
