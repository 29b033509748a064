//! The usual places of language packages. `*` stands for the name of any directory, or for the rest of a name; hidden ones,
//! `node_modules` and links are not meant.

use crate::pkg::language::{gem, npm, program, python, walk::Walk};
use mig_core::module::Stop;
use std::path::{Path, PathBuf};

/// Where something is installed that has `lib` or `bin`, and where projects are. Paths without a drive are those of the
/// current one on Windows.
const PREFIXES: &[&str] = &[
    "/usr",
    "/usr/local",
    "/usr/local/go",
    "/usr/lib/go-*",
    "/opt/*",
    "/opt/*/*",
    "/opt/homebrew",
    "/opt/homebrew/Cellar/*/*",
    "/Library/Developer/CommandLineTools/Library/Frameworks/Python3.framework/Versions/*",
    "/Library/Frameworks/Python.framework/Versions/*",
    "/Library/Python/*",
    "/Library/Ruby/Gems/*",
    "/snap/*/current",
    "/snap/*/current/usr",
    "/app",
    "/usr/src/app",
    "/srv/*",
    "/srv/*/*",
    "/var/lib/gems/*",
    "/var/www",
    "/var/www/*",
    "/Python*",
    "/Ruby*",
    "/Program Files/Go",
    "/Program Files/nodejs",
    "/Program Files/Python*",
];

/// Where people are at home.
const HOMES: &[&str] = &["/root", "/home/*", "/Users/*", "/var/root"];

/// Prefixes below a home.
const HOME_PREFIXES: &[&str] = &[
    "",
    "*",
    "*/*",
    "go",
    ".local",
    ".local/pipx/venvs/*",
    ".local/share/pipx/venvs/*",
    ".local/share/gem/ruby/*",
    ".cargo",
    ".gem/ruby/*",
    ".npm-global",
    ".nvm/versions/node/*",
    ".pyenv/versions/*",
    ".rbenv/versions/*",
    ".rustup/toolchains/*",
    "Library/Python/*",
    "AppData/Local/Programs/Python/*",
    "AppData/Roaming/npm",
    "AppData/Roaming/Python/*",
    "scoop/apps/*/current",
];

/// Environments of Python in a project: prefixes again.
const ENVIRONMENTS: &[&str] = &["", "venv", ".venv", "env"];

type Look = fn(&mut Walk<'_>, &Path) -> Result<(), Stop>;

/// Places below each prefix, and what is looked for there.
const BELOW: &[(&str, Look)] = &[
    ("lib/python*/site-packages", python::look),
    ("lib/python*/dist-packages", python::look),
    ("lib64/python*/site-packages", python::look),
    ("Lib/site-packages", python::look),
    ("site-packages", python::look),
    ("node_modules", npm::look),
    ("lib/node_modules", npm::look),
    ("share/nodejs", npm::look),
    ("specifications", gem::look),
    ("lib/ruby/gems/*/specifications", gem::look),
    ("share/gems/specifications", gem::look),
    ("share/rubygems-integration/*/specifications", gem::look),
    ("vendor/bundle/ruby/*/specifications", gem::look),
    ("bin", program::look),
    ("sbin", program::look),
];

/// Places of programs that have no prefix: images of containers often have one program, at their root.
const PROGRAMS: &[&str] = &[
    "/",
    "/app",
    "/bin",
    "/sbin",
    "/ko-app",
    "/usr/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
];

/// Looks for packages in all places, in each once.
pub(super) fn look(walk: &mut Walk<'_>) -> Result<(), Stop> {
    for prefix in prefixes(walk)? {
        for (pattern, look) in BELOW {
            for place in expand(walk, &prefix, pattern)? {
                look_once(walk, &place, *look)?;
            }
        }
    }
    PROGRAMS.iter().try_for_each(|place| look_once(walk, Path::new(place), program::look))
}

fn look_once(walk: &mut Walk<'_>, place: &Path, look: Look) -> Result<(), Stop> {
    match walk.canonical(place).filter(|place| walk.is_first_visit(place)) {
        Some(place) => look(walk, &place),
        None => Ok(()),
    }
}

/// All prefixes that are there.
fn prefixes(walk: &mut Walk<'_>) -> Result<Vec<PathBuf>, Stop> {
    let root = Path::new("/");
    let mut prefixes = Vec::new();
    for pattern in PREFIXES {
        prefixes.extend(expand(walk, root, pattern)?);
    }
    for pattern in HOMES {
        for home in expand(walk, root, pattern)? {
            for pattern in HOME_PREFIXES {
                prefixes.extend(expand(walk, &home, pattern)?);
            }
        }
    }
    let mut all = Vec::new();
    for prefix in prefixes {
        for environment in ENVIRONMENTS {
            // Links lead to places that have their own turn, or that are no usual ones.
            all.extend(walk.canonical(&prefix.join(environment)));
        }
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// The directories that a pattern means. Those without `*` need not be there.
fn expand(walk: &mut Walk<'_>, base: &Path, pattern: &str) -> Result<Vec<PathBuf>, Stop> {
    let mut places = vec![base.to_owned()];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let Some(start) = part.strip_suffix('*') else {
            places.iter_mut().for_each(|place| place.push(part));
            continue;
        };
        let mut matching = Vec::new();
        for place in places {
            let entries = walk.entries(&place)?.into_iter().filter(|entry| entry.is_directory);
            let meant =
                |name: &str| name.starts_with(start) && !name.starts_with('.') && name != "node_modules";
            matching.extend(entries.filter(|entry| entry.name().is_some_and(meant)).map(|entry| entry.path));
        }
        places = matching;
    }
    Ok(places)
}
