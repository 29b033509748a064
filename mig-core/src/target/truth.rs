//! Three-valued logic, for a judge who does not know everything.

use std::{
    fmt,
    ops::{BitAnd, BitOr, Not},
};

/// The outcomes that a condition may have: one of SQL's three if all is known, several if not.
///
/// A set rather than a fourth value, because `NULL AND unknown` is not known and yet surely not true: an agent without
/// the tag must refuse `tags->>'site' = 'x' AND status = 'online'`, whatever its status.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Truth {
    maybe_true: bool,
    maybe_false: bool,
    maybe_null: bool,
}

impl Truth {
    /// It holds.
    pub const TRUE: Self = Self { maybe_true: true, maybe_false: false, maybe_null: false };
    /// It does not hold.
    pub const FALSE: Self = Self { maybe_true: false, maybe_false: true, maybe_null: false };
    /// SQL's NULL: a value is missing; such an agent is not targeted.
    pub const NULL: Self = Self { maybe_true: false, maybe_false: false, maybe_null: true };
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { maybe_true: true, maybe_false: true, maybe_null: true };
    /// Nothing is known but that it is not NULL.
    pub const TRUE_OR_FALSE: Self = Self { maybe_true: true, maybe_false: true, maybe_null: false };

    /// True if the condition holds for sure: the agent is targeted.
    #[must_use]
    pub fn is_true(self) -> bool {
        self == Self::TRUE
    }

    /// True if the condition surely does not hold: the agent must refuse the action.
    #[must_use]
    pub fn refuses(self) -> bool {
        !self.maybe_true
    }

    /// True if more than one outcome is possible.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        ![Self::TRUE, Self::FALSE, Self::NULL].contains(&self)
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::TRUE } else { Self::FALSE }
    }
}

impl Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        Self { maybe_true: self.maybe_false, maybe_false: self.maybe_true, ..self }
    }
}

impl BitAnd for Truth {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self {
            maybe_true: self.maybe_true && other.maybe_true,
            maybe_false: self.maybe_false || other.maybe_false,
            maybe_null: self.maybe_null && (other.maybe_null || other.maybe_true)
                || other.maybe_null && self.maybe_true,
        }
    }
}

impl BitOr for Truth {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        !(!self & !other)
    }
}

impl fmt::Debug for Truth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(self.maybe_true, "true"), (self.maybe_false, "false"), (self.maybe_null, "null")];
        let names: Vec<_> =
            names.into_iter().filter_map(|(possible, name)| possible.then_some(name)).collect();
        formatter.write_str(&names.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::Truth;

    const CERTAIN: [Truth; 3] = [Truth::FALSE, Truth::NULL, Truth::TRUE];

    fn all() -> impl Iterator<Item = Truth> {
        (1..8).map(|bits| Truth {
            maybe_true: bits & 1 != 0,
            maybe_false: bits & 2 != 0,
            maybe_null: bits & 4 != 0,
        })
    }

    fn possible(truth: Truth) -> impl Iterator<Item = usize> {
        let flags = [truth.maybe_false, truth.maybe_null, truth.maybe_true];
        (0..3).filter(move |&place| flags[place])
    }

    fn union(left: Truth, right: Truth) -> Truth {
        Truth {
            maybe_true: left.maybe_true || right.maybe_true,
            maybe_false: left.maybe_false || right.maybe_false,
            maybe_null: left.maybe_null || right.maybe_null,
        }
    }

    /// SQL's tables are minimum and maximum over `false < null < true`.
    #[test]
    fn and_and_or_are_minimum_and_maximum_over_every_possible_pair() {
        for left in all() {
            for right in all() {
                let pairs: Vec<_> =
                    possible(left).flat_map(|a| possible(right).map(move |b| (a, b))).collect();
                let minimum = pairs.iter().map(|&(a, b)| CERTAIN[a.min(b)]).reduce(union).unwrap();
                let maximum = pairs.iter().map(|&(a, b)| CERTAIN[a.max(b)]).reduce(union).unwrap();
                assert_eq!(left & right, minimum, "{left:?} and {right:?}");
                assert_eq!(left | right, maximum, "{left:?} or {right:?}");
            }
        }
    }

    #[test]
    fn null_and_unknown_is_surely_not_true_but_its_opposite_may_be() {
        let both = Truth::NULL & Truth::UNKNOWN;
        assert!(both.refuses() && both.is_unknown());
        assert!(!(!both).refuses());
    }

    #[test]
    fn not_twice_is_nothing() {
        assert!(all().all(|truth| !!truth == truth));
    }
}
