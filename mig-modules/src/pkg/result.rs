//! What the module answers: elements and statistics as the original has them, for machines and for people.

use super::{
    installed::Installed,
    osv::{Advisory, Hit},
    package::Package,
};
use crate::results::{MASK, decode};
use mig_core::{
    command::ModuleResult,
    json::{self, Value},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Elements {
    /// One for each package and each expression that finds its name.
    pub(super) packages: Vec<Element>,
    /// What applies to the packages; left out if no advisories were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advisories: Option<Vec<Applying>>,
}

/// A package that was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) version: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Results of 2015 have none.
    pub(super) arch: String,
    /// Where a language package lies.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) path: String,
}

impl From<&Package> for Element {
    fn from(package: &Package) -> Self {
        Self {
            name: package.name.clone(),
            version: package.version.clone(),
            kind: package.kind.to_owned(),
            arch: package.arch.clone(),
            path: package.path.clone().unwrap_or_default(),
        }
    }
}

/// An advisory that applies to a package.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Applying {
    /// Such as `DSA-5532-1`.
    pub(super) id: String,
    /// Such as `CVE-2023-5363`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) aliases: Vec<String>,
    /// Such as `Debian:12`.
    pub(super) ecosystem: String,
    /// The name in the advisory, which may be that of a source package.
    pub(super) affected: String,
    /// The next version that is not affected; left out if there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) fixed: String,
    /// The package it applies to.
    pub(super) package: Element,
}

impl Applying {
    pub(super) fn new(advisory: &Advisory, hit: &Hit, installed: &Installed) -> Self {
        Self {
            id: advisory.id.clone(),
            aliases: advisory.aliases.clone(),
            ecosystem: hit.ecosystem.clone(),
            affected: hit.name.clone(),
            fixed: hit.fixed.clone().unwrap_or_default(),
            package: Element::from(&installed.package),
        }
    }
}

/// How a run went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Statistics {
    /// How long it took, like `1.2ms`.
    #[serde(rename = "execruntime")]
    pub(super) duration: String,
    /// Installed packages by kind, also those that do not match; left out if no database was there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) installed: BTreeMap<String, u64>,
}

/// The result of a run that could not begin.
pub(super) fn failure(reason: String) -> ModuleResult {
    let duration = crate::text::duration(Duration::ZERO);
    let statistics = Statistics { duration, ..Statistics::default() };
    ModuleResult {
        statistics: json::to_value(&statistics).unwrap_or_default(),
        errors: Some(vec![reason]),
        ..ModuleResult::default()
    }
}

/// Lines for people.
pub(super) fn print(result: &ModuleResult, found_only: bool) -> Vec<String> {
    let Elements { packages, advisories } = decode(&result.elements);
    let mut lines: Vec<String> =
        packages.iter().map(|package| format!("pkgmatch {}", describe(package))).collect();
    lines.extend(advisories.iter().flatten().map(|advisory| {
        let Applying { id, aliases, ecosystem, affected, fixed, package } = advisory;
        let aliases = optional("aliases", &aliases.join(","));
        let fixed = optional("fixed", fixed);
        format!(
            "advisory id={id}{aliases} ecosystem={ecosystem} affected={affected}{fixed} {}",
            describe(package)
        )
    }));
    if !found_only {
        lines.extend(result.errors.iter().flatten().cloned());
        let Statistics { duration, .. } = decode(&result.statistics);
        lines.push(format!("Statistics: runtime {duration}"));
    }
    lines
}

fn describe(package: &Element) -> String {
    let Element { name, version, kind, arch, path } = package;
    let (arch, path) = (optional("arch", arch), optional("path", path));
    format!("name={name} version={version} type={kind}{arch}{path}")
}

fn optional(name: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" {name}={value}") }
}

/// What [`rows`] are made of.
pub(super) const COLUMNS: [&str; 6] = ["type", "name", "version", "arch", "advisories", "path"];

/// One row for each package, with the ids of the advisories that apply to it.
pub(super) fn rows(result: &ModuleResult) -> Vec<[String; 6]> {
    let Elements { packages, advisories } = decode(&result.elements);
    let row = |package: Element| {
        let ids = advisories.iter().flatten().filter(|advisory| advisory.package == package);
        let ids: Vec<&str> = ids.map(|advisory| advisory.id.as_str()).collect();
        let ids = ids.join(" ");
        [package.kind, package.name, package.version, package.arch, ids, package.path]
    };
    packages.into_iter().map(row).collect()
}

/// Errors, and that there was nothing to look into.
pub(super) fn remarks(result: &ModuleResult) -> Vec<String> {
    let mut remarks: Vec<String> = result.errors.iter().flatten().cloned().collect();
    let Statistics { installed, .. } = decode(&result.statistics);
    if result.success && installed.is_empty() && remarks.is_empty() {
        remarks.push("no installed package was found at all, of whatever name".to_owned());
    }
    remarks
}

/// Hides where language packages lie, which may be in homes, and errors, which name files.
pub(super) fn mask(result: &ModuleResult) -> ModuleResult {
    let mut elements: Elements = decode(&result.elements);
    let advisories = elements.advisories.iter_mut().flatten().map(|advisory| &mut advisory.package);
    for package in elements.packages.iter_mut().chain(advisories).filter(|package| !package.path.is_empty()) {
        package.path = MASK.to_owned();
    }
    let errors = result.errors.as_ref().map(|errors| errors.iter().map(|_| MASK.to_owned()).collect());
    let elements = match result.elements {
        Value::Null => Value::Null,
        _ => json::to_value(&elements).unwrap_or_default(),
    };
    ModuleResult { elements, errors, ..result.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(elements: &str) -> ModuleResult {
        ModuleResult {
            found_anything: true,
            success: true,
            elements: json::from_str(elements).unwrap(),
            statistics: json::from_str(r#"{"execruntime":"1ms"}"#).unwrap(),
            errors: Some(vec!["/home/a/x: permission denied".to_owned()]),
        }
    }

    #[test]
    fn missing_data_are_printed_as_nothing() {
        assert!(print(&ModuleResult::default(), true).is_empty());
        assert_eq!(print(&ModuleResult::default(), false), ["Statistics: runtime "]);
        assert_eq!(print(&failure("bad".to_owned()), false), ["bad", "Statistics: runtime 0s"]);
    }

    #[test]
    fn results_of_2015_have_no_architecture() {
        let result = result(r#"{"packages":[{"name":"bash","version":"4.3","type":"dpkg"}]}"#);
        assert_eq!(print(&result, true), ["pkgmatch name=bash version=4.3 type=dpkg"]);
    }

    #[test]
    fn advisories_are_told_with_the_package_and_the_fix() {
        let package = r#"{"name":"libssl3:amd64","version":"3.0.9-1","type":"dpkg","arch":"amd64"}"#;
        let result = result(&format!(
            r#"{{"packages":[{package}],"advisories":[{{"id":"DSA-1","aliases":["CVE-1","CVE-2"],"ecosystem":"Debian:12",
            "affected":"openssl","fixed":"3.0.11-1","package":{package}}}]}}"#
        ));
        let described = "name=libssl3:amd64 version=3.0.9-1 type=dpkg arch=amd64";
        let advisory = format!(
            "advisory id=DSA-1 aliases=CVE-1,CVE-2 ecosystem=Debian:12 affected=openssl fixed=3.0.11-1 {described}"
        );
        assert_eq!(print(&result, true), [format!("pkgmatch {described}"), advisory]);
        assert_eq!(
            rows(&result),
            [["dpkg", "libssl3:amd64", "3.0.9-1", "amd64", "DSA-1", ""].map(str::to_owned)]
        );
    }

    #[test]
    fn masked_are_paths_and_errors() {
        let result = result(
            r#"{"packages":[{"name":"x","version":"1","type":"npm","arch":"","path":"/home/alice/x"},
            {"name":"bash","version":"1","type":"dpkg","arch":"amd64"}]}"#,
        );
        let masked = mask(&result);
        let text = json::to_string(&masked).unwrap();
        assert!(!text.contains("alice") && !text.contains("/home"), "{text}");
        assert!(text.contains(r#""path":"masked""#) && text.contains("bash"), "{text}");
        assert_eq!(mask(&failure("bad".to_owned())).elements, Value::Null);
    }

    #[test]
    fn a_machine_without_packages_is_told_from_one_without_matches() {
        let mut result = result("{}");
        result.errors = None;
        assert_eq!(remarks(&result).len(), 1);
        result.statistics = json::from_str(r#"{"installed":{"dpkg":800}}"#).unwrap();
        assert!(remarks(&result).is_empty());
    }
}
