//! Times as Postgres holds them: microseconds, `timestamptz`.

use crate::time::{micros, micros_if_set, micros_of, time, time_if_set};
use mig_core::time::Time;
use sqlx::{
    Decode, Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::types::Oid,
    postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef},
};
use std::time::SystemTime;

/// The first moment of 2000, where Postgres begins to count, in microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;

/// The first moments of years, in microseconds since 1970.
const YEAR_0: i64 = -62_167_219_200_000_000;
const YEAR_100: i64 = -59_011_459_200_000_000;
const YEAR_9998: i64 = 253_339_228_800_000_000;
const YEAR_10000: i64 = 253_402_300_800_000_000;

/// The types by number, as in each Postgres. By name the driver would ask the server for them between preparing a statement
/// and running it, and a statement that is not kept would be gone by then.
const TIMESTAMPTZ: Oid = Oid(1184);
const TIMESTAMPTZ_ARRAY: Oid = Oid(1185);

/// Microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(i64);

impl Moment {
    /// For clocks.
    pub(super) fn at(time: SystemTime) -> Self {
        Self(micros(time))
    }

    /// For microseconds since 1970.
    pub(super) const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// For documents. The offset from UTC is not kept; no signature covers it.
    pub(super) fn of(time: Time) -> Self {
        Self(micros_of(time))
    }

    /// For documents where the zero time means "not yet".
    pub(super) fn if_set(time: Time) -> Option<Self> {
        micros_if_set(time).map(Self)
    }

    /// Back from the database.
    pub(super) fn time(self) -> Time {
        time(self.0)
    }

    /// Back from the database, where NULL means "not yet".
    pub(super) fn time_if_set(moment: Option<Self>) -> Time {
        time_if_set(moment.map(|moment| moment.0))
    }

    /// The nearest moment that documents can write: in the years 0 to 9999.
    pub(super) fn writable(self) -> Self {
        Self(self.0.clamp(YEAR_0, YEAR_10000 - 1))
    }

    /// True for what the original stores for "not yet": a moment in the year 11, or in 9998.
    pub(super) fn is_placeholder(self) -> bool {
        self.0 < YEAR_100 || self.0 >= YEAR_9998
    }

    /// The difference, in microseconds.
    pub(super) fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Type<Postgres> for Moment {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ)
    }
}

impl PgHasArrayType for Moment {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ_ARRAY)
    }
}

impl Encode<'_, Postgres> for Moment {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode(self.0.saturating_sub(EPOCH), buffer)
    }
}

impl<'r> Decode<'r, Postgres> for Moment {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => {
                let counted: i64 = Decode::<Postgres>::decode(value)?;
                Ok(Self(counted.saturating_add(EPOCH)))
            }
            PgValueFormat::Text => Err("a time came as text".into()),
        }
    }
}
