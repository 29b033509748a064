//! Parameters, checked before anything is touched.

use super::wire::Parameters;
use crate::{parameters, scan::clean};
use mig_core::{json::Value, module::ParamsError};
use std::path::{Path, PathBuf};

/// Checked parameters.
#[derive(Debug)]
pub(super) struct Params {
    /// Files and directories to look into; empty for the homes of users.
    pub(super) paths: Vec<PathBuf>,
    /// Levels of directories, 1 is the files right in a path.
    pub(super) max_depth: u64,
}

impl Params {
    /// Checks parameters.
    pub(super) fn parse(params: &Value) -> Result<Self, ParamsError> {
        let parameters: Parameters = parameters::read(params)?;
        Self::check(parameters)
    }

    /// Checks decoded parameters.
    pub(super) fn check(parameters: Parameters) -> Result<Self, ParamsError> {
        let max_depth = u64::try_from(parameters.max_depth).ok().filter(|depth| *depth <= MAX_DEPTH);
        let max_depth = max_depth.ok_or_else(|| ParamsError {
            reason: format!("maxdepth should be specified from 0-{MAX_DEPTH}"),
            place: Some(format!("maxdepth '{}'", parameters.max_depth)),
        })?;
        let paths = parameters.paths.unwrap_or_default();
        if let Some(empty) = paths.iter().position(String::is_empty) {
            return Err(ParamsError {
                reason: "a search path is empty".to_owned(),
                place: Some(format!("paths[{empty}]")),
            });
        }
        Ok(Self {
            paths: paths.iter().map(|path| clean(Path::new(path))).collect(),
            max_depth: if max_depth == 0 { DEFAULT_DEPTH } else { max_depth },
        })
    }
}

const MAX_DEPTH: u64 = 1000;
const DEFAULT_DEPTH: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::json;

    fn parse(text: &str) -> Result<Params, ParamsError> {
        Params::parse(&json::from_slice(text.as_bytes()).unwrap())
    }

    #[test]
    fn no_depth_is_eight_levels() {
        assert_eq!(parse("{}").unwrap().max_depth, 8);
        assert_eq!(parse(r#"{"MaxDepth":1000}"#).unwrap().max_depth, 1000);
        assert_eq!(Params::parse(&Value::Null).unwrap().max_depth, 8);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        for (text, reason) in [
            (r#"{"maxdepth":1001}"#, "maxdepth '1001': maxdepth should be specified from 0-1000"),
            (r#"{"maxdepth":-1}"#, "maxdepth '-1': maxdepth should be specified from 0-1000"),
            (r#"{"paths":["/a",""]}"#, "paths[1]: a search path is empty"),
        ] {
            assert_eq!(format!("{:#}", parse(text).unwrap_err()), reason);
        }
        for text in [r#"{"maxdepth":12.5}"#, r#"{"maxdepth":"3"}"#, r#"{"paths":"/root"}"#] {
            assert!(parse(text).unwrap_err().reason.starts_with("ReadInputParameters() -> "), "{text}");
        }
    }
}
