//! Lists with a limit that holds while they are read: elements are larger in memory than in text.

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};
use std::{fmt, marker::PhantomData};

/// Reads a list of at most `MAX` elements, or `null`; for `#[serde(deserialize_with)]`.
pub(crate) fn at_most<'de, const MAX: usize, T, D>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_option(Bounded::<MAX, T>(PhantomData))
}

struct Bounded<const MAX: usize, T>(PhantomData<T>);

impl<'de, const MAX: usize, T: Deserialize<'de>> Visitor<'de> for Bounded<MAX, T> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of at most {MAX} elements")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = sequence.next_element()? {
            if list.len() == MAX {
                return Err(A::Error::custom(format!("the list has more than {MAX} elements")));
            }
            list.push(element);
        }
        Ok(Some(list))
    }
}

#[cfg(test)]
mod tests {
    use super::at_most;
    use crate::json::{Error, from_str};
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Few {
        #[serde(deserialize_with = "at_most::<2, _, _>")]
        list: Option<Vec<u8>>,
    }

    #[test]
    fn a_list_ends_at_its_limit() {
        let read = |text: &str| from_str::<Few>(text).map(|few| few.list);
        assert_eq!(read("{}").unwrap(), None);
        assert_eq!(read(r#"{"list":null}"#).unwrap(), None);
        assert_eq!(read(r#"{"list":[1,2]}"#).unwrap(), Some(vec![1, 2]));
        let error: Error = read(r#"{"list":[1,2,3]}"#).unwrap_err();
        assert!(error.to_string().contains("more than 2"), "{error}");
        assert!(read(r#"{"list":1}"#).is_err());
    }
}
