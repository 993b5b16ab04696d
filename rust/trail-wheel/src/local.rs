//! Section 3 of docs/wheel-checks.md: the members' headers and what lies between them.

use crate::bytes::{u16_at, u32_at, u64_at};
use crate::directory::{FLAG_DESCRIPTOR, FLAG_UTF8, Member};
use crate::error::{Error, Fault};
use crate::extra::{Malformed, parse_extra};
use crate::frame::Frame;
use crate::name;
use crate::source::Source;

const HEADER: usize = 30;
const ONES: u64 = u32::MAX as u64;
/// Extra fields are short: so much is read with the header, to need no second read.
const USUAL_EXTRA: usize = 64;

/// Check that the members fill the archive without gaps, each as the directory says, and find
/// where their data start.
pub fn check_members(source: &Source, frame: Frame, members: &mut [Member]) -> Result<(), Error> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|&at| members[at].offset);
    let mut buffer = Vec::new();
    let mut end = 0;
    for at in order {
        let member = &mut members[at];
        check_start(member.offset, end).map_err(|code| Fault::of(code, &member.name))?;
        let zip64 = check_header(source, frame.offset, member, &mut buffer)?;
        end = member.data.saturating_add(member.packed);
        if member.flags & FLAG_DESCRIPTOR != 0 {
            end = check_descriptor(source, frame.offset, member, end, zip64, &mut buffer)?;
        }
    }
    Ok(check_start(frame.offset, end).map_err(Fault::new)?)
}

fn check_start(start: u64, end: u64) -> Result<(), &'static str> {
    match start.cmp(&end) {
        std::cmp::Ordering::Greater => Err("zip-gap"),
        std::cmp::Ordering::Less => Err("zip-overlap"),
        std::cmp::Ordering::Equal => Ok(()),
    }
}

/// Compare a local header with the directory; returns whether it has a zip64 record.
fn check_header(
    source: &Source,
    limit: u64,
    member: &mut Member,
    buffer: &mut Vec<u8>,
) -> Result<bool, Error> {
    let fault = |code| Fault::of(code, &member.name);
    let damaged = || fault("zip-local-header");
    let room = usize::try_from(limit.saturating_sub(member.offset)).unwrap_or(usize::MAX);
    let usual = (HEADER + member.name.len() + USUAL_EXTRA).min(room);
    let header = source.bytes(member.offset.min(limit), usual, buffer)?;
    if header.len() < HEADER || !header.starts_with(b"PK\x03\x04") {
        return Err(damaged().into());
    }
    let [name_size, extra_size] = [26, 28].map(|at| usize::from(u16_at(header, at)));
    let length = HEADER + name_size + extra_size;
    if length > room {
        return Err(damaged().into());
    }
    let header = if length > usual { source.bytes(member.offset, length, buffer)? } else { header };

    let [flags, method] = [6, 8].map(|at| u16_at(header, at));
    let crc = u32_at(header, 14);
    let [packed, size] = [18, 22].map(|at| u64::from(u32_at(header, at)));
    let (raw_name, extra) = header[HEADER..length].split_at(name_size);
    let extra = parse_extra(extra);
    let zip64 = matches!(extra, Ok(Some(_)));
    let later = member.flags & FLAG_DESCRIPTOR != 0;

    let differs = |field: &str, expected: String, actual: String| {
        let text = |value| format!("{field}={value}");
        Err(fault("zip-local-differs").expected(text(expected)).actual(text(actual)).into())
    };
    if flags != member.flags {
        return differs("flags", format!("{:#06x}", member.flags), format!("{flags:#06x}"));
    }
    if method != member.method {
        return differs("method", member.method.to_string(), method.to_string());
    }
    if raw_name != member.name.as_bytes() {
        let utf8 = flags & FLAG_UTF8 != 0 || std::str::from_utf8(raw_name).is_ok();
        return differs("name", member.name.clone(), name::display(raw_name, utf8));
    }
    if crc != member.crc && !(later && crc == 0) {
        return differs("crc", format!("{:08x}", member.crc), format!("{crc:08x}"));
    }
    for (field, expected, actual) in
        [("compressed size", member.packed, packed), ("size", member.size, size)]
    {
        let elsewhere = zip64 && actual == ONES;
        if actual != expected && !elsewhere && !(later && actual == 0) {
            return differs(field, expected.to_string(), actual.to_string());
        }
    }

    match extra {
        Err(Malformed) => return Err(fault("zip-extra").into()),
        Ok(None) => {}
        Ok(Some(values)) => {
            let right = |value, expected| value == expected || (later && value == 0);
            match values[..] {
                [size, packed] if right(size, member.size) && right(packed, member.packed) => {}
                _ => return Err(fault("zip-extra").into()),
            }
        }
    }
    member.data = member.offset + length as u64;
    Ok(zip64)
}

/// Find the descriptor behind a member's data; returns where it ends.
fn check_descriptor(
    source: &Source,
    limit: u64,
    member: &Member,
    start: u64,
    zip64: bool,
    buffer: &mut Vec<u8>,
) -> Result<u64, Error> {
    let body_size = if zip64 { 20 } else { 12 };
    let room = usize::try_from(limit.saturating_sub(start)).unwrap_or(usize::MAX);
    let bytes = source.bytes(start.min(limit), room.min(4 + body_size), buffer)?;
    let matches = |body: &[u8]| {
        body.len() >= body_size
            && u32_at(body, 0) == member.crc
            && if zip64 {
                u64_at(body, 4) == member.packed && u64_at(body, 12) == member.size
            } else {
                u64::from(u32_at(body, 4)) == member.packed
                    && u64::from(u32_at(body, 8)) == member.size
            }
    };
    if bytes.strip_prefix(b"PK\x07\x08").is_some_and(matches) {
        return Ok(start + 4 + body_size as u64);
    }
    if matches(bytes) {
        return Ok(start + body_size as u64);
    }
    Err(Fault::of("zip-descriptor", &member.name).into())
}
