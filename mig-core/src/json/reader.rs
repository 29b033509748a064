//! Reading: Go's rules for typed documents, as a serde deserializer.
//!
//! Where Go differs from serde's habits:
//! * `null` leaves a field of a struct as it was, and is the zero value everywhere else;
//! * names of struct fields fold letter case, keys of maps do not;
//! * integers are strict (`1.0` and `1e0` are errors), free values turn every number into a float.
//!
//! One thing is stricter than Go: a field that appears twice, in whatever spelling, is refused. Go would merge
//! the two, and another reader might not: they would disagree on what was signed.

use super::{
    error::Error,
    scanner::{Kind, Scanner, VALUE},
    text::is_spelling_of,
};
use serde::{
    Deserializer,
    de::{
        DeserializeSeed, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{BorrowedStrDeserializer, CowStrDeserializer, MapDeserializer, SeqDeserializer},
    },
};
use std::borrow::Cow;

/// Reads typed values from a text.
#[derive(Debug)]
pub(super) struct Reader<'de> {
    scanner: Scanner<'de>,
}

impl<'de> Reader<'de> {
    pub(super) fn new(text: &'de [u8], max_values: usize) -> Self {
        Self { scanner: Scanner::new(text, max_values) }
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        self.scanner.end()
    }

    /// The error for a value of the wrong kind.
    fn wrong_type<'v, V: Visitor<'v>>(&mut self, visitor: &V) -> Error {
        let found = match self.scanner.kind() {
            Ok(Kind::Null) => "null",
            Ok(Kind::Bool) => "a boolean",
            Ok(Kind::Number) => "a number",
            Ok(Kind::String) => "a string",
            Ok(Kind::List) => "a list",
            Ok(Kind::Object) => "an object",
            Err(error) => return error,
        };
        Error::invalid_type(Unexpected::Other(found), visitor).at(self.scanner.offset())
    }

    fn is(&mut self, kind: Kind) -> Result<bool, Error> {
        Ok(self.scanner.kind()? == kind)
    }

    /// Gives a string to a visitor: borrowed if it stands in the text as it is.
    fn visit_string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let offset = self.scanner.offset();
        let visited = match self.scanner.string(VALUE)? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        };
        visited.map_err(|error: Error| error.at(offset))
    }

    fn float(&mut self) -> Result<f64, Error> {
        let offset = self.scanner.offset();
        let text = self.scanner.number()?;
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| Error::custom(format!("the number {text} is out of range")).at(offset))
    }

    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.scanner.enter()?;
        let mut elements = Elements { reader: self, index: 0, done: false };
        let value = visitor.visit_seq(&mut elements)?;
        elements.finish()?;
        self.scanner.leave();
        Ok(value)
    }

    fn object<V: Visitor<'de>>(
        &mut self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let offset = self.scanner.offset();
        self.scanner.enter()?;
        let mut members =
            Members { reader: self, fields, seen: vec![false; fields.len()], key: None, first: true };
        let value = visitor.visit_map(&mut members).map_err(|error| error.at(offset))?;
        self.scanner.leave();
        Ok(value)
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $integer:ident),+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            if self.scanner.null()? {
                return visitor.$visit(0);
            }
            if !self.is(Kind::Number)? {
                return Err(self.wrong_type(&visitor));
            }
            let offset = self.scanner.offset();
            let text = self.scanner.number()?;
            match text.parse() {
                Ok(number) => visitor.$visit(number),
                Err(_) => {
                    let kind = stringify!($integer);
                    Err(Error::custom(format!("the number {text} is not an integer of type {kind}")).at(offset))
                }
            }
        }
    )+};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.scanner.kind()? {
            Kind::Null => {
                self.scanner.null()?;
                visitor.visit_unit()
            }
            Kind::Bool => visitor.visit_bool(self.scanner.bool()?),
            Kind::Number => visitor.visit_f64(self.float()?),
            Kind::String => self.visit_string(visitor),
            Kind::List => self.list(visitor),
            Kind::Object => self.object(&[], visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.scanner.null()? {
            return visitor.visit_bool(false);
        }
        if self.is(Kind::Bool)? {
            visitor.visit_bool(self.scanner.bool()?)
        } else {
            Err(self.wrong_type(&visitor))
        }
    }

    integers! {
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.scanner.null()? {
            return visitor.visit_f64(0.0);
        }
        if self.is(Kind::Number)? { visitor.visit_f64(self.float()?) } else { Err(self.wrong_type(&visitor)) }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.scanner.null()? {
            return visitor.visit_borrowed_str("");
        }
        if self.is(Kind::String)? { self.visit_string(visitor) } else { Err(self.wrong_type(&visitor)) }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.scanner.null()? { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.scanner.null()? {
            return visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<()>()));
        }
        if self.is(Kind::List)? { self.list(visitor) } else { Err(self.wrong_type(&visitor)) }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_struct("", &[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.scanner.null()? {
            return visitor.visit_map(MapDeserializer::new(std::iter::empty::<((), ())>()));
        }
        if self.is(Kind::Object)? { self.object(fields, visitor) } else { Err(self.wrong_type(&visitor)) }
    }

    /// Enumerations are text: the name of a variant without content.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if !self.is(Kind::String)? {
            return Err(self.wrong_type(&visitor));
        }
        let offset = self.scanner.offset();
        let name = self.scanner.string(VALUE)?;
        let variant: CowStrDeserializer<'_, Error> = name.into_deserializer();
        visitor.visit_enum(variant).map_err(|error| error.at(offset))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.scanner.skip()?;
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! { bytes byte_buf unit unit_struct }
}

/// The elements of a list.
struct Elements<'a, 'de> {
    reader: &'a mut Reader<'de>,
    index: usize,
    done: bool,
}

impl Elements<'_, '_> {
    /// A visitor of fixed length stops before the end; more elements are an error.
    fn finish(&mut self) -> Result<(), Error> {
        if self.done {
            return Ok(());
        }
        self.reader.scanner.expect(b']', "after the last element of a list")
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if self.done || !self.reader.scanner.advance(self.index == 0, b']')? {
            self.done = true;
            return Ok(None);
        }
        let (index, offset) = (self.index, self.reader.scanner.offset());
        self.index += 1;
        let element = seed.deserialize(&mut *self.reader);
        element.map(Some).map_err(|error| error.at(offset).in_element(index))
    }
}

/// The members of an object: a struct if it has fields, else a map.
struct Members<'a, 'de> {
    reader: &'a mut Reader<'de>,
    fields: &'static [&'static str],
    seen: Vec<bool>,
    /// Where the current key stands, for the path of an error.
    key: Option<usize>,
    first: bool,
}

impl<'de> Members<'_, 'de> {
    /// Takes the next key and the colon.
    fn key(&mut self) -> Result<Option<Cow<'de, str>>, Error> {
        let scanner = &mut self.reader.scanner;
        if !scanner.advance(self.first, b'}')? {
            return Ok(None);
        }
        self.first = false;
        scanner.peek();
        self.key = Some(scanner.offset());
        scanner.key().map(Some)
    }

    /// The field that a key means: an exact match wins, else the first in another spelling.
    fn field(&self, key: &str) -> Option<usize> {
        let exact = self.fields.iter().position(|name| *name == key);
        exact.or_else(|| self.fields.iter().position(|name| is_spelling_of(key, name)))
    }

    fn see(&mut self, field: usize) -> Result<&'static str, Error> {
        let name = self.fields.get(field).copied().unwrap_or_default();
        match self.seen.get_mut(field) {
            Some(seen) if !*seen => {
                *seen = true;
                Ok(name)
            }
            _ => Err(Error::new("the field is given twice").at(self.key.unwrap_or_default()).in_field(name)),
        }
    }

    /// Adds the current key to the path of an error.
    fn within_key(&self, error: Error) -> Error {
        let Some(offset) = self.key else { return error };
        match self.reader.scanner.again_from(offset).key() {
            Ok(key) => error.in_field(&key),
            Err(_) => error,
        }
    }
}

impl<'de> MapAccess<'de> for &mut Members<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        while let Some(key) = self.key()? {
            if let Some(field) = self.field(&key) {
                let name = self.see(field)?;
                if self.reader.scanner.null()? {
                    continue;
                }
                return seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some);
            }
            let key: CowStrDeserializer<'_, Error> = key.into_deserializer();
            return seed.deserialize(key).map(Some).map_err(|error| self.within_key(error));
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        self.reader.scanner.peek();
        let offset = self.reader.scanner.offset();
        let value = seed.deserialize(&mut *self.reader);
        value.map_err(|error| self.within_key(error.at(offset)))
    }
}
