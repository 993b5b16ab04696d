//! The search paths that native libraries carry: `DT_RPATH` and `DT_RUNPATH` of ELF,
//! `LC_RPATH` of Mach-O.

/// Where the bytes of a library come from: a slice, or a file too big to hold.
pub trait Bytes {
    /// A range of the library; None if it does not lie inside.
    fn get(&self, offset: u64, length: usize) -> Option<Vec<u8>>;
}

impl Bytes for [u8] {
    fn get(&self, offset: u64, length: usize) -> Option<Vec<u8>> {
        let start = usize::try_from(offset).ok()?;
        Some(self[..].get(start..start.checked_add(length)?)?.to_vec())
    }
}

/// Most bytes of headers that are looked at.
const LIMIT: u64 = 1 << 20;

/// Whether a file may be a native library, by its first bytes.
pub fn is_library(start: &[u8]) -> bool {
    matches!(
        start,
        [0x7f, b'E', b'L', b'F', ..]
            | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..]
            | [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..]
            | [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..]
    )
}

/// The search paths of a library with their tags; none where its headers do not make sense.
pub fn search_paths<B: Bytes + ?Sized>(bytes: &B) -> Vec<(&'static str, String)> {
    let found = match bytes.get(0, 4).as_deref() {
        Some([0x7f, b'E', b'L', b'F']) => elf(bytes),
        Some([0xca, 0xfe, 0xba, last]) => fat(bytes, *last == 0xbf),
        Some(_) => mach_o(bytes, 0),
        None => None,
    };
    found.unwrap_or_default()
}

/// Integers of one byte order.
#[derive(Clone, Copy)]
struct Order {
    big: bool,
}

impl Order {
    fn number(self, bytes: &[u8], at: usize, size: usize) -> Option<u64> {
        let field = bytes.get(at..at + size)?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.big { field.iter().fold(0, add) } else { field.iter().rev().fold(0, add) })
    }
}

fn elf<B: Bytes + ?Sized>(bytes: &B) -> Option<Vec<(&'static str, String)>> {
    const PT_LOAD: u64 = 1;
    const PT_DYNAMIC: u64 = 2;
    const DT_STRTAB: u64 = 5;
    const DT_STRSZ: u64 = 10;
    const DT_RPATH: u64 = 15;
    const DT_RUNPATH: u64 = 29;

    let header = bytes.get(0, 52)?;
    let wide = header[4] == 2;
    let order = Order { big: header[5] == 2 };
    let header = if wide { bytes.get(0, 64)? } else { header };
    let word = if wide { 8 } else { 4 };
    let table = order.number(&header, if wide { 32 } else { 28 }, word)?;
    let entry_size = order.number(&header, if wide { 54 } else { 42 }, 2)?;
    let count = order.number(&header, if wide { 56 } else { 44 }, 2)?;
    let (entry_size, count) = (usize::try_from(entry_size).ok()?, usize::try_from(count).ok()?);
    if entry_size < if wide { 56 } else { 32 } || (entry_size * count) as u64 > LIMIT {
        return None;
    }

    let segments = bytes.get(table, entry_size * count)?;
    let mut loads = Vec::new();
    let mut dynamic = None;
    for segment in segments.chunks_exact(entry_size) {
        let field = |at64, at32| order.number(segment, if wide { at64 } else { at32 }, word);
        let (offset, address, size) = (field(8, 4)?, field(16, 8)?, field(32, 16)?);
        match order.number(segment, 0, 4)? {
            PT_LOAD => loads.push((address, offset, size)),
            PT_DYNAMIC => dynamic = Some((offset, size)),
            _ => {}
        }
    }
    let (offset, size) = dynamic.filter(|(_, size)| *size <= LIMIT)?;
    let entries = bytes.get(offset, usize::try_from(size).ok()?)?;

    let (mut strings, mut strings_size, mut paths) = (None, 0, Vec::new());
    for entry in entries.chunks_exact(2 * word) {
        let value = order.number(entry, word, word)?;
        match order.number(entry, 0, word)? {
            0 => break,
            DT_STRTAB => strings = Some(value),
            DT_STRSZ => strings_size = value,
            DT_RPATH => paths.push(("DT_RPATH", value)),
            DT_RUNPATH => paths.push(("DT_RUNPATH", value)),
            _ => {}
        }
    }
    let strings = strings?;
    let (address, offset, _) = loads
        .into_iter()
        .find(|(address, _, size)| (*address..address.saturating_add(*size)).contains(&strings))?;
    let strings = offset.checked_add(strings - address)?;

    let mut found = Vec::new();
    for (tag, at) in paths {
        let length = strings_size.checked_sub(at)?.min(LIMIT);
        let text = text(&bytes.get(strings.checked_add(at)?, usize::try_from(length).ok()?)?);
        found.extend(text.split(':').map(|path| (tag, path.to_owned())));
    }
    Some(found)
}

fn fat<B: Bytes + ?Sized>(bytes: &B, wide: bool) -> Option<Vec<(&'static str, String)>> {
    let order = Order { big: true };
    let count = order.number(&bytes.get(4, 4)?, 0, 4)?;
    // Java class files begin alike, with their version (45 and more) where the count is here.
    if count >= 45 {
        return None;
    }
    let size = if wide { 32 } else { 20 };
    let table = bytes.get(8, usize::try_from(count).ok()? * size)?;
    let mut found = Vec::new();
    for slice in table.chunks_exact(size) {
        let offset = order.number(slice, 8, if wide { 8 } else { 4 })?;
        found.extend(mach_o(bytes, offset)?);
    }
    Some(found)
}

fn mach_o<B: Bytes + ?Sized>(bytes: &B, start: u64) -> Option<Vec<(&'static str, String)>> {
    const LC_RPATH: u64 = 0x8000_001c;

    let header = bytes.get(start, 28)?;
    let (wide, big) = match header[..4] {
        [0xce, 0xfa, 0xed, 0xfe] => (false, false),
        [0xcf, 0xfa, 0xed, 0xfe] => (true, false),
        [0xfe, 0xed, 0xfa, 0xce] => (false, true),
        [0xfe, 0xed, 0xfa, 0xcf] => (true, true),
        _ => return None,
    };
    let order = Order { big };
    let size = order.number(&header, 20, 4)?;
    if size > LIMIT {
        return None;
    }
    let commands =
        bytes.get(start.checked_add(if wide { 32 } else { 28 })?, usize::try_from(size).ok()?)?;
    let mut found = Vec::new();
    let mut rest = &commands[..];
    for _ in 0..order.number(&header, 16, 4)? {
        let size = usize::try_from(order.number(rest, 4, 4)?).ok()?;
        if size < 8 {
            return None;
        }
        let command = rest.get(..size)?;
        if order.number(command, 0, 4)? == LC_RPATH {
            let at = usize::try_from(order.number(command, 8, 4)?).ok()?;
            found.push(("LC_RPATH", text(command.get(at..)?)));
        }
        rest = &rest[size..];
    }
    Some(found)
}

/// Text up to a NUL.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    crate::name::display(&bytes[..end], true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of one width, one after the other.
    fn words(wide: bool, big: bool, values: &[u64]) -> Vec<u8> {
        let bytes = values.iter().flat_map(|value| {
            let little = value.to_le_bytes()[..if wide { 8 } else { 4 }].to_vec();
            if big { little.into_iter().rev().collect() } else { little }
        });
        bytes.collect()
    }

    /// A shared library that consists of headers, mapped at address 0x1000.
    fn library(wide: bool, big: bool) -> Vec<u8> {
        let (header, segment) = if wide { (64, 56) } else { (52, 32) };
        let half = |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
        let dynamic = header + 2 * segment;
        let entries = words(wide, big, &[29, 1, 15, 9, 5, 0x1000 + 600, 10, 20, 0, 0]);
        let mut bytes = vec![0; 640];
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0, &[0x7f, b'E', b'L', b'F', if wide { 2 } else { 1 }, if big { 2 } else { 1 }]);
        put(if wide { 32 } else { 28 }, &words(wide, big, &[header as u64]));
        put(if wide { 54 } else { 42 }, &half(u16::try_from(segment).unwrap()));
        put(if wide { 56 } else { 44 }, &half(2));
        let segments = [(1, 0, 0x1000, 640), (2, dynamic, 0x1000 + dynamic, entries.len())];
        for (at, (kind, offset, address, size)) in segments.into_iter().enumerate() {
            let start = header + at * segment;
            put(start, &words(false, big, &[kind]));
            let place = if wide { [8, 16, 32] } else { [4, 8, 16] };
            for (at, value) in place.into_iter().zip([offset, address, size]) {
                put(start + at, &words(wide, big, &[value as u64]));
            }
        }
        put(dynamic, &entries);
        put(600, b"\0$ORIGIN\0/a:$ORIGIN\0");
        bytes
    }

    #[test]
    fn elf_of_every_kind() {
        for (wide, big) in [(false, false), (false, true), (true, false), (true, true)] {
            let found = search_paths(&library(wide, big)[..]);
            let found: Vec<_> = found.iter().map(|(tag, path)| (*tag, path.as_str())).collect();
            let all = [("DT_RUNPATH", "$ORIGIN"), ("DT_RPATH", "/a"), ("DT_RPATH", "$ORIGIN")];
            assert_eq!(found, all, "{wide} {big}");
        }
    }

    fn mach(path: &[u8]) -> Vec<u8> {
        let size = 12 + u32::try_from(path.len()).unwrap();
        let mut bytes = vec![0xcf, 0xfa, 0xed, 0xfe];
        for field in [7, 3, 6, 1, size, 0, 0, 0x8000_001c, size, 12] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend(path);
        bytes
    }

    #[test]
    fn mach_o_thin_and_fat() {
        let thin = mach(b"@loader_path/../x\0\0");
        let expected = [("LC_RPATH", "@loader_path/../x".to_owned())];
        assert_eq!(search_paths(&thin[..]), expected);
        let mut fat = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 1];
        fat.extend([0_u32, 0, 28, 0, 0].into_iter().flat_map(u32::to_be_bytes));
        fat.extend(&thin);
        assert_eq!(search_paths(&fat[..]), expected);
    }

    #[test]
    fn damaged_libraries_have_no_paths() {
        let whole = library(true, false);
        for length in 0..whole.len() - 40 {
            assert_eq!(search_paths(&whole[..length]), [], "{length}");
        }
        let thin = mach(b"@loader_path\0");
        for length in 0..thin.len() {
            assert_eq!(search_paths(&thin[..length]), [], "{length}");
        }
        assert_eq!(search_paths(&b"\xca\xfe\xba\xbe\0\0\0\x37"[..]), []); // a Java class
    }
}
