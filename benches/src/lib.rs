//! Inputs of the benches: always the same, made when they are needed.

use mig_core::{
    action::{Action, Operation},
    json,
    sign::{KeyAlgorithm, Keyring, SecretKey, Signer},
    time::Time,
};
use std::{fs, io, path::Path, time::Duration};

/// Makes `directories` folders with `files` files each, every file `bytes` long: lines of pseudo-random words.
///
/// # Errors
/// If the disk is full.
pub fn tree(root: &Path, directories: usize, files: usize, bytes: usize) -> io::Result<()> {
    let mut seed = 1_u64;
    for directory in 0..directories {
        let folder = root.join(format!("d{directory}"));
        fs::create_dir_all(&folder)?;
        for file in 0..files {
            let mut text = String::with_capacity(bytes + 16);
            while text.len() < bytes {
                // The generator of Knuth's MMIX: fast, and the same everywhere.
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(&format!("{:x}{}", seed >> 40, if seed >> 61 == 0 { '\n' } else { ' ' }));
            }
            text.truncate(bytes);
            fs::write(folder.join(format!("f{file}.txt")), text)?;
        }
    }
    Ok(())
}

/// A signed action that looks for one file, and a keyring of `keys` keys, its signer's in the middle.
///
/// # Errors
/// If a key can not be made.
pub fn signed_action(
    algorithm: KeyAlgorithm,
    keys: usize,
) -> Result<(Action, Keyring), Box<dyn std::error::Error>> {
    let mut keyring = Keyring::default();
    let mut signer = None;
    for index in 0..keys {
        let key = SecretKey::generate(&format!("Investigator {index}"), algorithm, None)?;
        keyring.add(&key.public_armored()?)?;
        if index == keys / 2 {
            signer = Some(key);
        }
    }
    let now = Time::now().whole_seconds();
    let mut action = Action {
        name: "bench".to_owned(),
        target: "all".to_owned(),
        valid_from: now,
        expire_after: now.plus(Duration::from_secs(3600)),
        operations: Some(vec![Operation {
            module: "file".to_owned(),
            parameters: json::from_str(r#"{"searches":{"s1":{"paths":["/etc"],"names":["^passwd$"]}}}"#)?,
            ..Operation::default()
        }]),
        syntax_version: 2,
        ..Action::default()
    };
    let signer = signer.ok_or("a keyring needs a key")?;
    action.signatures = Some(vec![signer.sign(action.signing_string()?.as_bytes())?]);
    Ok((action, keyring))
}
