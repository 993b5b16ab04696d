//! JSON as values that borrow from the text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value. Numbers other than integers of 64 bits are all alike: nothing here needs them.
#[derive(Debug, PartialEq)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Integer(i128),
    Number,
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    Object(Object<'a>),
}

/// Keys and values as they are written; `get` and `iter` know which of them count.
#[derive(Debug, PartialEq)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

/// A file on the usual index has as many members, or a few less.
const USUAL: usize = 12;

/// Read an object and the list that it has under a key, element by element.
///
/// A page has thousands of files: to keep the values of all at once takes twice the time.
/// Returns the other members, with an empty list under the key. Nothing if it is not JSON, is
/// nested more than 128 times, has the key twice, or `take` returns nothing for an element.
pub fn read<'a>(
    data: &'a [u8],
    key: &str,
    take: impl FnMut(&Value<'a>) -> Option<()>,
) -> Option<Object<'a>> {
    let mut text = serde_json::Deserializer::from_slice(data);
    let object = Outer { key, take }.deserialize(&mut text).ok()?;
    text.end().ok()?;
    Some(object)
}

impl<'a> Object<'a> {
    /// The last value of a key, as Python's `json` has it.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// Each key with its last value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.0.iter().enumerate().filter_map(|(place, (key, value))| {
            let last = self.0[place + 1..].iter().all(|(later, _)| later != key);
            last.then_some((key.as_ref(), value))
        })
    }
}

impl<'a> Value<'a> {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The object, if it is one.
    pub fn object(&self) -> Option<&Object<'a>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::Number)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = from.next_element()? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value<'de>, A::Error> {
        let mut members = Vec::with_capacity(1); // hashes, mostly
        while let Some(Key(key)) = from.next_key()? {
            if members.len() == 1 {
                members.reserve(USUAL);
            }
            members.push((key, from.next_value()?));
        }
        Ok(Value::Object(Object(members)))
    }
}

/// The object around the list.
struct Outer<'k, F> {
    key: &'k str,
    take: F,
}

impl<'de, F: FnMut(&Value<'de>) -> Option<()>> DeserializeSeed<'de> for Outer<'_, F> {
    type Value = Object<'de>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Object<'de>, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, F: FnMut(&Value<'de>) -> Option<()>> Visitor<'de> for Outer<'_, F> {
    type Value = Object<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut from: A) -> Result<Object<'de>, A::Error> {
        let mut object = Object(Vec::new());
        while let Some(Key(key)) = from.next_key()? {
            let value = if key != self.key {
                from.next_value()?
            } else if object.get(&key).is_none() {
                from.next_value_seed(Elements(&mut self.take))?;
                Value::List(Vec::new())
            } else {
                return Err(de::Error::custom("twice"));
            };
            object.0.push((key, value));
        }
        Ok(object)
    }
}

/// The list.
struct Elements<'f, F>(&'f mut F);

impl<'de, F: FnMut(&Value<'de>) -> Option<()>> DeserializeSeed<'de> for Elements<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&Value<'de>) -> Option<()>> Visitor<'de> for Elements<'_, F> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        while let Some(element) = from.next_element()? {
            (self.0)(&element).ok_or_else(|| de::Error::custom("left"))?;
        }
        Ok(())
    }
}

struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct AnyKey;

        impl<'de> Visitor<'de> for AnyKey {
            type Value = Key<'de>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a key")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }

        from.deserialize_str(AnyKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<(Object<'_>, usize)> {
        let mut count = 0;
        let object = read(text.as_bytes(), "list", |value| {
            count += 1;
            (*value != Value::Bool(false)).then_some(())
        })?;
        Some((object, count))
    }

    #[test]
    fn values() {
        let text = r#" {"a": [null, true, -3, 1.5, 18446744073709551616, "\u00e9"]} "#;
        let (object, _) = parse(text).unwrap();
        let expected = [
            Value::Null,
            Value::Bool(true),
            Value::Integer(-3),
            Value::Number,
            Value::Number,
            Value::Text("é".into()),
        ];
        assert_eq!(object.get("a"), Some(&Value::List(expected.into())));
    }

    #[test]
    fn elements() {
        let (object, count) = parse(r#"{"a": [1], "l\u0069st": [2, [3], {}], "b": 4}"#).unwrap();
        assert_eq!(count, 3);
        assert_eq!(object.get("list"), Some(&Value::List(Vec::new())));
        assert_eq!(object.get("b"), Some(&Value::Integer(4)));
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        let (object, _) = parse(r#"{"a": 1, "b": 2, "a": 3, "\u0061": 4}"#).unwrap();
        assert_eq!(object.get("a"), Some(&Value::Integer(4)));
        let members: Vec<_> = object.iter().collect();
        assert_eq!(members, [("b", &Value::Integer(2)), ("a", &Value::Integer(4))]);
    }

    #[test]
    fn what_is_left_to_python() {
        let deep = format!(r#"{{"a": {}{}}}"#, "[".repeat(128), "]".repeat(128));
        for text in [
            "",
            "{",
            "[]",
            "1",
            "{}x",
            "\u{feff}{}",
            r#"{"a": NaN}"#,
            r#"{"a": 1e999}"#,
            r#"{"a": "\ud800"}"#,
            r#"{"a": [01]}"#,
            r#"{"list": {}}"#,
            r#"{"list": null}"#,
            r#"{"list": [], "list": []}"#,
            r#"{"list": [true, false]}"#,
            &deep,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(read(b"{\"a\": \"\xed\xa0\x80\"}", "list", |_| Some(())), None);
    }
}
