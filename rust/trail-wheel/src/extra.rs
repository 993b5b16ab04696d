//! The extra fields of zip headers.

use crate::bytes::{u16_at, u64_at};

const ZIP64: u16 = 0x0001;
const UNICODE_COMMENT: u16 = 0x6375;
const UNICODE_PATH: u16 = 0x7075;

/// An extra field that breaks the rule `zip-extra`.
pub struct Malformed;

/// Read an extra field: the values of its zip64 record, if it has one.
///
/// It is malformed if records do not fit, are there twice or give the member another name, or
/// if the zip64 record is no sequence of numbers.
pub fn parse_extra(extra: &[u8]) -> Result<Option<Vec<u64>>, Malformed> {
    let mut seen = Vec::new();
    let mut zip64 = None;
    let mut rest = extra;
    while !rest.is_empty() {
        if rest.len() < 4 {
            return Err(Malformed);
        }
        let kind = u16_at(rest, 0);
        let size = usize::from(u16_at(rest, 2));
        let body = rest.get(4..4 + size).ok_or(Malformed)?;
        if seen.contains(&kind) || matches!(kind, UNICODE_COMMENT | UNICODE_PATH) {
            return Err(Malformed);
        }
        if kind == ZIP64 {
            if size % 8 != 0 {
                return Err(Malformed);
            }
            zip64 = Some(body.chunks_exact(8).map(|value| u64_at(value, 0)).collect());
        }
        seen.push(kind);
        rest = &rest[4 + size..];
    }
    Ok(zip64)
}
