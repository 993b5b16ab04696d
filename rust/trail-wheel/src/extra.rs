//! The extra fields of zip headers.

use crate::bytes::{u16_at, u64_at};

const ZIP64: u16 = 0x0001;
const UNICODE_COMMENT: u16 = 0x6375;
const UNICODE_PATH: u16 = 0x7075;

/// Read an extra field: the values of its zip64 record, if it has one.
///
/// Nothing is returned if the field breaks the rule `zip-extra`: records that do not fit, that are
/// there twice or give the member another name, a zip64 record that is no sequence of numbers.
pub fn parse_extra(extra: &[u8]) -> Option<Option<Vec<u64>>> {
    let mut seen = Vec::new();
    let mut zip64 = None;
    let mut rest = extra;
    while !rest.is_empty() {
        if rest.len() < 4 {
            return None;
        }
        let kind = u16_at(rest, 0);
        let size = usize::from(u16_at(rest, 2));
        let body = rest.get(4..4 + size)?;
        if seen.contains(&kind) || matches!(kind, UNICODE_COMMENT | UNICODE_PATH) {
            return None;
        }
        if kind == ZIP64 {
            if size % 8 != 0 {
                return None;
            }
            zip64 = Some(body.chunks_exact(8).map(|value| u64_at(value, 0)).collect());
        }
        seen.push(kind);
        rest = &rest[4 + size..];
    }
    Some(zip64)
}
