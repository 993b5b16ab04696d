//! Rows in the form in which they are kept: as Python's `marshal` writes them in its version 2,
//! which all Pythons write alike.

/// Values, written one after the other.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

/// How many bits of a large integer stand in each digit.
const DIGIT: u32 = 15;

impl Writer {
    pub fn none(&mut self) {
        self.0.push(b'N');
    }

    pub fn text(&mut self, text: &str) {
        self.sized(b'u', text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    pub fn text_or_none(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.none(),
        }
    }

    pub fn integer(&mut self, value: i128) {
        if let Ok(value) = i32::try_from(value) {
            self.0.push(b'i');
            self.0.extend_from_slice(&value.to_le_bytes());
            return;
        }
        let mut digits = Vec::new();
        let mut rest = value.unsigned_abs();
        while rest > 0 {
            digits.push((rest & ((1 << DIGIT) - 1)) as u16);
            rest >>= DIGIT;
        }
        // The sign is that of the number of digits.
        let count = i32::try_from(digits.len()).unwrap_or_default();
        self.0.push(b'l');
        self.0.extend_from_slice(&(if value < 0 { -count } else { count }).to_le_bytes());
        self.0.extend(digits.into_iter().flat_map(u16::to_le_bytes));
    }

    /// Begin a tuple of so many values.
    pub fn tuple(&mut self, size: usize) {
        self.sized(b'(', size);
    }

    /// Begin a list of so many values.
    pub fn list(&mut self, size: usize) {
        self.sized(b'[', size);
    }

    /// Forget what was written, and keep the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Give memory back, if it is more than that.
    pub fn shrink_to(&mut self, size: usize) {
        self.0.clear();
        self.0.shrink_to(size);
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn sized(&mut self, kind: u8, size: usize) {
        // A page has less than 4 GiB (see `Reader::read`).
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        self.0.push(kind);
        self.0.extend_from_slice(&size.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `marshal.dumps(value, 2)` gives is in the comments.
    #[test]
    fn values() {
        let mut writer = Writer::default();
        writer.tuple(2); // ("é", None)
        writer.text("é");
        writer.text_or_none(None);
        assert_eq!(writer.bytes(), b"(\x02\0\0\0u\x02\0\0\0\xc3\xa9N");
    }

    #[test]
    fn integers() {
        for (value, expected) in [
            (0, &b"i\0\0\0\0"[..]),
            (-1, b"i\xff\xff\xff\xff"),
            (0x7fff_ffff, b"i\xff\xff\xff\x7f"),
            (0x8000_0000, b"l\x03\0\0\0\0\0\0\0\x02\0"),
            (-0x8000_0000, b"i\0\0\0\x80"),
            (-0x8000_0001, b"l\xfd\xff\xff\xff\x01\0\0\0\x02\0"),
            (u64::MAX.into(), b"l\x05\0\0\0\xff\x7f\xff\x7f\xff\x7f\xff\x7f\x0f\0"),
        ] {
            let mut writer = Writer::default();
            writer.integer(value);
            assert_eq!(writer.bytes(), expected, "{value}");
        }
    }
}
