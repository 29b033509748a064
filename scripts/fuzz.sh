#!/usr/bin/env bash
# Runs each fuzz target for some seconds on its committed seeds; stable Rust is enough.
#   scripts/fuzz.sh [seconds, 5 by default] [target ...]
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

seconds="${1:-5}"
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo fuzz list --fuzz-dir .)

# The sanitizers' instrumentation is a feature of the compiler that stable hides; the code itself needs no nightly.
export RUSTC_BOOTSTRAP=1

# No address sanitizer: the libraries forbid unsafe code, and without it targets run several times as often.
options=(--fuzz-dir . --sanitizer none --dev)
cargo fuzz build "${options[@]}"

for target in "${targets[@]}"; do
    printf -- '-- %s\n' "$target"
    # What is found goes to a directory of its own: the seeds stay as they are committed.
    corpus="$(mktemp -d)"
    cargo fuzz run "${options[@]}" "$target" "$corpus" "seeds/$target" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=0 -verbosity=0
    rm -r "$corpus"
done
