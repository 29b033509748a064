//! Parameters of the module as they travel: field names and omission rules of the original. Nothing is checked here.

use serde::{Deserialize, Serialize};

/// What the module is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// The policy.
    #[serde(rename = "scribedoc")]
    pub document: Document,
    /// Return only tests that are true.
    #[serde(rename = "onlytrue")]
    pub only_true: bool,
    /// Print texts for people; wins over `json_output`.
    #[serde(rename = "humanoutput")]
    pub human_output: bool,
    /// Print a line of JSON for each test.
    #[serde(rename = "jsonoutput")]
    pub json_output: bool,
}

/// A policy: objects collect values, tests judge them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Document {
    /// Replacements for `${key}`, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// Where values come from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Object>,
    /// What is asked of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Test>,
}

/// A replacement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Variable {
    /// What stands between `${` and `}`.
    pub key: String,
    /// What is put there.
    pub value: String,
}

/// A source of values. The first one in use counts: package, filecontent, filename, raw, hasline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Object {
    /// Its name.
    pub object: String,
    /// Groups of an expression in the lines of files.
    #[serde(rename = "filecontent")]
    pub file_content: FileContent,
    /// A group of an expression in the names of files.
    #[serde(rename = "filename")]
    pub file_name: FileName,
    /// Versions of installed packages.
    pub package: Package,
    /// Values as given.
    pub raw: Raw,
    /// Whether files have a line.
    #[serde(rename = "hasline")]
    pub has_line: HasLine,
}

/// Groups of an expression in the lines of files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileContent {
    /// Where to look.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Regular expression on base names.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Regular expression on lines, with groups.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expression: String,
    /// Joins the values of one file, if not empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub concat: String,
    /// Objects whose values are added for each file found.
    #[serde(rename = "import-chain", skip_serializing_if = "Vec::is_empty")]
    pub import_chain: Vec<String>,
}

/// A group of an expression in the names of files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileName {
    /// Where to look.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Regular expression on base names, with a group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
}

/// Versions of installed packages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Package {
    /// The name of the package.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Regular expression on names, in place of the name.
    #[serde(rename = "collectmatch", skip_serializing_if = "String::is_empty")]
    pub collect_match: String,
    /// Only the newest version.
    #[serde(rename = "onlynewest", skip_serializing_if = "is_false")]
    pub only_newest: bool,
}

/// Values as given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Raw {
    /// The values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<RawValue>,
}

/// A value as given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RawValue {
    /// What it is called in results.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub identifier: String,
    /// The value.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// Whether files have a line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HasLine {
    /// Where to look.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Regular expression on base names.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Regular expression on lines.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expression: String,
}

/// A question about the values of an object. The first evaluator with a value counts: evr, regexp, exactmatch; none asks whether
/// there is a value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Test {
    /// Its id.
    pub test: String,
    /// For people.
    pub name: String,
    /// The object by its name.
    pub object: String,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Compares versions.
    pub evr: EvrTest,
    /// Matches an expression.
    pub regexp: ValueTest,
    /// Compares texts.
    #[serde(rename = "exactmatch")]
    pub exact_match: ValueTest,
    /// Copied to the result.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Ids of tests that must be true too.
    #[serde(rename = "if", skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<String>,
    /// What whoever tests the policy wants to come out.
    #[serde(rename = "expectedresult", skip_serializing_if = "is_false")]
    pub expected_result: bool,
    /// Whoever tests the policy wants an error.
    #[serde(rename = "expecterror", skip_serializing_if = "is_false")]
    pub expect_error: bool,
}

/// Compares versions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvrTest {
    /// `<`, `>` or `=`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub operation: String,
    /// The version on the right side.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// Compares with one value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ValueTest {
    /// The value or expression; empty if not in use.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// A remark of the policy's author.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tag {
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Its value.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

fn is_false(flag: &bool) -> bool {
    !flag
}
