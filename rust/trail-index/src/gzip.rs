//! What a server compressed by gzip (RFC 1952), as a whole.

use trail_wheel::Inflater;

/// Magic number, method, no optional parts; then time, level and system, which say nothing.
const BEGIN: [u8; 4] = [0x1f, 0x8b, 8, 0];
const HEADER: usize = 10;
const TRAILER: usize = 8;
/// More is left to Python, which gets its memory bit by bit.
const LARGEST: usize = 64 << 20;
/// Deflate makes no more of a byte.
const DENSEST: usize = 1032;

/// Inflate a gzip member into a buffer, which grows as needed.
///
/// Nothing if it is damaged, of a size that cannot be, or has parts that servers do not send.
pub fn unpack<'a>(
    inflater: &mut Inflater,
    packed: &[u8],
    buffer: &'a mut Vec<u8>,
) -> Option<&'a [u8]> {
    let (header, rest) = packed.split_at_checked(HEADER)?;
    let (stream, trailer) = rest.split_at_checked(rest.len().checked_sub(TRAILER)?)?;
    let (crc, size) = trailer.split_first_chunk()?;
    let size = usize::try_from(u32::from_le_bytes(*size.first_chunk()?)).ok()?;
    if !header.starts_with(&BEGIN) || size > LARGEST || size / DENSEST > stream.len() {
        return None;
    }
    if buffer.len() < size {
        buffer.resize(size, 0);
    }
    let content = &mut buffer[..size];
    let whole = inflater.inflate(stream, content) == Some((stream.len(), size));
    (whole && crc32fast::hash(content) == u32::from_le_bytes(*crc)).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `gzip.compress(b"trail" * 9, mtime=0)` of Python.
    const PACKED: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\x02\x03+)J\xcc\xcc)!\x92\0\0\x862E\xc1-\0\0\0";

    fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
        unpack(&mut Inflater::new(), packed, &mut vec![1; 10]).map(<[u8]>::to_vec)
    }

    #[test]
    fn whole_members() {
        assert_eq!(unpacked(PACKED), Some(b"trail".repeat(9)));
    }

    #[test]
    fn others() {
        for end in 0..PACKED.len() {
            assert_eq!(unpacked(&PACKED[..end]), None, "{end}");
        }
        assert_eq!(unpacked(&[PACKED, b"x"].concat()), None);
        let changes = [(0, 0), (2, 9), (3, 8), (11, 0), (20, 0), (24, 44), (24, 46), (27, 1)];
        for (place, byte) in changes {
            let mut damaged = PACKED.to_vec();
            damaged[place] = byte;
            assert_eq!(unpacked(&damaged), None, "{place}");
        }
    }
}
