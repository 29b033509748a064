//! Which packages of which machines an advisory is about: `Debian:12`, `Ubuntu:22.04:LTS`, `Alpine:v3.18`, `Rocky Linux`, `PyPI`.

use super::{Advisory, Affected};
use crate::pkg::{installed::Installed, release::Release};

/// Whose packages an advisory is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ecosystem {
    /// A distribution, by the kind of its packages.
    Distribution { kind: &'static str },
    /// A language, by the kind of its packages.
    Language { kind: &'static str },
}

/// Why an advisory is not about the packages of a machine, or it can not be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Outside {
    #[error("it is about another distribution or release")]
    Elsewhere,
    #[error("packages of '{0}' are not looked for")]
    UnknownEcosystem(String),
    #[error("the machine does not tell its distribution")]
    NoRelease,
    #[error("no advisories are known to be about the distribution '{0}'")]
    UnknownDistribution(String),
}

/// The name in advisories, the ids in os-release(5), and the kind of packages.
const DISTRIBUTIONS: [(&str, &[&str], &str); 15] = [
    ("AlmaLinux", &["almalinux"], "rpm"),
    ("Alpaquita", &["alpaquita"], "apk"),
    ("Alpine", &["alpine"], "apk"),
    ("Azure Linux", &["azurelinux", "mariner"], "rpm"),
    ("Chainguard", &["chainguard"], "apk"),
    ("Debian", &["debian"], "dpkg"),
    ("Mageia", &["mageia"], "rpm"),
    ("Photon OS", &["photon"], "rpm"),
    ("Red Hat", &["rhel"], "rpm"),
    ("Rocky Linux", &["rocky"], "rpm"),
    ("SUSE", &["sles", "sled", "sles_sap", "sle-micro", "sl-micro"], "rpm"),
    ("Ubuntu", &["ubuntu"], "dpkg"),
    ("Wolfi", &["wolfi"], "apk"),
    ("openEuler", &["openEuler"], "rpm"),
    ("openSUSE", &["opensuse-leap", "opensuse-tumbleweed", "opensuse"], "rpm"),
];

const LANGUAGES: [(&str, &str); 5] =
    [("PyPI", "pypi"), ("npm", "npm"), ("RubyGems", "gem"), ("Go", "golang"), ("crates.io", "crates.io")];

/// The kind of packages of a language.
fn language(name: &str) -> Option<&'static str> {
    LANGUAGES.iter().find(|(language, _)| language.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind)
}

impl Advisory {
    /// Whether it is about packages of a programming language, among others.
    pub(in crate::pkg) fn is_about_a_language(&self) -> bool {
        let name = |affected: &Affected| affected.package.ecosystem.split(':').next().and_then(language);
        self.affected.iter().any(|affected| name(affected).is_some())
    }
}

impl Ecosystem {
    /// The packages of this machine that an ecosystem means.
    pub(super) fn here(text: &str, release: Option<&Release>) -> Result<Self, Outside> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        if let Some(kind) = language(name) {
            return Ok(Self::Language { kind });
        }
        let (_, ids, kind) = DISTRIBUTIONS
            .iter()
            .find(|(distribution, ..)| distribution.eq_ignore_ascii_case(name))
            .ok_or_else(|| Outside::UnknownEcosystem(name.to_owned()))?;
        let release = release.ok_or(Outside::NoRelease)?;
        if !DISTRIBUTIONS.iter().any(|(_, ids, _)| ids.contains(&release.id.as_str())) {
            return Err(Outside::UnknownDistribution(release.id.clone()));
        }
        if ids.contains(&release.id.as_str()) && is_of(rest, release) {
            Ok(Self::Distribution { kind })
        } else {
            Err(Outside::Elsewhere)
        }
    }

    /// The name under which a package of an advisory is looked up.
    pub(super) fn key(&self, name: &str) -> String {
        let (Self::Distribution { kind } | Self::Language { kind }) = self;
        normal(kind, name)
    }

    /// The version by which a package is the one that an advisory names, if it is. Distributions name what they build from, but
    /// some of those with rpm name what they install.
    pub(super) fn version_of<'a>(&self, installed: &'a Installed, name: &str) -> Option<&'a str> {
        let package = &installed.package;
        match self {
            Self::Language { kind } if package.kind == *kind => {
                (normal(kind, &package.name) == normal(kind, name)).then_some(&package.version)
            }
            Self::Distribution { kind } if package.kind == *kind => {
                let (source, version) = installed.source();
                if source == name {
                    return Some(version);
                }
                (*kind == "rpm" && package.name == name).then_some(&package.version)
            }
            _ => None,
        }
    }
}

/// Names that mean one package: Python does not tell `-`, `_` and `.` apart, nor case.
pub(super) fn normal(kind: &str, name: &str) -> String {
    if kind != "pypi" {
        return name.to_owned();
    }
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// Whether what follows the name of a distribution, if anything does, means this release: one of its parts between colons is
/// enough, as in `Pro:22.04:LTS` or `enterprise_linux:9::baseos`.
fn is_of(rest: &str, release: &Release) -> bool {
    if rest.is_empty() {
        return true;
    }
    if release.id == "opensuse-tumbleweed" {
        return rest == "Tumbleweed";
    }
    let mut parts = rest.split(':');
    // Variants such as `Pro:FIPS:22.04:LTS` have versions of their own.
    let is_plain = |part| ["Pro", "LTS"].contains(&part) || is_release(part, &release.version);
    if release.id == "ubuntu" && !parts.clone().all(is_plain) {
        return false;
    }
    parts.any(|part| is_release(part, &release.version))
}

/// `v3.18` is a release of which `3.18.4` is a state, and `9` one of `9.3`; `Linux Enterprise Server 15 SP5` is `15.5`.
fn is_release(part: &str, version: &str) -> bool {
    let mut words = part.rsplit(' ');
    let last = words.next().unwrap_or_default();
    let service_pack = last.strip_prefix("SP").map(|pack| pack.split('-').next().unwrap_or_default());
    let number = match (service_pack, words.next()) {
        (Some(pack), Some(release)) => format!("{release}.{pack}"),
        _ => last.trim_start_matches('v').to_owned(),
    };
    let further = version.strip_prefix(&number);
    !number.is_empty() && further.is_some_and(|further| further.is_empty() || further.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkg::{installed::Source, package::Package};

    fn release(id: &str, version: &str) -> Release {
        Release { id: id.to_owned(), version: version.to_owned() }
    }

    fn is_here(ecosystem: &str, id: &str, version: &str) -> bool {
        Ecosystem::here(ecosystem, Some(&release(id, version))).is_ok()
    }

    #[test]
    fn releases_have_many_spellings() {
        for (ecosystem, id, version) in [
            ("Debian", "debian", "12"),
            ("Debian:12", "debian", "12"),
            ("Ubuntu:22.04:LTS", "ubuntu", "22.04"),
            ("Ubuntu:Pro:22.04:LTS", "ubuntu", "22.04"),
            ("Ubuntu:23.10", "ubuntu", "23.10"),
            ("Alpine:v3.18", "alpine", "3.18.4"),
            ("Rocky Linux", "rocky", "9.3"),
            ("Rocky Linux:9", "rocky", "9.3"),
            ("Red Hat:enterprise_linux:9::baseos", "rhel", "9.3"),
            ("SUSE:Linux Enterprise Server 15 SP5", "sles", "15.5"),
            ("SUSE:Linux Enterprise Server 15 SP5-LTSS", "sles", "15.5"),
            ("openSUSE:Leap 15.5", "opensuse-leap", "15.5"),
            ("openSUSE:Tumbleweed", "opensuse-tumbleweed", "20240101"),
            ("Wolfi", "wolfi", "20230201"),
        ] {
            assert!(is_here(ecosystem, id, version), "{ecosystem}");
        }
        for (ecosystem, id, version) in [
            ("Debian:1", "debian", "12"),
            ("Debian:11", "debian", "12"),
            ("Ubuntu:22.04:LTS", "debian", "22.04"),
            ("Ubuntu:Pro:FIPS:22.04:LTS", "ubuntu", "22.04"),
            ("Ubuntu:Pro", "ubuntu", "22.04"),
            ("Alpine:v3.1", "alpine", "3.18.4"),
            ("SUSE:Linux Enterprise Server 15 SP4", "sles", "15.5"),
            ("openSUSE:Leap 15.5", "opensuse-tumbleweed", "15.5"),
        ] {
            assert!(!is_here(ecosystem, id, version), "{ecosystem}");
        }
    }

    #[test]
    fn what_can_not_be_said_is_told_from_what_is_elsewhere() {
        assert_eq!(Ecosystem::here("Debian:12", None), Err(Outside::NoRelease));
        let mint = release("linuxmint", "21");
        assert_eq!(
            Ecosystem::here("Debian:12", Some(&mint)),
            Err(Outside::UnknownDistribution("linuxmint".to_owned()))
        );
        assert_eq!(Ecosystem::here("Maven", None), Err(Outside::UnknownEcosystem("Maven".to_owned())));
        assert_eq!(Ecosystem::here("npm", None), Ok(Ecosystem::Language { kind: "npm" }));
        assert_eq!(Ecosystem::here("Alpine:v3.18", Some(&release("debian", "12"))), Err(Outside::Elsewhere));
    }

    #[test]
    fn debian_is_asked_by_the_source_and_its_version() {
        let package = Package {
            name: "libssl3:amd64".into(),
            version: "3+b1".into(),
            kind: "dpkg",
            ..Package::default()
        };
        let source = Source { name: "openssl".into(), version: "3".into() };
        let installed = Installed { package, source: Some(source) };
        let debian = Ecosystem::Distribution { kind: "dpkg" };
        assert_eq!(debian.version_of(&installed, "openssl"), Some("3"));
        assert_eq!(debian.version_of(&installed, "libssl3:amd64"), None);
        assert_eq!(Ecosystem::Language { kind: "npm" }.version_of(&installed, "openssl"), None);
    }

    #[test]
    fn distributions_with_rpm_are_asked_by_source_and_by_package() {
        let package = Package {
            name: "libopenssl1_1".into(),
            version: "1.1.1l-1".into(),
            kind: "rpm",
            ..Package::default()
        };
        let source = Source { name: "openssl-1_1".into(), version: "1.1.1l-2".into() };
        let installed = Installed { package, source: Some(source) };
        let suse = Ecosystem::Distribution { kind: "rpm" };
        assert_eq!(suse.version_of(&installed, "openssl-1_1"), Some("1.1.1l-2"));
        assert_eq!(suse.version_of(&installed, "libopenssl1_1"), Some("1.1.1l-1"));
        assert_eq!(suse.version_of(&installed, "openssl"), None);
    }

    #[test]
    fn python_names_are_compared_in_their_normal_form() {
        let package = Package {
            name: "Zope.Interface".into(),
            version: "1".into(),
            kind: "pypi",
            ..Package::default()
        };
        assert_eq!(
            Ecosystem::Language { kind: "pypi" }.version_of(&package.into(), "zope_interface"),
            Some("1")
        );
    }
}
