//! From parameters as they travel to queries that can run, or to the first error.

use crate::{
    file::{
        check::{self, CheckError, MAX_EXPRESSIONS_BYTES},
        wire::{Options, Parameters, Search},
    },
    parameters,
    scan::{Algorithm, Combine, Filter, Query, Test, clean},
};
use mig_core::{json::Value, module::ParamsError};
use std::path::{Path, PathBuf};

/// Parameters that were checked completely.
#[derive(Clone, Debug, Default)]
pub struct Params {
    /// By label.
    pub(super) searches: Vec<LabelledSearch>,
    /// Soft errors that are returned; `None` has no limit.
    pub(super) max_errors: Option<usize>,
}

/// One search, and what its results say of it.
#[derive(Clone, Debug)]
pub(super) struct LabelledSearch {
    pub(super) label: String,
    /// The search as results repeat it: paths cleaned, limits gone.
    pub(super) echo: Search,
    pub(super) query: Query,
    /// For each filter of the query a search with nothing but its value.
    pub(super) checks: Vec<Search>,
}

impl Params {
    /// Checks parameters.
    ///
    /// # Errors
    /// The first error in the order of labels, in the words of the original.
    pub fn parse(params: &Value) -> Result<Self, ParamsError> {
        let parameters: Parameters = parameters::read(params)?;
        let mut params = Self::default();
        let mut late = None;
        let mut max_errors = 0;
        let mut room = Room::default();
        for (label, search) in parameters.searches {
            let search = search.unwrap_or_default();
            max_errors = max_errors.max(limit(search.options.max_errors.trunc()).unwrap_or(0));
            match labelled(label.clone(), search, &mut room) {
                Ok(search) => params.searches.push(search),
                // Errors of validation come first, also those of later searches.
                Err(error) if error.is_late() => late = late.or(Some(error.in_search(&label))),
                Err(error) => return Err(error.in_search(&label)),
            }
        }
        params.max_errors = Some(max_errors).filter(|limit| *limit > 0);
        late.map_or(Ok(params), Err)
    }

    /// The queries of the searches.
    pub(crate) fn queries(&self) -> impl Iterator<Item = &Query> {
        self.searches.iter().map(|search| &search.query)
    }

    /// Soft errors that are returned; `None` has no limit.
    #[cfg(feature = "yara")]
    pub(crate) fn max_errors(&self) -> Option<usize> {
        self.max_errors
    }
}

/// Why a search is refused.
#[derive(Debug, thiserror::Error)]
enum SearchError {
    #[error("empty labels are not permitted")]
    EmptyLabel,
    #[error("The syntax of label '{0}' is invalid. Must match regex ^([a-zA-Z0-9_-]|.){{1,64}}$")]
    Label(String),
    #[error("invalid empty search path, must have at least one search path")]
    NoPath,
    #[error("empty filters are not permitted")]
    EmptyMismatch,
    #[error(
        "The syntax of filter '{0}' is invalid. Must match regex ^(name|size|mode|mtime|content|md5|sha1|sha2|sha3)$"
    )]
    Mismatch(String),
    #[error("{source}")]
    Check {
        /// Name of the flag.
        kind: &'static str,
        value: String,
        source: CheckError,
    },
}

impl SearchError {
    /// Passed the original's validation.
    fn is_late(&self) -> bool {
        matches!(self, Self::Check { source: CheckError::Late(_) | CheckError::TooLarge, .. })
    }

    fn in_search(&self, label: &str) -> ParamsError {
        let place = match self {
            Self::Check { kind, value, .. } => format!("search '{label}', {kind} '{value}'"),
            _ => format!("search '{label}'"),
        };
        ParamsError { reason: self.to_string(), place: Some(place) }
    }
}

/// Memory that is left for compiled expressions, in bytes.
struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(MAX_EXPRESSIONS_BYTES)
    }
}

impl Room {
    fn admit(&mut self, check: Check) -> Result<Check, CheckError> {
        if let Test::Name(pattern) | Test::Mode(pattern) | Test::Content(pattern) = &check.test {
            self.0 = self.0.checked_sub(pattern.memory_usage()).ok_or(CheckError::TooLarge)?;
        }
        Ok(check)
    }
}

fn labelled(label: String, mut search: Search, room: &mut Room) -> Result<LabelledSearch, SearchError> {
    check_label(&label)?;
    let paths = search.paths.take().filter(|paths| !paths.is_empty()).ok_or(SearchError::NoPath)?;
    let paths: Vec<PathBuf> = paths.iter().map(|path| clean(Path::new(path))).collect();
    search.paths = Some(paths.iter().map(|path| path.display().to_string()).collect());
    let mismatch = search.options.mismatch.clone().unwrap_or_default();
    let mut late = None;
    let mut filters = Vec::new();
    let mut checks = Vec::new();
    for kind in &KINDS {
        let mismatch = mismatch.iter().any(|name| name == kind.mismatch);
        for value in (kind.values)(&search) {
            match (kind.check)(value).and_then(|check| room.admit(check)) {
                Ok(Check { test, negated, echo }) => {
                    filters.push(Filter { test, negated, mismatch });
                    let mut check = Search::default();
                    (kind.values_mut)(&mut check).push(echo);
                    checks.push(check);
                }
                Err(source) => {
                    let error = SearchError::Check { kind: kind.field, value: value.clone(), source };
                    if !error.is_late() {
                        return Err(error);
                    }
                    late = late.or(Some(error));
                }
            }
        }
    }
    check_mismatch(&mismatch)?;
    if let Some(error) = late {
        return Err(error);
    }
    let query = query(&search.options, paths, filters);
    let options = Options { max_depth: 0.0, max_errors: 0.0, match_limit: 0.0, ..search.options };
    Ok(LabelledSearch { label, echo: Search { options, ..search }, query, checks })
}

fn check_label(label: &str) -> Result<(), SearchError> {
    match label.chars().count() {
        0 => Err(SearchError::EmptyLabel),
        1..=64 if !label.contains('\n') => Ok(()),
        _ => Err(SearchError::Label(label.to_owned())),
    }
}

fn check_mismatch(names: &[String]) -> Result<(), SearchError> {
    match names.iter().find(|name| !KINDS.iter().any(|kind| kind.mismatch == **name)) {
        None => Ok(()),
        Some(name) if name.is_empty() => Err(SearchError::EmptyMismatch),
        Some(name) => Err(SearchError::Mismatch(name.clone())),
    }
}

fn query(options: &Options, paths: Vec<PathBuf>, filters: Vec<Filter>) -> Query {
    Query {
        paths,
        // Fractions are cut off: less than one level is nothing, but no number is no limit.
        max_depth: limit(options.max_depth).map(|_| whole(options.max_depth)),
        foreign_file_systems: options.remote_fs,
        combine: if options.match_all { Combine::All } else { Combine::Any },
        filters,
        every_line: options.all_lines,
        decompress: options.decompress,
        limit: limit(options.match_limit.ceil()),
        return_sha256: options.return_sha256,
    }
}

/// Cuts the fraction off.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; large ones saturate")]
fn whole(number: f64) -> u64 {
    number.trunc() as u64
}

/// A limit as the original counts: nothing is no limit; so is what makes no sense.
fn limit(number: f64) -> Option<usize> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive; large ones saturate"
    )]
    (number.is_finite() && number > 0.0).then_some(number as usize)
}

/// A value that was understood.
struct Check {
    test: Test,
    negated: bool,
    /// The value as results repeat it.
    echo: String,
}

/// One list of values of a search.
struct Kind {
    /// The name of the list.
    field: &'static str,
    /// The name in `options.mismatch`.
    mismatch: &'static str,
    values: fn(&Search) -> &Vec<String>,
    values_mut: fn(&mut Search) -> &mut Vec<String>,
    check: fn(&str) -> Result<Check, CheckError>,
}

macro_rules! kind {
    ($field:ident, $mismatch:literal, $check:expr) => {
        Kind {
            field: stringify!($field),
            mismatch: $mismatch,
            values: |search| &search.$field,
            values_mut: |search| &mut search.$field,
            check: $check,
        }
    };
}

/// All kinds, in the order in which values are checked and results are given.
static KINDS: [Kind; 16] = [
    kind!(contents, "content", |value| {
        let (pattern, negated) = check::pattern(value)?;
        Ok(Check { test: Test::Content(pattern), negated, echo: value.to_owned() })
    }),
    kind!(names, "name", |value| {
        let (pattern, negated) = check::pattern(value)?;
        Ok(Check { test: Test::Name(pattern), negated, echo: value.to_owned() })
    }),
    kind!(sizes, "size", |value| plain(Test::Size(check::size(value)?), value)),
    kind!(modes, "mode", |value| plain(Test::Mode(check::mode(value)?), value)),
    kind!(mtimes, "mtime", |value| plain(Test::Modified(check::age(value)?), value)),
    kind!(md5, "md5", |value| digest(value, &[Algorithm::Md5])),
    kind!(sha1, "sha1", |value| digest(value, &[Algorithm::Sha1])),
    kind!(sha2, "sha2", |value| digest(value, SHA2)),
    kind!(sha256, "sha2", |value| digest(value, &[Algorithm::Sha256])),
    kind!(sha384, "sha2", |value| digest(value, &[Algorithm::Sha384])),
    kind!(sha512, "sha2", |value| digest(value, &[Algorithm::Sha512])),
    kind!(sha3, "sha3", |value| digest(value, SHA3)),
    kind!(sha3_224, "sha3", |value| digest(value, &[Algorithm::Sha3_224])),
    kind!(sha3_256, "sha3", |value| digest(value, &[Algorithm::Sha3_256])),
    kind!(sha3_384, "sha3", |value| digest(value, &[Algorithm::Sha3_384])),
    kind!(sha3_512, "sha3", |value| digest(value, &[Algorithm::Sha3_512])),
];

const SHA2: &[Algorithm] = &[Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];
const SHA3: &[Algorithm] =
    &[Algorithm::Sha3_224, Algorithm::Sha3_256, Algorithm::Sha3_384, Algorithm::Sha3_512];

fn plain(test: Test, value: &str) -> Result<Check, CheckError> {
    Ok(Check { test, negated: false, echo: value.to_owned() })
}

fn digest(value: &str, algorithms: &[Algorithm]) -> Result<Check, CheckError> {
    let (test, echo) = check::digest(value, algorithms)?;
    Ok(Check { test, negated: false, echo })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Pattern;
    use mig_core::json;
    use proptest::prelude::*;

    fn parse(search: &str) -> Result<Params, ParamsError> {
        let text = format!(r#"{{"searches":{{"s1":{search}}}}}"#);
        Params::parse(&json::from_slice(text.as_bytes()).unwrap())
    }

    fn error(search: &str) -> String {
        parse(search).unwrap_err().reason
    }

    #[test]
    fn errors_come_in_the_order_of_the_kinds() {
        assert_eq!(
            error(r#"{"paths":["/"],"md5":["x"],"sizes":["x"]}"#),
            "Invalid size format for size 'x'. Must match regex ^(<|>)?[0-9]*(k|m|g|t)?$"
        );
        assert_eq!(
            error(r#"{"paths":["/"],"sizes":["<"],"options":{"mismatch":["nose"]}}"#),
            "The syntax of filter 'nose' is invalid. Must match regex ^(name|size|mode|mtime|content|md5|sha1|sha2|sha3)$",
            "validation comes before making checks"
        );
        assert_eq!(error("null"), "invalid empty search path, must have at least one search path");
    }

    #[test]
    fn a_wrong_type_has_the_prefix_of_the_original() {
        for parameters in [r#"{"searches":[]}"#, "5", r#"{"searches":{"s":{"paths":"x"}}}"#] {
            let error = Params::parse(&json::from_slice(parameters.as_bytes()).unwrap()).unwrap_err();
            assert!(error.reason.starts_with("ReadInputParameters() -> "), "{error}");
        }
    }

    #[test]
    fn errors_know_their_place() {
        let place = |search| format!("{:#}", parse(search).unwrap_err());
        assert!(
            place(r#"{"paths":["/"],"sizes":["<"]}"#).starts_with("search 's1', sizes '<': makeChecks()")
        );
        assert!(place(r#"{"paths":["/"],"names":[""]}"#).starts_with("search 's1', names '': Empty values"));
        assert!(place("null").starts_with("search 's1': invalid empty search path"));
    }

    #[test]
    fn all_expressions_together_have_one_limit() {
        let search = Search {
            paths: Some(vec!["/".to_owned()]),
            names: vec!["name".to_owned(), "[ab]{500}".to_owned()],
            contents: vec!["[ab]{500}".to_owned()],
            modes: vec!["[ab]{500}".to_owned()],
            ..Search::default()
        };
        let one = Pattern::new("[ab]{500}").unwrap().memory_usage();
        let error = |search: &Search, bytes| {
            let refused = labelled("s1".to_owned(), search.clone(), &mut Room(bytes)).err();
            refused.map(|error| format!("{:#}", error.in_search("s1")))
        };
        assert_eq!(error(&search, 4 * one), None);
        let text = "the expressions take more than 268435456 bytes together";
        assert_eq!(error(&search, 3 * one), Some(format!("search 's1', modes '[ab]{{500}}': {text}")));
        assert_eq!(error(&search, 2 * one), Some(format!("search 's1', names '[ab]{{500}}': {text}")));
        let invalid = Search { sizes: vec!["x".to_owned()], ..search };
        assert!(error(&invalid, 0).unwrap().contains("Invalid size format"), "validation comes first");
    }

    #[test]
    fn hundreds_of_huge_expressions_are_refused_before_all_are_kept() {
        let names = vec![r#""\\pL{60}""#; 300].join(",");
        let error = format!("{:#}", parse(&format!(r#"{{"paths":["/"],"names":[{names}]}}"#)).unwrap_err());
        assert!(error.contains(r"names '\pL{60}': the expressions take more than"), "{error}");
    }

    #[test]
    fn labels_are_counted_in_characters() {
        assert!(check_label(&"é".repeat(64)).is_ok());
        assert!(check_label(&"é".repeat(65)).is_err());
        assert!(check_label("a\nb").is_err());
    }

    #[test]
    fn limits_that_make_no_sense_are_none() {
        let depth = |number: &str| {
            let search = format!(r#"{{"paths":["/"],"options":{{"maxdepth":{number}}}}}"#);
            parse(&search).unwrap().searches[0].query.max_depth
        };
        let depths = ["0", "-1", "0.5", "1", "2.9", "1e300"].map(depth);
        assert_eq!(depths, [None, None, Some(0), Some(1), Some(2), Some(u64::MAX)]);
    }

    #[test]
    fn each_value_has_a_check_under_the_key_it_came_in() {
        let digest = "ab".repeat(32);
        let params = parse(&format!(
            r#"{{"paths":["/a/"],"sha256":["{digest}"],"sha2":["{digest}"],"names":["!x"]}}"#
        ));
        let search = params.unwrap().searches.remove(0);
        let separator = std::path::MAIN_SEPARATOR;
        assert_eq!(search.echo.paths, Some(vec![format!("{separator}a")]));
        assert_eq!(search.checks[0].names, ["!x"]);
        assert_eq!(search.checks[1].sha2, [digest.to_uppercase()]);
        assert_eq!(search.checks[2].sha256, [digest.to_uppercase()]);
        assert_eq!(search.echo.sha256, [digest]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_values_are_queries_or_an_error(value in "\\PC{0,8}", number in any::<f64>()) {
            let search = Search {
                paths: Some(vec![value.clone()]),
                names: vec![value.clone()],
                sizes: vec![value.clone()],
                options: Options { max_depth: number, mismatch: Some(vec![value.clone()]), ..Options::default() },
                ..Search::default()
            };
            let _labelled = labelled(value, search, &mut Room::default());
        }
    }
}
