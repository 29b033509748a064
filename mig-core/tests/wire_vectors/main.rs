//! The wire format against its vectors, apart from signatures.

#[path = "../common/mod.rs"]
mod common;
mod documents;
mod forms_2015;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{Suite, judge, refuses, same, text};
use mig_core::{
    acl::Acl,
    action::{Action, Operation, SignedText},
    heartbeat::{Heartbeat, HeartbeatError},
    id::{ActionId, base36, first_of_original},
    json::{self, Value},
    loader,
    manifest::ManifestRecord,
    message::Message,
    permissions::Permissions,
    sign::Fingerprint,
    time::Time,
};
use std::{fmt::Display, io::BufReader, process::ExitCode};

fn main() -> ExitCode {
    let mut suite = Suite::default();
    suite.family("canonical_ops.json", canonical_operations);
    suite.family("float_format.json", float_format);
    suite.family("signing_string.json", signing_string);
    suite.family("acl.json", acl);
    suite.family("compressed_ops.json", compressed_operations);
    suite.family("documents.json", documents::document);
    suite.family("permissions.json", permissions);
    suite.family("ids.json", ids);
    suite.family("action_validate.json", action_validate);
    suite.family("heartbeat_validate.json", heartbeat_validate);
    suite.family("loader_keys.json", loader_keys);
    suite.family("key_hash.json", key_hash);
    suite.family("manifest_content.json", manifest_content);
    suite.family("modules/messages.json", messages);
    suite.cases("modules/formats (json and time)".to_owned(), json_and_time_formats(), formats);
    suite.run()
}

fn say(error: impl Display) -> String {
    error.to_string()
}

fn input(case: &Value) -> Result<Vec<u8>, String> {
    match case.get("input_b64").and_then(Value::as_str) {
        Some(packed) => STANDARD.decode(packed).map_err(say),
        None => Ok(text(case, "input")?.as_bytes().to_vec()),
    }
}

fn canonical_operations(case: &Value) -> Result<(), String> {
    let canonical = |text: &[u8]| -> Result<String, String> {
        let operations: Option<Vec<Operation>> = json::from_slice(text).map_err(say)?;
        json::to_string(&operations).map_err(say)
    };
    let output = canonical(&input(case)?);
    if let Ok(text) = &output {
        same(&canonical(text.as_bytes())?, text)?;
    }
    judge(case, output, "output")
}

fn float_format(case: &Value) -> Result<(), String> {
    let number: Value = json::from_str(text(case, "input")?).map_err(say)?;
    same(&json::to_string(&number).map_err(say)?, text(case, "output")?)?;
    let operation = Operation { parameters: number, ..Operation::default() };
    let action = Action { operations: Some(vec![operation]), ..Action::default() };
    let signed = SignedText::of(&action).map_err(say)?;
    let old = signed.old().unwrap_or(signed.as_str());
    let (_, written) = old.split_once("\"parameters\":").ok_or("no parameters")?;
    same(written, &format!("{}}}];", text(case, "legacy_output")?))
}

fn signing_string(case: &Value) -> Result<(), String> {
    let action = json::from_str::<Action>(text(case, "action")?).map_err(say);
    let signed = action.and_then(|action| action.signing_string().map_err(say));
    judge(case, signed, "signing_string")
}

fn acl(case: &Value) -> Result<(), String> {
    let loaded = Acl::from_slice(text(case, "acl")?.as_bytes());
    if refuses(case) {
        return if loaded.is_err() { Ok(()) } else { Err("loaded what must not load".to_owned()) };
    }
    let signers: Result<Vec<Fingerprint>, _> = case
        .get("fingerprints")
        .and_then(Value::as_list)
        .unwrap_or_default()
        .iter()
        .map(|fingerprint| fingerprint.as_str().unwrap_or_default().parse())
        .collect();
    let acl = loaded.map_err(say)?;
    let allowed = acl.check(text(case, "module")?, &signers.map_err(say)?).is_ok();
    match text(case, "expect")? {
        "either" => Ok(()),
        wanted => same(if allowed { "allow" } else { "deny" }, wanted),
    }
}

fn compressed_operations(case: &Value) -> Result<(), String> {
    let operation: Operation = json::from_str(text(case, "operation")?).map_err(say)?;
    let parameters = operation.expanded_parameters().map_err(say);
    judge(case, parameters.and_then(|value| json::to_string(&value).map_err(say)), "parameters_out")
}

fn number(case: &Value, field: &str) -> Result<u64, String> {
    let value = case.get(field).ok_or_else(|| format!("no '{field}'"))?;
    json::from_value::<ActionId>(value).map(ActionId::get).map_err(say)
}

fn permissions(case: &Value) -> Result<(), String> {
    let permissions = Permissions::from_mask(number(case, "mask")?);
    same(&json::to_string(&permissions).map_err(say)?, text(case, "permissions")?)?;
    same(&permissions.mask().to_string(), &number(case, "mask_back")?.to_string())?;
    same(&permissions.describe(), text(case, "descriptive")?)?;
    let granted = (0..19).map(|bit| 1_u64 << bit).filter(|bit| permissions.grant(*bit));
    let granted = Value::List(granted.map(|bit| Value::Number(bit as f64)).collect());
    same(
        &json::to_string(&granted).map_err(say)?,
        &json::to_string(&case.get("expect_granted")).map_err(say)?,
    )
}

fn ids(case: &Value) -> Result<(), String> {
    let first = first_of_original(text(case, "now")?.parse().map_err(say)?);
    same(&json::to_string(&ActionId::new(first)).map_err(say)?, text(case, "first")?)?;
    same(&json::to_string(&ActionId::new(first + 1)).map_err(say)?, text(case, "second")?)?;
    same(&ActionId::new(first).to_string(), text(case, "printed")?)?;
    same(&base36(first), text(case, "base36")?)
}

fn now(case: &Value) -> Result<Time, String> {
    text(case, "now")?.parse().map_err(say)
}

fn action_validate(case: &Value) -> Result<(), String> {
    let action: Action = json::from_str(text(case, "action")?).map_err(say)?;
    let valid = action.validate(now(case)?);
    if Some(&Value::Bool(valid.is_ok())) == case.get("valid") { Ok(()) } else { Err(format!("{valid:?}")) }
}

fn heartbeat_validate(case: &Value) -> Result<(), String> {
    let heartbeat: Heartbeat = json::from_str(text(case, "heartbeat")?).map_err(say)?;
    match (heartbeat.validate(now(case)?), case.get("missing"), case.get("message")) {
        (Ok(()), None, None) => Ok(()),
        (Err(HeartbeatError::Missing(fields)), Some(Value::List(wanted)), _) => {
            let wanted: Vec<_> = wanted.iter().filter_map(Value::as_str).collect();
            same(&fields.join(","), &wanted.join(","))
        }
        (Err(error), _, Some(Value::String(message))) => same(&error.to_string(), message),
        (outcome, ..) => Err(format!("{outcome:?}")),
    }
}

fn loader_keys(case: &Value) -> Result<(), String> {
    let key = text(case, "key")?;
    for (field, found) in [
        ("prefix_ok", loader::check_prefix(key).is_ok()),
        ("key_ok", loader::check_key(key).is_ok()),
        ("prefix_and_key_ok", loader::split_loader_key(key).is_ok()),
    ] {
        if case.get(field) != Some(&Value::Bool(found)) {
            return Err(format!("{field} is {found}"));
        }
    }
    Ok(())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key_hash(case: &Value) -> Result<(), String> {
    let salt: Vec<u8> = text(case, "salt_hex")?
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(&json::lossy(pair), 16).map_err(say))
        .collect::<Result<_, _>>()?;
    same(&hexadecimal(&loader::hash_key(text(case, "key")?, &salt)), text(case, "hash_hex")?)
}

fn manifest_content(case: &Value) -> Result<(), String> {
    let record = ManifestRecord {
        content: text(case, "content")?.to_owned(),
        signatures: Some(vec!["sig".to_owned()]),
        ..ManifestRecord::default()
    };
    let response = record.response().map_err(say)?;
    same(&json::to_string(&response).map_err(say)?, text(case, "response")?)?;
    same(&response.signed_text().map_err(say)?, text(case, "signed_text")?)
}

fn messages(case: &Value) -> Result<(), String> {
    let outcome = match text(case, "kind")? {
        "make_message" => make_message(case),
        _ => read_parameters(case),
    };
    let Some(wanted) = case.get("error").and_then(Value::as_str) else {
        let wanted = match case.get("message") {
            Some(message) => message.as_str().unwrap_or_default().to_owned(),
            None => json::to_string(&case.get("parameters")).map_err(say)?,
        };
        return same(&outcome?, &wanted);
    };
    // The texts of the JSON, base64 and gzip readers may differ; the original's own prefix may not.
    let prefix = ["ReadInputParameters() -> ReadInput() -> ", "Failed to make modules.Message: "]
        .into_iter()
        .find(|prefix| wanted.starts_with(prefix))
        .unwrap_or(wanted);
    match outcome {
        Err(error) if error.starts_with(prefix) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

fn make_message(case: &Value) -> Result<String, String> {
    let operation = Operation {
        parameters: case.get("params").cloned().unwrap_or_default(),
        is_compressed: case.get("compressed") == Some(&Value::Bool(true)),
        ..Operation::default()
    };
    let message = Message::for_operation(&operation).map_err(say)?;
    json::to_string(&Message { class: text(case, "class")?.to_owned(), ..message }).map_err(say)
}

fn read_parameters(case: &Value) -> Result<String, String> {
    let mut input = BufReader::new(text(case, "input")?.as_bytes());
    let message = Message::read_parameters(&mut input).map_err(say)?;
    json::to_string(&message.parameters).map_err(say)
}

fn json_and_time_formats() -> Vec<Value> {
    let kinds = ["time_string", "go_json_string", "go_json_float"];
    let mut cases = mig_core::testing::vectors::cases("modules/formats.json");
    cases.retain(|case| case.get("kind").and_then(Value::as_str).is_some_and(|kind| kinds.contains(&kind)));
    cases
}

fn formats(case: &Value) -> Result<(), String> {
    match text(case, "kind")? {
        "go_json_string" => {
            let bytes = STANDARD.decode(text(case, "bytes_base64")?).map_err(say)?;
            same(&json::quote(&bytes), text(case, "json")?)
        }
        "go_json_float" => {
            let value = case.get("value").cloned().unwrap_or_default();
            same(&json::to_string(&value).map_err(say)?, text(case, "json")?)
        }
        _ => {
            let whole = |field| case.get(field).map(json::from_value::<i64>).transpose().map_err(say);
            let seconds = whole("sec")?.unwrap_or_default();
            let nanoseconds = u32::try_from(whole("nsec")?.unwrap_or_default()).map_err(say)?;
            let time = Time::from_unix_nanoseconds(seconds, nanoseconds);
            same(&time.to_string(), text(case, "rfc3339nano")?)?;
            same(&time.to_go_string(), text(case, "string")?)
        }
    }
}
