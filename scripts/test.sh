#!/usr/bin/env bash
# Runs every check of the project on a bare Debian or Ubuntu with Rust: installs what is missing, stops at the first
# failure, says what it skips and why. The tests come last, so that their summary closes the output.
set -euo pipefail
cd "$(dirname "$0")/.."

# Nobody builds twice here, so nobody pays for incremental compilation.
export CARGO_INCREMENTAL=0

. scripts/lib.sh

step "tools"
need_packages gcc g++ libc6-dev pkg-config git gnupg ca-certificates
# What the tests of package databases and of sockets compare with.
need_packages rpm sqlite3 db5.3-util iproute2
# What kills upgrades of the agent at each step.
need_packages strace
# Their programs only: tests start servers of their own. Where Debian runs one on its usual port, nobody touches that.
need_packages postgresql rabbitmq-server
need_cargo_tool cargo-deny
need_cargo_tool cargo-fuzz

step "the vectors in the repository are those beside it"
if [ -d ../shared/vectors ]; then
    diff -r -x modules ../shared/vectors mig-core/tests/vectors
    diff -r ../shared/vectors/modules mig-modules/tests/vectors
else
    skip "there is no folder ../shared/vectors; the tests use the copy"
fi

step "format"
cargo fmt --all -- --check
cargo fmt --manifest-path fuzz/Cargo.toml -- --check

step "licences, bans, sources"
cargo deny --all-features check bans licenses sources
if [ -d "${CARGO_HOME:-$HOME/.cargo}/advisory-dbs" ]; then
    cargo deny --all-features check --disable-fetch advisories
else
    skip "advisories, there is no database of them on this machine (cargo deny fetch db brings it)"
fi

step "lints: all features, then each library with as few as it allows"
cargo clippy --workspace --all-targets --all-features -- -D warnings
cargo clippy -p mig-core --no-default-features -- -D warnings
cargo clippy -p mig-modules --no-default-features -- -D warnings

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps

step "packages of the libraries"
cargo package --quiet --allow-dirty --no-verify -p mig-core -p mig-modules -p mig-transport -p mig-store

step "fuzz targets, 3 seconds each"
scripts/fuzz.sh 3

step "benches, each once"
cargo bench --quiet --profile dev -p mig-benches --bench action --bench file_scan -- --test

scripts/platforms.sh

step "tests: fewest features"
cargo test -p mig-core --no-default-features
cargo test -p mig-modules --no-default-features

step "tests: modules with all features"
cargo test -p mig-modules --all-features

step "tests: everything else"
cargo test --workspace --exclude mig-modules --features mig-store/postgres,mig-transport/amqp,mig-transport/http,mig-transport/http-gateway
