//! From values of the original to ours. What does not fit gives the text of a remark.

use super::super::{failure::Failure, moment::Moment};
use mig_core::json;
use serde::de::DeserializeOwned;
use sqlx::{Row, postgres::PgRow};
use std::collections::BTreeSet;

/// Ids of rows that were taken.
pub(super) type Ids = BTreeSet<i64>;

/// 2^63, the first number that a column can not hold.
const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;

/// An id as we look rows up. The original holds ids as floating-point numbers, and writes the shortest digits that name them:
/// above 2^53 the number itself is another one.
pub(super) fn id(text: Option<&str>) -> Option<i64> {
    let number: f64 = text?.parse().ok()?;
    let can_be_kept = number > 0.0 && number < TOO_LARGE && number.fract() == 0.0;
    if can_be_kept { format!("{number:.0}").parse().ok() } else { None }
}

/// A text; NULL is empty.
pub(super) fn text(row: &PgRow, column: &'static str) -> Result<String, Failure> {
    Ok(row.try_get::<Option<String>, _>(column)?.unwrap_or_default())
}

/// A time; `otherwise` stands for NULL.
pub(super) fn time(row: &PgRow, column: &'static str, otherwise: Moment) -> Result<Moment, Failure> {
    Ok(row.try_get::<Option<Moment>, _>(column)?.map_or(otherwise, Moment::writable))
}

/// A time; `None` for NULL and for the moments that mean "not yet".
pub(super) fn time_if_set(row: &PgRow, column: &'static str) -> Result<Option<Moment>, Failure> {
    Ok(row.try_get::<Option<Moment>, _>(column)?.filter(|moment| !moment.is_placeholder()))
}

/// A document; NULL is its default.
pub(super) fn document<T: DeserializeOwned + Default>(
    column: &'static str,
    text: Option<&str>,
) -> Result<T, String> {
    let Some(text) = text else { return Ok(T::default()) };
    json::from_str(text).map_err(|error| format!("{column} could not be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn ids_are_the_numbers_that_the_original_means() {
        assert_eq!(id(Some("28064280936472")), Some(28_064_280_936_472));
        assert_eq!(id(Some("28064280936472.0")), Some(28_064_280_936_472));
        assert_eq!(id(Some("6115472790658567000")), Some(6_115_472_790_658_567_168), "above 2^53");
        for odd in ["0", "-1", "1.5", "NaN", "Infinity", "9223372036854775808", "1e400", ""] {
            assert_eq!(id(Some(odd)), None, "{odd}");
        }
        assert_eq!(id(None), None);
    }
}
