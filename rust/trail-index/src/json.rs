//! JSON as values that borrow from the text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

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

/// Read a text to its end; nothing if it is not JSON, or is nested more than 128 times.
pub fn parse(data: &[u8]) -> Option<Value<'_>> {
    serde_json::from_slice(data).ok()
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

    /// The list, if it is one.
    pub fn list(&self) -> Option<&[Value<'a>]> {
        if let Self::List(list) = self { Some(list) } else { None }
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

    #[test]
    fn values() {
        let value = parse(br#" {"a": [null, true, -3, 1.5, 18446744073709551616, "\u00e9"]} "#);
        let list = value.as_ref().and_then(|value| value.object()?.get("a")?.list());
        let expected = [
            Value::Null,
            Value::Bool(true),
            Value::Integer(-3),
            Value::Number,
            Value::Number,
            Value::Text("é".into()),
        ];
        assert_eq!(list, Some(&expected[..]));
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        let value = parse(br#"{"a": 1, "b": 2, "a": 3, "\u0061": 4}"#).unwrap();
        let object = value.object().unwrap();
        assert_eq!(object.get("a"), Some(&Value::Integer(4)));
        let members: Vec<_> = object.iter().collect();
        assert_eq!(members, [("b", &Value::Integer(2)), ("a", &Value::Integer(4))]);
    }

    #[test]
    fn what_is_left_to_python() {
        let deep = "[".repeat(129) + &"]".repeat(129);
        for text in ["", "{", "NaN", "1e999", "\"\\ud800\"", "\u{feff}1", "1 2", "[01]", &deep] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse(b"\"\xed\xa0\x80\""), None);
    }
}
