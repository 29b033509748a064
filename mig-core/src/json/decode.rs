//! Tree to types: the rules of Go's decoder behind serde's interface.

use super::{Error, number, parse::Node};
use serde::{
    Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor, value::StrDeserializer},
    forward_to_deserialize_any,
};
use std::slice;

/// Reads one node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decoder<'a> {
    node: &'a Node,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(node: &'a Node) -> Self {
        Self { node }
    }

    fn mismatch(self, wanted: &str) -> Error {
        let found = match self.node {
            Node::Null => "null".to_owned(),
            Node::Bool(flag) => flag.to_string(),
            Node::Number(text) => format!("number {text}"),
            Node::String(_) => "a string".to_owned(),
            Node::List(_) => "a list".to_owned(),
            Node::Object(_) => "an object".to_owned(),
        };
        Error::new(format!("{found} where {wanted} is needed"))
    }

    /// The text of an integer field: digits only, as Go demands.
    fn integer<N: std::str::FromStr + Default>(self, wanted: &str) -> Result<N, Error> {
        match self.node {
            Node::Null => Ok(N::default()),
            Node::Number(text) => text.parse().map_err(|_| self.mismatch(wanted)),
            _ => Err(self.mismatch(wanted)),
        }
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty, $wanted:literal;)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.integer::<$type>($wanted)?)
        }
    )+};
}

impl<'de> Deserializer<'de> for Decoder<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Null => visitor.visit_unit(),
            Node::Bool(flag) => visitor.visit_bool(*flag),
            Node::Number(_) => self.deserialize_f64(visitor),
            Node::String(text) => visitor.visit_str(text),
            Node::List(items) => visitor.visit_seq(List { items: items.iter(), index: 0 }),
            Node::Object(fields) => visitor.visit_map(Fields::of_map(fields)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Null => visitor.visit_bool(false),
            Node::Bool(flag) => visitor.visit_bool(*flag),
            _ => Err(self.mismatch("true or false")),
        }
    }

    integers! {
        deserialize_i8 visit_i8 i8, "an integer of 8 bits";
        deserialize_i16 visit_i16 i16, "an integer of 16 bits";
        deserialize_i32 visit_i32 i32, "an integer of 32 bits";
        deserialize_i64 visit_i64 i64, "an integer of 64 bits";
        deserialize_u8 visit_u8 u8, "an integer from 0 to 255";
        deserialize_u16 visit_u16 u16, "an integer from 0 to 65535";
        deserialize_u32 visit_u32 u32, "an unsigned integer of 32 bits";
        deserialize_u64 visit_u64 u64, "an unsigned integer of 64 bits";
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Null => visitor.visit_f64(0.0),
            Node::Number(text) => match number::read_float(text) {
                Some(float) => visitor.visit_f64(float),
                None => Err(self.mismatch("a number in the range of a 64-bit float")),
            },
            _ => Err(self.mismatch("a number")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Null => visitor.visit_str(""),
            Node::String(text) => visitor.visit_str(text),
            _ => Err(self.mismatch("a string")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Null | Node::String(_) | Node::List(_) => self.deserialize_any(visitor),
            _ => Err(self.mismatch("base64 text")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if matches!(self.node, Node::Null) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Null => visitor.visit_seq(List { items: [].iter(), index: 0 }),
            Node::List(items) => visitor.visit_seq(List { items: items.iter(), index: 0 }),
            _ => Err(self.mismatch("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Null => visitor.visit_map(Fields::of_map(&[])),
            Node::Object(fields) => visitor.visit_map(Fields::of_map(fields)),
            _ => Err(self.mismatch("an object")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.node {
            Node::Null => visitor.visit_map(Fields::of_map(&[])),
            Node::Object(fields) => visitor.visit_map(Fields::of_struct(fields, names)?),
            _ => Err(self.mismatch("an object")),
        }
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes unit unit_struct tuple tuple_struct enum identifier ignored_any
    }
}

struct List<'a> {
    items: slice::Iter<'a, Node>,
    index: usize,
}

impl<'de> SeqAccess<'de> for List<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(node) = self.items.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(Decoder { node }).map(Some).map_err(|error| error.at(format!("[{index}]")))
    }
}

/// The fields of an object, in document order.
struct Fields<'a> {
    fields: std::vec::IntoIter<(&'a str, &'a Node)>,
    current: Option<(&'a str, &'a Node)>,
}

impl<'a> Fields<'a> {
    fn new(fields: Vec<(&'a str, &'a Node)>) -> Self {
        Self { fields: fields.into_iter(), current: None }
    }

    /// Keys as they are; of a repeated key the last counts, which is what inserting one after the other does.
    fn of_map(fields: &'a [(String, Node)]) -> Self {
        Self::new(fields.iter().map(|(key, node)| (key.as_str(), node)).collect())
    }

    /// Keys become the names of the structure; unknown ones are dropped, `null` leaves the default.
    fn of_struct(fields: &'a [(String, Node)], names: &'static [&'static str]) -> Result<Self, Error> {
        let mut known: Vec<(&str, &Node)> = Vec::with_capacity(names.len());
        for (key, node) in fields {
            let Some(name) = field_name(key, names) else { continue };
            if known.iter().any(|(earlier, _)| *earlier == name) {
                return Err(Error::new(format!("field '{name}' is given twice")));
            }
            known.push((name, node));
        }
        known.retain(|(_, node)| !matches!(node, Node::Null));
        Ok(Self::new(known))
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.current = self.fields.next();
        match self.current {
            Some((key, _)) => seed.deserialize(StrDeserializer::new(key)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (key, node) = self.current.take().ok_or_else(|| Error::new("value without a key"))?;
        seed.deserialize(Decoder { node }).map_err(|error| error.at(key))
    }
}

/// An exact match wins, else the first that matches without regard to case.
fn field_name(key: &str, names: &'static [&'static str]) -> Option<&'static str> {
    let exact = names.iter().find(|name| **name == key);
    exact.or_else(|| names.iter().find(|name| folded(key).eq(folded(name)))).copied()
}

/// Go's case folding of field names: ASCII, and the two letters of Unicode that fold into it.
fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars().map(|character| match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    })
}
