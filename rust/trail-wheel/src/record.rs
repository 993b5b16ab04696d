//! RECORD: what a wheel says about its files (PEP 376, PEP 427).

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use crate::error::Fault;
use crate::name;

/// One row of RECORD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The file.
    pub path: String,
    /// Its hash.
    pub hash: Option<Hash>,
    /// How many bytes it has.
    pub size: Option<u64>,
}

/// A hash of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hash {
    /// The algorithm, as hashlib calls it.
    pub algorithm: String,
    /// The digest.
    pub digest: Vec<u8>,
}

impl Hash {
    /// Whether it is sha256 or stronger.
    #[must_use]
    pub fn is_strong(&self) -> bool {
        matches!(self.algorithm.as_str(), "sha256" | "sha384" | "sha512")
    }

    /// `algorithm=` and hexadecimal digits.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}={}", self.algorithm, hex(&self.digest))
    }
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Read a RECORD; `record` is its own path.
pub fn parse_record(bytes: &[u8], record: &str) -> Result<Vec<Row>, Fault> {
    let fault = |place: &str| Fault::of("record-format", record).actual(place);
    let text = std::str::from_utf8(bytes).map_err(|_| fault("UTF-8"))?;
    let mut rows = Vec::new();
    for (number, line) in lines(text).enumerate() {
        if !line.is_empty() {
            rows.push(parse_row(line).ok_or_else(|| fault(&format!("line {}", number + 1)))?);
        }
    }
    Ok(rows)
}

/// Check that RECORD lists each file once and with a strong hash; returns the rows by path.
///
/// `unsigned` are the files that need no row: RECORD itself and its signatures.
pub fn index_rows<'a>(
    rows: &'a [Row],
    unsigned: &[String],
) -> Result<HashMap<&'a str, &'a Row>, Fault> {
    let mut seen = HashSet::with_capacity(rows.len());
    if let Some(row) = rows.iter().find(|row| !seen.insert(row.path.as_str())) {
        return Err(Fault::of("record-duplicate", &row.path));
    }
    for row in rows.iter().filter(|row| !unsigned.contains(&row.path)) {
        if !row.hash.as_ref().is_some_and(Hash::is_strong) {
            let algorithm = row.hash.as_ref().map_or("none", |hash| &hash.algorithm);
            return Err(Fault::of("record-weak-hash", &row.path).actual(algorithm));
        }
    }
    Ok(rows.iter().map(|row| (row.path.as_str(), row)).collect())
}

/// Lines that end with `\n`, `\r\n` or `\r`.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(end) = rest.find(['\n', '\r']) else { return Some(std::mem::take(&mut rest)) };
        let line = &rest[..end];
        let length = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = &rest[end + length..];
        Some(line)
    })
}

fn parse_row(line: &str) -> Option<Row> {
    let mut fields = parse_fields(line)?.into_iter();
    let (path, hash, size) = (fields.next()?, fields.next()?, fields.next()?);
    if fields.next().is_some() || !name::is_safe(&path) {
        return None;
    }
    let hash = if hash.is_empty() { None } else { Some(parse_hash(&hash)?) };
    let size = match size.as_str() {
        "" => None,
        digits if digits.len() <= 18 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().ok()?)
        }
        _ => return None,
    };
    Some(Row { path, hash, size })
}

/// Cut a line of CSV into its fields.
fn parse_fields(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::with_capacity(3);
    let mut rest = line;
    loop {
        let mut field = String::new();
        if let Some(mut quoted) = rest.strip_prefix('"') {
            loop {
                let end = quoted.find('"')?;
                field.push_str(&quoted[..end]);
                quoted = &quoted[end + 1..];
                match quoted.strip_prefix('"') {
                    Some(after) => quoted = after,
                    None => break,
                }
                field.push('"');
            }
            rest = quoted;
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            field.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        fields.push(field);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => return rest.is_empty().then_some(fields),
        }
    }
}

fn parse_hash(text: &str) -> Option<Hash> {
    let (algorithm, encoded) = text.split_once('=')?;
    let length = match algorithm {
        "" => return None,
        "md5" => Some(16),
        "sha1" => Some(20),
        "sha224" => Some(28),
        "sha256" => Some(32),
        "sha384" => Some(48),
        "sha512" => Some(64),
        _ => None,
    };
    let digest = match length {
        // A few builders of 2022 (sphinx-theme-builder, for furo) wrote hexadecimal digits.
        Some(length) if encoded.len() == 2 * length => decode_hexadecimal(encoded)?,
        Some(length) if encoded.len() != (length * 8_usize).div_ceil(6) => return None,
        _ => decode_base64(encoded)?,
    };
    Some(Hash { algorithm: algorithm.to_owned(), digest })
}

fn decode_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16)?.try_into().ok()).collect();
    Some(digits?.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Decode base64url without padding; spare bits at the end are ignored, as Python does.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u16, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u16::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            let [byte, _] = (bits << (8 - count)).to_be_bytes();
            bytes.push(byte);
        }
    }
    Some(bytes)
}

fn encode_base64(bytes: &[u8], text: &mut String) {
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0, |bits, &byte| bits << 8 | u32::from(byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]));
        }
    }
}

/// Add a row to a RECORD that is being written.
pub fn write_row(text: &mut String, path: &str, file: Option<(&[u8; 32], u64)>) {
    if path.contains([',', '"']) {
        let _ = write!(text, "\"{}\"", path.replace('"', "\"\""));
    } else {
        text.push_str(path);
    }
    match file {
        Some((digest, size)) => {
            text.push_str(",sha256=");
            encode_base64(digest, text);
            let _ = writeln!(text, ",{size}");
        }
        None => text.push_str(",,\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

    fn parse(text: &str) -> Result<Vec<Row>, Fault> {
        parse_record(text.as_bytes(), "r")
    }

    #[test]
    fn rows_are_read_and_written_alike() {
        let text = format!("a,sha256={DIGEST},0\n\"b,\"\"c\",,\n");
        let rows = parse(&text).unwrap();
        assert_eq!(rows[1], Row { path: "b,\"c".into(), hash: None, size: None });
        let mut again = String::new();
        for row in &rows {
            let digest = row.hash.as_ref().map(|hash| <[u8; 32]>::try_from(&*hash.digest).unwrap());
            write_row(&mut again, &row.path, digest.as_ref().zip(row.size));
        }
        assert_eq!(again, text);
    }

    #[test]
    fn hexadecimal_digits_are_read_as_well() {
        let hash = |text: &str| parse(&format!("a,{text},0\n")).unwrap().remove(0).hash;
        let hexadecimal = "E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hash(&format!("sha256={hexadecimal}")), hash(&format!("sha256={DIGEST}")));
        assert!(parse(&format!("a,sha256={},0\n", hexadecimal.replace('E', "g"))).is_err());
        assert!(parse(&format!("a,sha512={hexadecimal},0\n")).is_err());
    }

    #[test]
    fn wrong_rows_are_named_by_line() {
        for wrong in [
            "a,,,",
            "a,",
            "../a,,",
            "a,sha256=x,",
            "a,sha256,",
            "a,,x",
            "a,,-1",
            "a,,1234567890123456789",
            "\"a,,",
            "\"a\"b,,",
            "a,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=,",
        ] {
            let fault = parse(&format!("x,,\r\n\r{wrong}\n")).unwrap_err();
            assert_eq!(fault, Fault::of("record-format", "r").actual("line 3"), "{wrong}");
        }
        assert_eq!(parse_record(b"\xff", "r").unwrap_err().actual.as_deref(), Some("UTF-8"));
    }

    #[test]
    fn weak_and_double_rows() {
        let rows = parse("a,md5=1B2M2Y8AsgTpgAmY7PhCfg,\n").unwrap();
        let fault = index_rows(&rows, &[]).unwrap_err();
        assert_eq!(fault, Fault::of("record-weak-hash", "a").actual("md5"));
        assert!(index_rows(&rows, &["a".into()]).is_ok());
        let rows = parse("a,,\nb,,\na,,\n").unwrap();
        assert_eq!(index_rows(&rows, &[]).unwrap_err(), Fault::of("record-duplicate", "a"));
    }
}
