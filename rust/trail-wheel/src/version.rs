//! Versions as PEP 440 defines them: how they are spelled, and which comes first.

use std::cmp::Ordering;
use std::fmt;

/// A version; however they are spelled, equal ones are equal.
///
/// Its display is the normal form, with as many numbers as it was written with (`1.0`, `1.0.0`).
#[derive(Debug, Clone)]
pub struct Version {
    epoch: Number,
    release: Vec<Number>,
    pre: Option<(Phase, Number)>,
    post: Option<Number>,
    dev: Option<Number>,
    local: Vec<Segment>,
}

/// A number of any size, without leading zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Number(String);

/// The kinds of pre-releases, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Alpha,
    Beta,
    Candidate,
}

/// A part of a local version; words come before numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Word(String),
    Number(Number),
}

impl Version {
    /// Read a version, spelled in any way that PEP 440 allows (its appendix B).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let mut rest = Rest(text.strip_prefix('v').unwrap_or(&text));
        let first = rest.number()?;
        let (epoch, first) =
            if rest.take("!") { (first, rest.number()?) } else { (Number::zero(), first) };
        let mut release = vec![first];
        while let Some(number) = rest.attempt(|rest| rest.take(".").then(|| rest.number())?) {
            release.push(number);
        }
        let pre = [
            ("alpha", Phase::Alpha),
            ("a", Phase::Alpha),
            ("beta", Phase::Beta),
            ("b", Phase::Beta),
            ("preview", Phase::Candidate),
            ("pre", Phase::Candidate),
            ("c", Phase::Candidate),
            ("rc", Phase::Candidate),
        ];
        let pre = pre.into_iter().find_map(|(word, phase)| Some((phase, rest.part(word)?)));
        let post = rest
            .attempt(|rest| rest.take("-").then(|| rest.number())?)
            .or_else(|| ["post", "rev", "r"].into_iter().find_map(|word| rest.part(word)));
        let dev = rest.part("dev");
        let mut local = Vec::new();
        if rest.take("+") {
            local.push(rest.segment()?);
            while rest.separator() {
                local.push(rest.segment()?);
            }
        }
        rest.0.is_empty().then_some(Self { epoch, release, pre, post, dev, local })
    }

    /// What decides about the order, the most important first.
    fn key(&self) -> impl Ord {
        let significant = self.release.iter().rposition(|number| !number.is_zero());
        let stage = match (&self.pre, &self.post, &self.dev) {
            (None, None, Some(_)) => (0, None), // before all pre-releases
            (None, ..) => (2, None),
            (Some(pre), ..) => (1, Some(pre)),
        };
        (
            &self.epoch,
            &self.release[..significant.map_or(0, |last| last + 1)],
            stage,
            &self.post,
            (self.dev.is_none(), &self.dev),
            &self.local,
        )
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.epoch.is_zero() {
            write!(to, "{}!", self.epoch)?;
        }
        for (place, number) in self.release.iter().enumerate() {
            write!(to, "{}{number}", if place == 0 { "" } else { "." })?;
        }
        if let Some((phase, number)) = &self.pre {
            let letters = match phase {
                Phase::Alpha => "a",
                Phase::Beta => "b",
                Phase::Candidate => "rc",
            };
            write!(to, "{letters}{number}")?;
        }
        if let Some(number) = &self.post {
            write!(to, ".post{number}")?;
        }
        if let Some(number) = &self.dev {
            write!(to, ".dev{number}")?;
        }
        for (place, segment) in self.local.iter().enumerate() {
            let (Segment::Word(text) | Segment::Number(Number(text))) = segment;
            write!(to, "{}{text}", if place == 0 { "+" } else { "." })?;
        }
        Ok(())
    }
}

impl Number {
    fn zero() -> Self {
        Self("0".to_owned())
    }

    fn is_zero(&self) -> bool {
        self.0 == "0"
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

/// What is still to be read.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.0;
        let result = read(self);
        if result.is_none() {
            self.0 = before;
        }
        result
    }

    fn take(&mut self, word: &str) -> bool {
        self.0.strip_prefix(word).map(|rest| self.0 = rest).is_some()
    }

    fn separator(&mut self) -> bool {
        self.take("-") || self.take("_") || self.take(".")
    }

    /// Digits, without leading zeros.
    fn number(&mut self) -> Option<Number> {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        let significant = digits.trim_start_matches('0');
        match (digits, significant) {
            ("", _) => None,
            (_, "") => Some(Number::zero()),
            _ => Some(Number(significant.to_owned())),
        }
    }

    /// A word such as `rc` with its number, separators around the word included.
    fn part(&mut self, word: &str) -> Option<Number> {
        self.attempt(|rest| {
            rest.separator();
            rest.take(word).then(|| {
                rest.separator();
                rest.number().unwrap_or_else(Number::zero)
            })
        })
    }

    /// Letters and digits of a local version; numbers without leading zeros.
    fn segment(&mut self) -> Option<Segment> {
        let end = self.0.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.0.len());
        let (segment, rest) = self.0.split_at(end);
        self.0 = rest;
        if segment.bytes().all(|byte| byte.is_ascii_digit()) {
            return Rest(segment).number().map(Segment::Number);
        }
        Some(Segment::Word(segment.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_versions() {
        for (one, other) in [
            ("1.0", "1"),
            ("1.0.0", "v01.0"),
            ("1.0RC1", "1.0-c.1"),
            ("1.0-1", "1.0.post1"),
            ("1.0.rev", "1.post0"),
            ("1a.dev3", "1.0a0dev3"),
            ("0!1+Ubuntu-01", "1+ubuntu.1"),
            (" 2.0beta-2 ", "2b2"),
        ] {
            assert!(Version::parse(one).is_some(), "{one}");
            assert_eq!(Version::parse(one), Version::parse(other), "{one} {other}");
        }
    }

    #[test]
    fn other_versions() {
        for (one, other) in
            [("1.0", "1.0.1"), ("1a1", "1b1"), ("1+a", "1"), ("1!1", "1"), ("1.dev1", "1")]
        {
            assert_ne!(Version::parse(one), Version::parse(other), "{one} {other}");
        }
        for wrong in ["", "a", "1.", "1.0x", "1+", "1+a..b", "1!", "1.0 1", "1_"] {
            assert_eq!(Version::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn order() {
        let sorted = [
            "1.dev1",
            "1a1.dev1",
            "1a1",
            "1a2",
            "1a10",
            "1b1",
            "1rc1",
            "1",
            "1+a",
            "1+a.b",
            "1+2",
            "1+10",
            "1.post1.dev1",
            "1.post1",
            "1.0.1",
            "1.2",
            "1.10",
            "2",
            "12345678901234567890",
            "1!0",
        ];
        let versions: Vec<_> = sorted.map(|text| Version::parse(text).unwrap()).into();
        assert!(versions.is_sorted_by(|one, other| one < other));
    }

    #[test]
    fn normal_forms() {
        for (given, normal) in [
            ("v01.0.0", "1.0.0"),
            ("0!1", "1"),
            ("2!1.0-ALPHA", "2!1.0a0"),
            ("1.0_preview.3-4.dev", "1.0rc3.post4.dev0"),
            ("1.0+Ubuntu-01_x", "1.0+ubuntu.1.x"),
            (" 1b02.r ", "1b2.post0"),
        ] {
            assert_eq!(Version::parse(given).unwrap().to_string(), normal);
        }
    }
}
