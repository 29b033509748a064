#!/usr/bin/env bash
# Runs every check of the project, on a bare Debian or Ubuntu with Rust: installs what is missing, stops at the first failure.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_INCREMENTAL=0

step() { printf '\n== %s\n' "$*"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

need_packages() {
    local missing=()
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    as_root apt-get update
    as_root apt-get install -y "${missing[@]}"
}

step "tools"
need_packages gcc git gnupg
command -v cargo-deny >/dev/null || cargo install --locked cargo-deny

step "the vectors in the repository are those beside it"
if [ -d ../shared/vectors ]; then
    diff -r -x modules ../shared/vectors mig-core/tests/vectors
    diff -r ../shared/vectors/modules mig-modules/tests/vectors
else
    echo "skipped: there is no folder ../shared/vectors, the tests use the copy"
fi

step "format"
cargo fmt --all -- --check

step "lints"
cargo clippy --workspace --all-targets --all-features -- -D warnings
cargo clippy -p mig-core -- -D warnings

step "licences, bans, sources"
cargo deny --all-features check bans licenses sources
echo "skipped: advisories, their database is not at hand without a network"

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps

step "tests"
cargo test -p mig-core
cargo test --workspace --all-features
