//! Versions as PEP 440 defines them, as far as it takes to tell whether two are the same.

/// A version in a form in which equal ones are equal.
#[derive(Debug, PartialEq, Eq)]
pub struct Version {
    epoch: String,
    release: Vec<String>,
    pre: Option<(char, String)>,
    post: Option<String>,
    dev: Option<String>,
    local: Vec<String>,
}

impl Version {
    /// Read a version, spelled in any way that PEP 440 allows (its appendix B).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let mut rest = Rest(text.strip_prefix('v').unwrap_or(&text));
        let first = rest.number()?;
        let (epoch, first) =
            if rest.take("!") { (first, rest.number()?) } else { ("0".to_owned(), first) };
        let mut release = vec![first];
        while let Some(number) = rest.attempt(|rest| rest.take(".").then(|| rest.number())?) {
            release.push(number);
        }
        while release.len() > 1 && release.last().is_some_and(|number| number == "0") {
            release.pop();
        }
        let pre = [
            ("alpha", 'a'),
            ("a", 'a'),
            ("beta", 'b'),
            ("b", 'b'),
            ("preview", 'c'),
            ("pre", 'c'),
            ("c", 'c'),
            ("rc", 'c'),
        ];
        let pre = pre.into_iter().find_map(|(word, letter)| Some((letter, rest.part(word)?)));
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
    fn number(&mut self) -> Option<String> {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        let significant = digits.trim_start_matches('0');
        match (digits, significant) {
            ("", _) => None,
            (_, "") => Some("0".to_owned()),
            _ => Some(significant.to_owned()),
        }
    }

    /// A word such as `rc` with its number, separators around the word included.
    fn part(&mut self, word: &str) -> Option<String> {
        self.attempt(|rest| {
            rest.separator();
            rest.take(word).then(|| {
                rest.separator();
                rest.number().unwrap_or_else(|| "0".to_owned())
            })
        })
    }

    /// Letters and digits of a local version; numbers without leading zeros.
    fn segment(&mut self) -> Option<String> {
        let end = self.0.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.0.len());
        let (segment, rest) = self.0.split_at(end);
        self.0 = rest;
        if segment.bytes().all(|byte| byte.is_ascii_digit()) {
            return Rest(segment).number();
        }
        Some(segment.to_owned())
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
}
