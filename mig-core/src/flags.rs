//! Command-line flags by the rules of the original, which are those of Go: `-name value`, `--name=value`, switches
//! without a value, and the end of the flags at the first argument that is none.
//!
//! ```
//! use mig_core::flags::{Flags, Slot};
//!
//! let (mut paths, mut depth, mut all) = (Vec::new(), 1000.0, false);
//! let arguments = ["-path", "/etc", "--path=/usr", "-all", "-depth", "1e2", "rest"].map(String::from);
//! let rest = Flags::new([
//!     ("path", Slot::List(&mut paths)),
//!     ("depth", Slot::Float(&mut depth)),
//!     ("all", Slot::Switch(&mut all)),
//! ])
//! .parse(&arguments)?;
//! assert_eq!((paths.len(), depth, all, rest), (2, 100.0, true, &arguments[6..]));
//! # Ok::<(), mig_core::flags::FlagError>(())
//! ```

mod number;
mod quote;
mod words;

pub use self::{number::NumberError, words::words};
use std::collections::BTreeMap;

/// Where the value of a flag goes; what is there before is the default.
#[derive(Debug)]
pub enum Slot<'s> {
    /// The last value given.
    Text(&'s mut String),
    /// All values given, in their order.
    List(&'s mut Vec<String>),
    /// `-flag`, `-flag=true`, `-flag=0`; takes no separate value.
    Switch(&'s mut bool),
    /// `2.5`, `1e3`, `-1`, `0x1p4`, `1_000`, `inf`.
    Float(&'s mut f64),
    /// `12`, `-1`, `0x10`, `0b1`, `0o7`, `010` (octal), `1_000`.
    Integer(&'s mut i64),
}

/// The flags a program or module knows.
#[derive(Debug)]
pub struct Flags<'s> {
    slots: BTreeMap<&'static str, Slot<'s>>,
}

impl<'s> Flags<'s> {
    /// Flags by their names, without dashes.
    pub fn new(slots: impl IntoIterator<Item = (&'static str, Slot<'s>)>) -> Self {
        Self { slots: slots.into_iter().collect() }
    }

    /// Reads flags up to the first argument that is none, or behind `--`; gives back what follows.
    ///
    /// # Errors
    /// [`FlagError`] at the first flag that is unknown or whose value does not fit. Earlier flags are stored by then.
    pub fn parse(mut self, arguments: &[String]) -> Result<&[String], FlagError> {
        let mut rest = arguments;
        while let Some((flag, after)) = Flag::split(rest)? {
            rest = self.store(&flag, after)?;
        }
        Ok(skip_terminator(rest))
    }

    /// Like [`parse`](Self::parse), but ends at the first unknown flag too, which is given back complete.
    ///
    /// # Errors
    /// [`FlagError`] if the value of a known flag does not fit.
    pub fn parse_known(mut self, arguments: &[String]) -> Result<&[String], FlagError> {
        let mut rest = arguments;
        while let Some((flag, after)) = Flag::split(rest)? {
            if !self.slots.contains_key(flag.name) {
                return Ok(rest);
            }
            rest = self.store(&flag, after)?;
        }
        Ok(skip_terminator(rest))
    }

    /// Stores one flag; gives back what follows it and its value.
    fn store<'a>(&mut self, flag: &Flag<'a>, after: &'a [String]) -> Result<&'a [String], FlagError> {
        let Some(slot) = self.slots.get_mut(flag.name) else { return Err(flag.unknown()) };
        if let Slot::Switch(switch) = slot {
            **switch =
                number::switch(flag.value.unwrap_or("true")).map_err(|reason| FlagError::InvalidSwitch {
                    name: flag.name.into(),
                    value: flag.value.unwrap_or_default().into(),
                    reason,
                })?;
            return Ok(after);
        }
        let (value, after) = match (flag.value, after.split_first()) {
            (Some(value), _) => (value, after),
            (None, Some((value, after))) => (value.as_str(), after),
            (None, None) => return Err(FlagError::MissingValue { name: flag.name.into() }),
        };
        slot.set(value).map_err(|reason| FlagError::InvalidValue {
            name: flag.name.into(),
            value: value.into(),
            reason,
        })?;
        Ok(after)
    }
}

/// Why flags were refused, in the original's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// No such flag.
    #[error("flag provided but not defined: -{name}")]
    Unknown {
        /// Without dashes.
        name: String,
    },
    /// `-h` or `-help`, where no such flag exists.
    #[error("flag: help requested")]
    HelpRequested,
    /// The last argument is a flag that needs a value.
    #[error("flag needs an argument: -{name}")]
    MissingValue {
        /// Without dashes.
        name: String,
    },
    /// Not a number, or too large a one.
    #[error("invalid value {} for flag -{name}: {reason}", quote::quoted(.value))]
    InvalidValue {
        /// Without dashes.
        name: String,
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: NumberError,
    },
    /// Not one of the words for true and false.
    #[error("invalid boolean value {} for -{name}: {reason}", quote::quoted(.value))]
    InvalidSwitch {
        /// Without dashes.
        name: String,
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: NumberError,
    },
    /// Three dashes, or no name.
    #[error("bad flag syntax: {argument}")]
    BadSyntax {
        /// The whole argument.
        argument: String,
    },
}

impl Slot<'_> {
    fn set(&mut self, value: &str) -> Result<(), NumberError> {
        match self {
            Self::Text(text) => value.clone_into(text),
            Self::List(list) => list.push(value.to_owned()),
            Self::Switch(switch) => **switch = number::switch(value)?,
            Self::Float(float) => **float = number::float(value)?,
            Self::Integer(integer) => **integer = number::integer(value)?,
        }
        Ok(())
    }
}

/// An argument that is a flag.
struct Flag<'a> {
    name: &'a str,
    /// What stands behind `=`.
    value: Option<&'a str>,
}

impl<'a> Flag<'a> {
    /// Takes a flag off the front, if one is there.
    fn split(arguments: &'a [String]) -> Result<Option<(Self, &'a [String])>, FlagError> {
        let Some((first, after)) = arguments.split_first() else { return Ok(None) };
        let Some(text) = first.strip_prefix('-') else { return Ok(None) };
        if text.is_empty() || text == "-" {
            return Ok(None);
        }
        let text = text.strip_prefix('-').unwrap_or(text);
        if text.starts_with(['-', '=']) {
            return Err(FlagError::BadSyntax { argument: first.clone() });
        }
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        Ok(Some((Self { name, value }, after)))
    }

    fn unknown(&self) -> FlagError {
        match self.name {
            "h" | "help" => FlagError::HelpRequested,
            name => FlagError::Unknown { name: name.to_owned() },
        }
    }
}

fn skip_terminator(rest: &[String]) -> &[String] {
    match rest.split_first() {
        Some((first, after)) if first == "--" => after,
        _ => rest,
    }
}

#[cfg(test)]
mod tests;
