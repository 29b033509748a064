//! Parameters that travel compressed: base64 of gzip of JSON.

use super::Operation;
use crate::{
    json::{self, Value},
    limits,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, bufread::MultiGzDecoder, write::GzEncoder};
use std::io::{self, Write};

/// Why parameters could not be compressed or expanded.
#[derive(Debug, thiserror::Error)]
pub enum CompressionError {
    /// The parameters of a compressed operation are not text.
    #[error("Compressed parameter was not a string")]
    NotText,
    /// Not base64 with padding.
    #[error("illegal base64 data: {0}")]
    Base64(#[from] base64::DecodeError),
    /// Not gzip, or more than [`limits::MAX_PARAMETERS_BYTES`] after expansion.
    #[error("gzip: {0}")]
    Gzip(#[from] io::Error),
    /// The expanded text is not JSON.
    #[error(transparent)]
    Json(#[from] json::Error),
}

impl Operation {
    /// Compresses the parameters if the author wishes it and they are not yet. Must come before signing.
    ///
    /// # Errors
    /// If the parameters can not be JSON.
    pub fn compress(&mut self) -> Result<(), CompressionError> {
        if self.is_compressed || !self.want_compressed {
            return Ok(());
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(json::to_string(&self.parameters)?.as_bytes())?;
        self.parameters = Value::String(STANDARD.encode(encoder.finish()?));
        self.is_compressed = true;
        Ok(())
    }

    /// The parameters as the module reads them, expanded under a limit. Must come after verifying.
    ///
    /// # Errors
    /// [`CompressionError`] if the compressed text is not what it says, or too large.
    pub fn expanded_parameters(&self) -> Result<Value, CompressionError> {
        if !self.is_compressed {
            return Ok(self.parameters.clone());
        }
        let Value::String(text) = &self.parameters else { return Err(CompressionError::NotText) };
        let packed = json::decode_base64(text)?;
        let expanded = limits::read(MultiGzDecoder::new(packed.as_slice()), limits::MAX_PARAMETERS_BYTES)?;
        Ok(json::from_slice_within(&expanded, limits::MAX_ACTION_VALUES)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_with_too_many_values_are_refused() {
        let list = Value::List(vec![Value::Null; limits::MAX_ACTION_VALUES + 1]);
        let mut operation = Operation { parameters: list, want_compressed: true, ..Operation::default() };
        operation.compress().unwrap();
        let error = operation.expanded_parameters().unwrap_err().to_string();
        assert!(error.contains("more than 262144 values"), "{error}");
    }

    #[test]
    fn a_gzip_bomb_is_refused_at_the_limit() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let zeros = vec![b' '; 1 << 20];
        for _ in 0..40 {
            encoder.write_all(&zeros).unwrap();
        }
        let operation = Operation {
            parameters: Value::String(STANDARD.encode(encoder.finish().unwrap())),
            is_compressed: true,
            ..Operation::default()
        };
        let error = operation.expanded_parameters().unwrap_err().to_string();
        assert!(error.contains("larger than"), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn compressed_parameters_expand_again(text in ".{0,200}", number in -1e15..1e15) {
            let parameters = Value::List(vec![Value::from(text), Value::Number(number)]);
            let mut operation = Operation { parameters: parameters.clone(), want_compressed: true, ..Operation::default() };
            operation.compress().unwrap();
            prop_assert!(operation.is_compressed);
            prop_assert_eq!(operation.expanded_parameters().unwrap(), parameters);
        }
    }
}
