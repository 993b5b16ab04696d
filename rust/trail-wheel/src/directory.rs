//! Section 2 of docs/wheel-checks.md: the directory of the archive.

use std::collections::HashMap;

use crate::bytes::{u16_at, u32_at};
use crate::error::Fault;
use crate::extra::parse_extra;
use crate::frame::has_signature;
use crate::name;

const HEADER: usize = 46;
const ONES: u64 = u32::MAX as u64;
const FLAGS_ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const FLAGS_KNOWN: u16 = 1 << 1 | 1 << 2 | FLAG_DESCRIPTOR | FLAG_UTF8;
/// Most bytes that deflate makes of one.
const RATIO: u64 = 1032;

/// Flag bit 11: the name is UTF-8.
pub const FLAG_UTF8: u16 = 1 << 11;
/// Flag bit 3: CRC and sizes follow the data.
pub const FLAG_DESCRIPTOR: u16 = 1 << 3;
/// The method of members that are not compressed.
pub const STORED: u16 = 0;
/// The method of members that are compressed.
pub const DEFLATED: u16 = 8;

/// One entry of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name; a folder's ends with `/`.
    pub name: String,
    /// General purpose flags.
    pub flags: u16,
    /// [`STORED`] or [`DEFLATED`].
    pub method: u16,
    /// CRC-32 of its content.
    pub crc: u32,
    /// Compressed size.
    pub packed: u64,
    /// Size of its content.
    pub size: u64,
    /// Where its local header starts.
    pub offset: u64,
    /// Where its data starts; known once its local header was read.
    pub data: u64,
    /// Whether any execute bit is set.
    pub executable: bool,
}

impl Member {
    /// Whether it is a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }
}

/// Read and check the directory.
///
/// `entries` is how many there should be, `limit` how many bytes they may hold in all.
pub fn parse_directory(bytes: &[u8], entries: u64, limit: u64) -> Result<Vec<Member>, Fault> {
    let mut members = Vec::with_capacity((bytes.len() / (HEADER + 16)).min(1 << 20));
    let mut names = Names::default();
    let mut total: u64 = 0;
    let mut rest = bytes;
    while !rest.is_empty() {
        let (member, length) = parse_entry(rest)?;
        if !names.add(&member.name) {
            return Err(Fault::of("zip-duplicate", &member.name));
        }
        total = total.saturating_add(member.size);
        if total > limit {
            return Err(Fault::of("zip-too-large", &member.name).expected(limit).actual(total));
        }
        members.push(member);
        rest = &rest[length..];
    }
    if members.len() as u64 != entries {
        return Err(Fault::new("zip-entry-count").expected(entries).actual(members.len()));
    }
    Ok(members)
}

/// Read one entry and check all that does not need the others; also returns its length.
fn parse_entry(bytes: &[u8]) -> Result<(Member, usize), Fault> {
    let damaged = || Fault::new("zip-directory");
    if bytes.len() < HEADER || !bytes.starts_with(b"PK\x01\x02") {
        return Err(damaged());
    }
    let [name_size, extra_size, comment_size] =
        [28, 30, 32].map(|at| usize::from(u16_at(bytes, at)));
    let length = HEADER + name_size + extra_size + comment_size;
    let variable = bytes.get(HEADER..length).ok_or_else(damaged)?;
    let (raw_name, variable) = variable.split_at(name_size);
    let (extra, comment) = variable.split_at(extra_size);

    let [flags, method] = [8, 10].map(|at| u16_at(bytes, at));
    let crc = u32_at(bytes, 16);
    let [packed, size, offset] = [20, 24, 42].map(|at| u64::from(u32_at(bytes, at)));
    let mode = u32_at(bytes, 38) >> 16;

    let utf8 = flags & FLAG_UTF8 != 0;
    let shown = name::display(raw_name, utf8);
    let fault = |code| Fault::of(code, &shown);
    let decoded = std::str::from_utf8(raw_name).ok().filter(|name| utf8 || name.is_ascii());
    let name = decoded.ok_or_else(|| fault("zip-name-encoding"))?;
    if !name::is_safe(name) {
        return Err(fault("zip-name"));
    }
    if flags & FLAGS_ENCRYPTED != 0 {
        return Err(fault("zip-encrypted"));
    }
    if flags & !FLAGS_KNOWN != 0 {
        return Err(fault("zip-flags"));
    }
    if !matches!(method, STORED | DEFLATED) {
        return Err(fault("zip-compression").actual(method));
    }
    if u16_at(bytes, 34) != 0 {
        return Err(fault("zip-multi-disk"));
    }
    let [size, packed, offset] =
        resolve_zip64(extra, [size, packed, offset]).ok_or_else(|| fault("zip-extra"))?;
    if has_signature(comment) {
        return Err(fault("zip-comment-signature"));
    }
    let folder = name.ends_with('/');
    match mode & 0o170_000 {
        0 | 0o100_000 => {}
        0o040_000 if folder => {}
        _ => return Err(fault("zip-special-file")),
    }
    if folder && !(size == 0 && (packed == 0 || (method == DEFLATED && packed == 2))) {
        return Err(fault("zip-folder-data"));
    }
    if method == STORED && size != packed {
        return Err(fault("zip-size"));
    }
    if size > packed.saturating_mul(RATIO) {
        return Err(fault("zip-ratio"));
    }
    let executable = mode & 0o111 != 0;
    let name = name.to_owned();
    Ok((Member { name, flags, method, crc, packed, size, offset, data: 0, executable }, length))
}

/// Replace the values that are all ones by those of the zip64 record, which holds just these.
fn resolve_zip64(extra: &[u8], mut values: [u64; 3]) -> Option<[u64; 3]> {
    let wanted = values.iter().filter(|&&value| value == ONES).count();
    let record = match parse_extra(extra).ok()? {
        Some(record) if record.len() == wanted => record,
        None if wanted == 0 => return Some(values),
        _ => return None,
    };
    let places = values.iter_mut().filter(|value| **value == ONES);
    for (place, value) in places.zip(record) {
        *place = value;
    }
    Some(values)
}

/// The names so far, folded, and whether each is a file; folders may be there again and again.
#[derive(Default)]
pub struct Names(HashMap<String, Found>);

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A member has this name.
    Listed { folder: bool },
    /// Only a folder of other members has it.
    Implied,
}

impl Names {
    /// Take a name in, unless it means the same as an earlier one.
    pub fn add(&mut self, name: &str) -> bool {
        let folder = name.ends_with('/');
        let key = name::fold(name.strip_suffix('/').unwrap_or(name));
        for (at, _) in key.rmatch_indices('/') {
            match self.0.get(&key[..at]) {
                Some(Found::Listed { folder: false }) => return false,
                Some(_) => break, // so its own folders are there, too
                None => self.0.insert(key[..at].to_owned(), Found::Implied),
            };
        }
        match self.0.insert(key, Found::Listed { folder }) {
            None => true,
            Some(Found::Implied) => folder,
            Some(Found::Listed { .. }) => false,
        }
    }
}
