//! Any file that may hold SSH keys: private, public, or lines of `authorized_keys`. What is found has fingerprints.
#![no_main]

use mig_modules::sshkey::keys::{KeyFile, PublicKey, read};

libfuzzer_sys::fuzz_target!(|content: &[u8]| {
    for name in ["id", "authorized_keys"] {
        let keys: Vec<PublicKey> = match read(name.as_ref(), content) {
            Some(KeyFile::Private { public, .. }) => public.into_iter().collect(),
            Some(KeyFile::Authorized { keys, .. }) => keys,
            Some(KeyFile::Public(key)) => vec![key],
            None => Vec::new(),
        };
        for key in keys {
            assert_eq!(key.md5_fingerprint().len(), 47);
            assert!(key.sha256_fingerprint().starts_with("SHA256:"));
        }
    }
});
