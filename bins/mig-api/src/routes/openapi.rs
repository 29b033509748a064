//! The description of all routes in the format OpenAPI 3.1, made from their table.

use super::{Access, Answer, NO_BODY, ROUTES, Route, Shared};
use crate::{answer::json_text, error::ApiError};
use axum::{http::StatusCode, response::Response};
use mig_core::{
    json::{self, Map, Value},
    permissions::Permissions,
};

pub(super) async fn show(api: Shared) -> Result<Response, ApiError> {
    let base = format!("{}{}", api.settings.public_url, api.settings.base_route);
    Ok(json_text(StatusCode::OK, json::to_string(&describe(&base)).map_err(ApiError::internal)?))
}

/// The description, for a server at this URL.
#[must_use]
pub fn describe(server: &str) -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path.to_owned()).or_insert_with(|| Value::Map(Map::new()));
        if let Value::Map(methods) = path {
            methods.insert(route.method.as_str().to_ascii_lowercase(), operation(route));
        }
    }
    map([
        ("openapi", text("3.1.0")),
        ("info", map([("title", text("MIG REST API")), ("version", text("1"))])),
        ("servers", list([map([("url", text(server))])])),
        ("paths", Value::Map(paths)),
        ("components", components()),
    ])
}

fn operation(route: &Route) -> Value {
    let mut fields =
        vec![("summary", text(route.summary)), ("responses", responses(route.answer, route.access))];
    if let Access::Needs(needed) = route.access {
        fields.push(("security", list([scheme("token"), scheme("apikey")])));
        fields.push(("x-permissions", list(names(needed).iter().map(|name| text(name)))));
    }
    let mut parameters = Vec::new();
    if let Some((_, name)) = route.path.split_once('{') {
        parameters.push(parameter(name.trim_end_matches('}'), "path"));
    }
    if route.body_bytes == NO_BODY {
        parameters.extend(route.fields.iter().map(|field| parameter(field, "query")));
    } else {
        fields.push(("requestBody", body(route)));
    }
    if !parameters.is_empty() {
        fields.push(("parameters", list(parameters)));
    }
    map(fields)
}

fn scheme(name: &str) -> Value {
    map([(name, list([]))])
}

/// The names of rights, as documents have them.
fn names(permissions: Permissions) -> Vec<String> {
    let Ok(Value::Map(flags)) = json::to_value(&permissions) else { return Vec::new() };
    flags.into_iter().filter(|(_, flag)| *flag == Value::Bool(true)).map(|(name, _)| name).collect()
}

fn parameter(field: &str, place: &str) -> Value {
    let (name, is_needed) = split(field);
    map([
        ("name", text(name)),
        ("in", text(place)),
        ("required", Value::Bool(is_needed)),
        ("schema", map([("type", text("string"))])),
    ])
}

/// The name of a field, and whether it has to be there.
fn split(field: &str) -> (&str, bool) {
    field.strip_suffix('?').map_or((field, true), |name| (name, false))
}

fn body(route: &Route) -> Value {
    let is_form = !route.fields.is_empty();
    let kind = if is_form { "application/x-www-form-urlencoded" } else { "application/json" };
    let string = || map([("type", text("string"))]);
    let properties = route.fields.iter().map(|field| (split(field).0, string()));
    let needed = route.fields.iter().map(|field| split(field)).filter(|(_, is_needed)| *is_needed);
    let mut schema = vec![("type", text("object"))];
    if is_form {
        schema.push(("properties", map(properties)));
        schema.push(("required", list(needed.map(|(name, _)| text(name)))));
    }
    let content = map([(kind, map([("schema", map(schema))]))]);
    map([("required", Value::Bool(true)), ("content", content)])
}

fn responses(answer: Answer, access: Access) -> Value {
    let (status, kind) = match answer {
        Answer::Envelope(status) => (status, "application/json"),
        Answer::Text => (200, "text/plain"),
        Answer::Events => (200, "text/event-stream"),
        Answer::Json => (200, "application/json"),
    };
    let envelope = || map([("schema", map([("$ref", text("#/components/schemas/Resource"))]))]);
    let schema = if matches!(answer, Answer::Envelope(_)) { envelope() } else { map([]) };
    let success = map([("description", text("success")), ("content", map([(kind, schema)]))]);
    let failure = |description: &str| {
        map([("description", text(description)), ("content", map([("application/json", envelope())]))])
    };
    let mut responses = vec![
        (status.to_string(), success),
        (
            "default".to_owned(),
            failure("what went wrong: error.message, and the number of the request in error.code"),
        ),
    ];
    if access != Access::Open {
        responses.push(("401".to_owned(), failure("the caller does not prove who they are")));
        responses.push(("403".to_owned(), failure("the caller lacks the rights")));
    }
    Value::Map(responses.into_iter().collect())
}

fn components() -> Value {
    let header = |name: &str, description: &str| {
        map([
            ("type", text("apiKey")),
            ("in", text("header")),
            ("name", text(name)),
            ("description", text(description)),
        ])
    };
    let schemes = map([
        (
            "token",
            header(
                "X-PGPAUTHORIZATION",
                "1;time;nonce;signature, by the OpenPGP key of an active investigator",
            ),
        ),
        ("apikey", header("X-MIGAPIKEY", "the API key of an active investigator")),
    ]);
    let object = || map([("type", text("object"))]);
    let objects = || map([("type", text("array")), ("items", object())]);
    let string = || map([("type", text("string"))]);
    let collection = map([
        ("version", string()),
        ("href", string()),
        ("links", objects()),
        ("items", objects()),
        ("queries", objects()),
        ("template", object()),
        (
            "error",
            map([("type", text("object")), ("properties", map([("code", string()), ("message", string())]))]),
        ),
    ]);
    let collection = map([("type", text("object")), ("properties", collection)]);
    let resource = map([
        ("description", text("Collection+JSON 1.0")),
        ("type", text("object")),
        ("properties", map([("collection", collection)])),
    ]);
    map([("securitySchemes", schemes), ("schemas", map([("Resource", resource)]))])
}

fn text(text: &str) -> Value {
    Value::from(text)
}

fn list(values: impl IntoIterator<Item = Value>) -> Value {
    Value::List(values.into_iter().collect())
}

fn map<'n>(fields: impl IntoIterator<Item = (&'n str, Value)>) -> Value {
    Value::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
