//! The content of archive members (docs/wheel-checks.md, section 5: `zip-stream`, `zip-crc`).

use flate2::{Decompress, FlushDecompress, Status};

use crate::directory::{DEFLATED, Member};
use crate::error::{Error, Fault};
use crate::raw::Inflater;
use crate::source::Source;

/// Larger members are never held in memory as a whole.
const WHOLE: u64 = 32 << 20;
/// How much of such a member is handled at a time.
pub const BLOCK: usize = 1 << 20;

/// The buffers of one thread.
pub struct Scratch {
    inflater: Inflater,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Scratch {
    /// Buffers that grow as they are used.
    #[must_use]
    pub fn new() -> Self {
        Self { inflater: Inflater::new(), input: Vec::new(), output: Vec::new() }
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a member is held in memory as a whole.
pub fn is_whole(member: &Member) -> bool {
    member.size <= WHOLE && member.packed <= 2 * WHOLE
}

/// The content of a member of any size, which the caller knows to be bearable.
pub fn read(source: &Source, member: &Member, scratch: &mut Scratch) -> Result<Vec<u8>, Error> {
    if is_whole(member) {
        return Ok(content(source, member, scratch)?.to_vec());
    }
    let mut bytes = Vec::new();
    stream(source, member, scratch, |block| {
        bytes.extend_from_slice(block);
        Ok(())
    })?;
    Ok(bytes)
}

/// The content of a member for which [`is_whole`] holds.
pub fn content<'a>(
    source: &'a Source,
    member: &Member,
    scratch: &'a mut Scratch,
) -> Result<&'a [u8], Error> {
    let damaged = || Fault::of("zip-stream", &member.name);
    let Scratch { inflater, input, output } = scratch;
    let (Ok(packed), Ok(size)) = (usize::try_from(member.packed), usize::try_from(member.size))
    else {
        return Err(damaged().into());
    };
    let packed = source.bytes(member.data, packed, input)?;
    let bytes = if member.method == DEFLATED {
        if output.len() < size {
            output.resize(size, 0);
        }
        let output = &mut output[..size];
        if inflater.inflate(packed, output) != Some((packed.len(), size)) {
            return Err(damaged().into());
        }
        output
    } else {
        packed
    };
    check_crc(member, crc32fast::hash(bytes))?;
    Ok(bytes)
}

/// Hand the content of a member of any size to `sink`, block by block.
pub fn stream(
    source: &Source,
    member: &Member,
    scratch: &mut Scratch,
    mut sink: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let damaged = || Error::from(Fault::of("zip-stream", &member.name));
    let Scratch { input, output, .. } = scratch;
    if output.len() < BLOCK {
        output.resize(BLOCK, 0);
    }
    let mut inflate = (member.method == DEFLATED).then(|| Decompress::new(false));
    let mut crc = crc32fast::Hasher::new();
    let mut ended = inflate.is_none();
    let mut read = 0;
    while read < member.packed {
        let length = BLOCK.min(usize::try_from(member.packed - read).unwrap_or(BLOCK));
        let mut packed = source.bytes(member.data + read, length, input)?;
        read += length as u64;
        let Some(inflate) = &mut inflate else {
            crc.update(packed);
            sink(packed)?;
            continue;
        };
        loop {
            let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
            let status = inflate
                .decompress(packed, &mut output[..BLOCK], FlushDecompress::None)
                .map_err(|_| damaged())?;
            let used = usize::try_from(inflate.total_in() - before_in).map_err(|_| damaged())?;
            let made = usize::try_from(inflate.total_out() - before_out).map_err(|_| damaged())?;
            packed = &packed[used..];
            if inflate.total_out() > member.size {
                return Err(damaged());
            }
            crc.update(&output[..made]);
            sink(&output[..made])?;
            if status == Status::StreamEnd {
                ended = true;
                break;
            }
            if packed.is_empty() && made < BLOCK {
                break;
            }
            if used == 0 && made == 0 {
                return Err(damaged());
            }
        }
        if ended && (!packed.is_empty() || read < member.packed) {
            return Err(damaged());
        }
    }
    if !ended || inflate.is_some_and(|inflate| inflate.total_out() != member.size) {
        return Err(damaged());
    }
    Ok(check_crc(member, crc.finalize())?)
}

fn check_crc(member: &Member, actual: u32) -> Result<(), Fault> {
    if actual == member.crc {
        return Ok(());
    }
    Err(Fault::of("zip-crc", &member.name)
        .expected(format!("{:08x}", member.crc))
        .actual(format!("{actual:08x}")))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;

    /// A file with the given bytes in it.
    fn source(name: &str, bytes: &[u8], private: bool) -> Source {
        let path = std::env::temp_dir().join(format!("trail-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        let source = Source::open(&path, private).unwrap();
        std::fs::remove_file(&path).unwrap();
        source
    }

    fn member(method: u16, packed: usize, content: &[u8]) -> Member {
        Member {
            name: "m".into(),
            flags: 0,
            method,
            crc: crc32fast::hash(content),
            packed: packed as u64,
            size: content.len() as u64,
            offset: 0,
            data: 0,
            executable: false,
        }
    }

    fn deflate(content: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn streamed(source: &Source, member: &Member) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        stream(source, member, &mut Scratch::new(), |block| {
            bytes.extend_from_slice(block);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Both ways of reading, of mapped and of other files, agree.
    fn both(name: &str, member: &Member, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let results: Vec<_> = [true, false]
            .into_iter()
            .flat_map(|private| {
                let source = source(name, bytes, private);
                let whole = content(&source, member, &mut Scratch::new()).map(<[u8]>::to_vec);
                [whole, streamed(&source, member)]
            })
            .collect();
        assert!(results.iter().all(|result| *result == results[0]), "{name}");
        results.into_iter().next().unwrap()
    }

    fn text(size: usize) -> Vec<u8> {
        (0..size).map(|at| (at * at / 7).to_le_bytes()[0]).collect()
    }

    #[test]
    fn right_members() {
        for size in [0, 1, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            let content = text(size);
            let packed = deflate(&content);
            let deflated = member(DEFLATED, packed.len(), &content);
            assert!(both(&format!("right-{size}"), &deflated, &packed) == Ok(content.clone()));
            let stored = member(crate::directory::STORED, size, &content);
            assert!(both(&format!("stored-{size}"), &stored, &content) == Ok(content));
        }
    }

    #[test]
    fn wrong_streams() {
        let content = text(100_000);
        let packed = deflate(&content);
        let fault = Err(Fault::of("zip-stream", "m").into());
        let right = member(DEFLATED, packed.len(), &content);
        let longer = [&packed[..], b"x"].concat();
        let late = Member { packed: right.packed + 1, ..right.clone() };
        assert_eq!(both("late", &late, &longer), fault);
        let early = Member { packed: right.packed - 1, ..right.clone() };
        assert_eq!(both("early", &early, &packed), fault);
        for size in [right.size - 1, right.size + 1, 0] {
            let lying = Member { size, ..right.clone() };
            assert_eq!(both(&format!("lying-{size}"), &lying, &packed), fault);
        }
        let damaged = [&[7], &packed[1..]].concat();
        assert_eq!(both("damaged", &right, &damaged), fault);
        let other = Member { crc: 1, ..right.clone() };
        let actual = format!("{:08x}", right.crc);
        let fault = Fault::of("zip-crc", "m").expected("00000001").actual(actual);
        assert_eq!(both("crc", &other, &packed), Err(fault.into()));
    }
}
