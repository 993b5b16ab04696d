//! Section 1 of docs/wheel-checks.md: the end of the archive.

use crate::bytes::{u16_at, u32_at, u64_at};
use crate::error::Fault;

/// How many bytes at the end of an archive [`parse_frame`] may look at.
pub const TAIL: u64 = 65_557 + LOCATOR as u64 + RECORD64 as u64;

const END: usize = 22;
const LOCATOR: usize = 20;
const RECORD64: usize = 56;
const ONES16: u64 = u16::MAX as u64;
const ONES32: u64 = u32::MAX as u64;

/// Where the directory of an archive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where it starts.
    pub offset: u64,
    /// How many bytes it has.
    pub size: u64,
    /// How many entries it is said to have.
    pub entries: u64,
}

/// Find the directory.
///
/// `tail` holds the last [`TAIL`] bytes of the archive, or all of it; `length` is the archive's.
pub fn parse_frame(tail: &[u8], length: u64) -> Result<Frame, Fault> {
    let lowest = tail.len().saturating_sub(65_557);
    let last = tail.len().checked_sub(END).ok_or_else(|| Fault::new("zip-no-directory"))?;
    let start = (lowest..=last)
        .rev()
        .find(|&at| tail[at..].starts_with(b"PK\x05\x06"))
        .ok_or_else(|| Fault::new("zip-no-directory"))?;
    let end = &tail[start..];
    if END + usize::from(u16_at(end, 20)) != end.len() {
        return Err(Fault::new("zip-trailing-data"));
    }
    if has_signature(&end[END..]) {
        return Err(Fault::new("zip-comment-signature"));
    }
    let [disk, directory_disk, here, entries] = [4, 6, 8, 10].map(|at| u64::from(u16_at(end, at)));
    let [size, offset] = [12, 16].map(|at| u64::from(u32_at(end, at)));
    if disk != 0 || directory_disk != 0 || here != entries {
        return Err(Fault::new("zip-multi-disk"));
    }

    let before = length - end.len() as u64;
    let (frame, frame_end) = match parse_zip64(&tail[..start], before)? {
        Some((frame, frame_end)) => {
            let agrees = |small: u64, ones: u64, large: u64| small == ones || small == large;
            if !(agrees(entries, ONES16, frame.entries)
                && agrees(size, ONES32, frame.size)
                && agrees(offset, ONES32, frame.offset))
            {
                return Err(Fault::new("zip-zip64"));
            }
            (frame, frame_end)
        }
        None if entries == ONES16 || size == ONES32 || offset == ONES32 => {
            return Err(Fault::new("zip-zip64"));
        }
        None => (Frame { offset, size, entries }, before),
    };
    match frame.offset.checked_add(frame.size) {
        Some(end) if end == frame_end => Ok(frame),
        Some(end) if end <= length => Err(Fault::new("zip-gap")),
        _ => Err(Fault::new("zip-directory")),
    }
}

/// Read the zip64 records, if there is a locator at the end of `head`, which ends at `length`.
fn parse_zip64(head: &[u8], length: u64) -> Result<Option<(Frame, u64)>, Fault> {
    let Some(start) = head.len().checked_sub(LOCATOR) else { return Ok(None) };
    let locator = &head[start..];
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok(None);
    }
    let fault = || Fault::new("zip-zip64");
    let place = start.checked_sub(RECORD64).ok_or_else(fault)?;
    let record_at = length - (LOCATOR + RECORD64) as u64;
    let record = &head[place..start];
    let right = u32_at(locator, 4) == 0
        && u64_at(locator, 8) == record_at
        && u32_at(locator, 16) == 1
        && record.starts_with(b"PK\x06\x06")
        && u64_at(record, 4) == RECORD64 as u64 - 12
        && u32_at(record, 16) == 0
        && u32_at(record, 20) == 0
        && u64_at(record, 24) == u64_at(record, 32);
    if !right {
        return Err(fault());
    }
    let frame =
        Frame { offset: u64_at(record, 48), size: u64_at(record, 40), entries: u64_at(record, 32) };
    Ok(Some((frame, record_at)))
}

/// Whether a comment holds a signature that another reader may take for a record's.
pub fn has_signature(comment: &[u8]) -> bool {
    comment.windows(4).any(|bytes| {
        matches!(
            bytes,
            [b'P', b'K', 1, 2]
                | [b'P', b'K', 3, 4]
                | [b'P', b'K', 5, 5 | 6]
                | [b'P', b'K', 6, 6..=8]
                | [b'P', b'K', 7, 8]
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An end record; the fields are disk, directory's disk, two counts, size, offset.
    fn end(fields: [u16; 4], size: u32, offset: u32, comment: &[u8]) -> Vec<u8> {
        let mut bytes = b"PK\x05\x06".to_vec();
        for field in fields {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend(size.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        bytes.extend(u16::try_from(comment.len()).unwrap().to_le_bytes());
        bytes.extend(comment);
        bytes
    }

    fn code(bytes: &[u8]) -> &'static str {
        parse_frame(bytes, bytes.len() as u64).unwrap_err().code
    }

    fn with_directory(size: usize, end: Vec<u8>) -> Vec<u8> {
        [vec![0; size], end].concat()
    }

    #[test]
    fn a_right_end() {
        let bytes = with_directory(10, end([0, 0, 1, 1], 10, 0, b"hello"));
        let frame = Frame { offset: 0, size: 10, entries: 1 };
        assert_eq!(parse_frame(&bytes, bytes.len() as u64), Ok(frame));
    }

    #[test]
    fn wrong_ends() {
        let right = end([0; 4], 0, 0, b"");
        assert_eq!(code(b""), "zip-no-directory");
        assert_eq!(code(&right[..21]), "zip-no-directory");
        assert_eq!(code(&[&right[..], b"x"].concat()), "zip-trailing-data");
        assert_eq!(code(&end([0; 4], 0, 0, b"PK\x01\x02")), "zip-comment-signature");
        assert_eq!(code(&end([1, 0, 0, 0], 0, 0, b"")), "zip-multi-disk");
        assert_eq!(code(&end([0, 0, 1, 2], 0, 0, b"")), "zip-multi-disk");
        assert_eq!(code(&end([0, 0, 0xffff, 0xffff], 0, 0, b"")), "zip-zip64");
        assert_eq!(code(&end([0; 4], 23, 0, b"")), "zip-directory");
        assert_eq!(code(&end([0; 4], 22, 0, b"")), "zip-gap");
        assert_eq!(code(&with_directory(10, end([0; 4], 9, 0, b""))), "zip-gap");
    }

    #[test]
    fn zip64_records_are_obeyed() {
        let archive = |version_size: u64, offset: u64| {
            let mut bytes = vec![0; 10];
            bytes.extend(b"PK\x06\x06");
            bytes.extend(version_size.to_le_bytes());
            bytes.extend([0; 12]);
            for field in [1, 1, 10, offset] {
                bytes.extend(field.to_le_bytes());
            }
            bytes.extend(b"PK\x06\x07\0\0\0\0");
            bytes.extend(10_u64.to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend(end([0, 0, 1, 1], 10, u32::MAX, b""));
            bytes
        };
        let right = archive(44, 0);
        let frame = Frame { offset: 0, size: 10, entries: 1 };
        assert_eq!(parse_frame(&right, right.len() as u64), Ok(frame));
        assert_eq!(code(&archive(45, 0)), "zip-zip64");
        assert_eq!(code(&archive(44, u64::MAX)), "zip-directory");
        assert_eq!(code(&archive(44, 1)), "zip-gap");
    }
}
