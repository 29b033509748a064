//! Signatures against their vectors: keys, lines, actions, manifests, by the original and by GnuPG.

#[path = "../common/mod.rs"]
mod common;

use common::{Suite, judge, refuses, same, text};
use mig_core::{
    acl::Acl,
    action::Action,
    json::{self, Value},
    manifest::ManifestResponse,
    sign::{Fingerprint, Keyring, Passphrase, SecretKey, Signer, line, rearmor_public_key},
    testing::vectors,
    time::Time,
    token,
};
use std::{
    fmt::Display,
    process::ExitCode,
    time::{Duration, SystemTime},
};

fn main() -> ExitCode {
    let mut suite = Suite::default();
    suite.family("signature_line.json", signature_line);
    suite.family("signed_actions.json", signed_action);
    suite.family("gpg_signatures.json", signed_action);
    suite.family("manifest_signatures.json", manifest);
    suite.family("api_tokens.json", api_token);
    suite.cases("keys".to_owned(), keys(), key);
    suite.run()
}

fn say(error: impl Display) -> String {
    error.to_string()
}

fn strings<'a>(case: &'a Value, field: &str) -> Vec<&'a str> {
    let list = case.get(field).and_then(Value::as_list).unwrap_or_default();
    list.iter().filter_map(Value::as_str).collect()
}

fn keyring(case: &Value) -> Result<Keyring, String> {
    let all = vectors::read("keys.json");
    let mut keyring = Keyring::default();
    for name in strings(case, "keyring") {
        let key = all.get("keys").and_then(|keys| keys.get(name)).ok_or_else(|| format!("no key {name}"))?;
        keyring.add(text(key, "public")?).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(keyring)
}

fn signature_line(case: &Value) -> Result<(), String> {
    let line = line::from_armor(text(case, "armored")?).map_err(say);
    if let Ok(line) = &line
        && !refuses(case)
    {
        // A line without a checksum can not be armored again.
        same(&line::to_armor(line).unwrap_or_default(), text(case, "rearmored")?)?;
    }
    judge(case, line, "line")
}

/// All signatures good, at least one. The keys have no expiry that lies between 2018 and now, but for those that the
/// cases are about.
fn signers(action: &Action, keyring: &Keyring) -> Result<Vec<Fingerprint>, String> {
    let message = action.signing_string().map_err(say)?;
    let signatures = action.signatures.as_deref().unwrap_or_default();
    if signatures.is_empty() {
        return Err("no signature".to_owned());
    }
    let verified = signatures.iter().map(|line| keyring.verify(message.as_bytes(), line, SystemTime::now()));
    verified.collect::<Result<_, _>>().map_err(say)
}

fn signed_action(case: &Value) -> Result<(), String> {
    let action: Action = json::from_str(text(case, "action")?).map_err(say)?;
    same(&action.signing_string().map_err(say)?, text(case, "signing_string")?)?;
    let signers = signers(&action, &keyring(case)?);
    match (text(case, "expect")?, &signers) {
        ("either", _) | ("fail", Err(_)) => {}
        ("ok", Ok(found)) => {
            let found: Vec<&str> = found.iter().map(Fingerprint::as_str).collect();
            same(&found.join(","), &strings(case, "expect_fingerprints").join(","))?;
        }
        (wanted, found) => return Err(format!("wanted {wanted}, found {found:?}")),
    }
    for check in case.get("acl_checks").and_then(Value::as_list).unwrap_or_default() {
        acl_check(check, &action, signers.as_deref())?;
    }
    Ok(())
}

fn acl_check(check: &Value, action: &Action, signers: Result<&[Fingerprint], &String>) -> Result<(), String> {
    let Some(expect) = check.get("expect").and_then(Value::as_str) else {
        // History of the version of 2015.
        return Ok(());
    };
    let only_keys = check.get("only_verify_pubkey") == Some(&Value::Bool(true));
    let acl = Acl::from_slice(text(check, "acl")?.as_bytes());
    let allowed = signers.is_ok_and(|signers| {
        let operations = action.operations.as_deref().unwrap_or_default();
        let permitted =
            |acl: Acl| operations.iter().all(|operation| acl.check(&operation.module, signers).is_ok());
        only_keys || acl.is_ok_and(permitted)
    });
    match expect {
        "either" => Ok(()),
        wanted => {
            same(if allowed { "allow" } else { "deny" }, wanted).map_err(|error| format!("acl: {error}"))
        }
    }
}

fn manifest(case: &Value) -> Result<(), String> {
    let response: ManifestResponse = json::from_str(text(case, "manifest_response")?).map_err(say)?;
    match (response.verify(&keyring(case)?, SystemTime::now()), refuses(case)) {
        (Err(_), true) => Ok(()),
        (Ok(signers), false) => {
            let wanted = json::to_string(&case.get("valid_signatures")).map_err(say)?;
            same(&signers.len().to_string(), &wanted)
        }
        (other, _) => Err(format!("{other:?}")),
    }
}

fn api_token(case: &Value) -> Result<(), String> {
    let now: Time = text(case, "now")?.parse().map_err(say)?;
    let window = match text(case, "window")? {
        "0s" => Duration::ZERO,
        minutes => Duration::from_secs(60 * minutes.trim_end_matches('m').parse::<u64>().map_err(say)?),
    };
    let checked = token::check(text(case, "token")?, &keyring(case)?, now.into(), window);
    match (text(case, "expect")?, checked) {
        ("either", _) | ("fail", Err(_)) => Ok(()),
        ("ok", Ok(signer)) => same(signer.as_str(), text(case, "fingerprint")?),
        (wanted, found) => Err(format!("wanted {wanted}, found {found:?}")),
    }
}

/// The keys, each with its name as id.
fn keys() -> Vec<Value> {
    let all = vectors::read("keys.json");
    let keys = all.get("keys").and_then(Value::as_map).cloned().unwrap_or_default();
    let named = keys.into_iter().filter_map(|(name, key)| {
        let mut fields = key.as_map()?.clone();
        fields.insert("id".to_owned(), Value::from(name));
        Some(Value::Map(fields))
    });
    named.collect()
}

/// Loads, names its fingerprint, and a signature by its secret half verifies.
fn key(case: &Value) -> Result<(), String> {
    let mut keyring = Keyring::default();
    let fingerprint = keyring.add(text(case, "public")?).map_err(say)?;
    same(&fingerprint.to_upper(), text(case, "fingerprint")?)?;
    let revoked = text(case, "id")?.ends_with("_revoked");
    if let Some(wanted) = case.get("reference_rearmored").and_then(Value::as_str).filter(|_| !revoked) {
        // The original loses revocations here; ours must not.
        same(&rearmor_public_key(text(case, "public")?).map_err(say)?, wanted)?;
    }
    let Ok(private) = text(case, "private") else { return Ok(()) };
    let passphrase =
        case.get("passphrase").and_then(Value::as_str).map(|text| Passphrase::from(text.to_owned()));
    if passphrase.is_some() {
        let locked = SecretKey::from_armored(private, None).map_err(say)?;
        locked.sign(b"x").err().ok_or("signed without its passphrase")?;
    }
    let signed = SecretKey::from_armored(private, passphrase.as_ref()).map_err(say)?.sign(b"a message");
    if text(case, "id")? == "heidi" {
        return signed.map_or(Ok(()), |_| Err("a key that has expired has signed".to_owned()));
    }
    let signer = keyring.verify(b"a message", &signed.map_err(say)?, SystemTime::now()).map_err(say)?;
    same(signer.as_str(), fingerprint.as_str())
}
