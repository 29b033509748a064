//! Types to text: the layout of Go's encoder behind serde's interface.

use super::{Error, float::write_float, text::write_string};
use serde::{
    Serialize, Serializer,
    ser::{Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct},
};
use std::{fmt::Display, ops::Range};

/// Appends one value to a text.
#[derive(Debug)]
pub(super) struct Encoder<'a> {
    out: &'a mut String,
}

impl<'a> Encoder<'a> {
    pub(super) fn new(out: &'a mut String) -> Self {
        Self { out }
    }

    #[allow(clippy::unnecessary_wraps, reason = "the result every method of the serializer gives")]
    fn push(self, text: impl Display) -> Result<(), Error> {
        self.out.push_str(&text.to_string());
        Ok(())
    }

    fn begin(self, open: char, close: char) -> Sequence<'a> {
        self.out.push(open);
        Sequence { out: self.out, first: true, close }
    }
}

macro_rules! plain {
    ($($method:ident $type:ty;)+) => {$(
        fn $method(self, value: $type) -> Result<(), Error> {
            self.push(value)
        }
    )+};
}

impl<'a> Serializer for Encoder<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Sequence<'a>;
    type SerializeTuple = Sequence<'a>;
    type SerializeTupleStruct = Sequence<'a>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = SortedMap<'a>;
    type SerializeStruct = Sequence<'a>;
    type SerializeStructVariant = Impossible<(), Error>;

    plain! {
        serialize_bool bool;
        serialize_i8 i8;
        serialize_i16 i16;
        serialize_i32 i32;
        serialize_i64 i64;
        serialize_u8 u8;
        serialize_u16 u16;
        serialize_u32 u32;
        serialize_u64 u64;
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        if !value.is_finite() {
            return Err(Error::new(format!("{value} is not a JSON number")));
        }
        write_float(self.out, value);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        write_string(self.out, value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        super::Bytes(value.to_vec()).serialize(self)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.push("null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.push("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.push("null")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        Err(no_variants(name))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Sequence<'a>, Error> {
        Ok(self.begin('[', ']'))
    }

    fn serialize_tuple(self, _: usize) -> Result<Sequence<'a>, Error> {
        Ok(self.begin('[', ']'))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Sequence<'a>, Error> {
        Ok(self.begin('[', ']'))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Error>, Error> {
        Err(no_variants(name))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<SortedMap<'a>, Error> {
        Ok(SortedMap { members: self.begin('{', '}'), key: String::new(), written: Vec::new() })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Sequence<'a>, Error> {
        Ok(self.begin('{', '}'))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Error>, Error> {
        Err(no_variants(name))
    }
}

fn no_variants(name: &str) -> Error {
    Error::new(format!("'{name}' is an enumeration with data, which the wire format does not have"))
}

/// A list or a structure: elements in order, commas between.
#[derive(Debug)]
pub(super) struct Sequence<'a> {
    out: &'a mut String,
    first: bool,
    close: char,
}

impl Sequence<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, key: Option<&str>, value: &T) -> Result<(), Error> {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        if let Some(key) = key {
            write_string(self.out, key);
            self.out.push(':');
        }
        value.serialize(Encoder { out: self.out })
    }

    #[allow(clippy::unnecessary_wraps, reason = "the result every end of a sequence gives")]
    fn finish(self) -> Result<(), Error> {
        self.out.push(self.close);
        Ok(())
    }
}

impl SerializeSeq for Sequence<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.element(None, value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl SerializeTuple for Sequence<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.element(None, value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl SerializeTupleStruct for Sequence<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.element(None, value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl SerializeStruct for Sequence<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        self.element(Some(key), value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

/// A map. Members are written as they come, and put in the order of their keys at the end if they came in another one.
#[derive(Debug)]
pub(super) struct SortedMap<'a> {
    members: Sequence<'a>,
    key: String,
    written: Vec<(String, Range<usize>)>,
}

impl SortedMap<'_> {
    fn sort(&mut self) {
        if self.written.is_sorted_by(|(first, _), (second, _)| first < second) {
            return;
        }
        let start = self.written.first().map_or(0, |(_, range)| range.start);
        self.written.sort_by(|(first, _), (second, _)| first.cmp(second));
        let out = &mut *self.members.out;
        let texts = self.written.iter().filter_map(|(_, range)| out.get(range.clone()));
        let sorted = texts.collect::<Vec<_>>().join(",");
        out.truncate(start);
        out.push_str(&sorted);
    }
}

impl SerializeMap for SortedMap<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let text = super::to_string(key)?;
        let super::Value::String(key) = super::from_str(&text)? else {
            return Err(Error::new(format!("key {text} is not text")));
        };
        self.key = key;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let start = self.members.out.len() + usize::from(!self.members.first);
        let key = std::mem::take(&mut self.key);
        self.members.element(Some(&key), value)?;
        self.written.push((key, start..self.members.out.len()));
        Ok(())
    }

    fn end(mut self) -> Result<(), Error> {
        self.sort();
        self.members.finish()
    }
}
