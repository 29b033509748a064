#!/usr/bin/env bash
# Type-checks the workspace for Windows and macOS, and runs the tests of mig-core and of the portable modules for
# Windows, under Wine.
#   scripts/platforms.sh [check | test]     both by default
set -euo pipefail
cd "$(dirname "$0")/.."

# Nobody builds twice here, so nobody pays for incremental compilation.
export CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}"

. scripts/lib.sh

# A toolchain brings the standard library of its own system only. Debian's has the sources of it: it is built here, which
# stable Rust hides. Its compiler may be another one than that of the other stages.
packages=(rustc-web cargo-web rust-web-src gcc-mingw-w64-x86-64 wine64)
cargo_web=(env RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc /usr/bin/cargo)
windows=x86_64-pc-windows-gnu
macos=aarch64-apple-darwin

# Where the tools can not be had, only CI insists.
give_up() {
    if [ -n "${CI:-}" ]; then
        printf 'other platforms cannot be checked: %s\n' "$*" >&2
        exit 1
    fi
    skip "other platforms: $*"
    exit 0
}

if [ -n "$(missing_packages "${packages[@]}")" ]; then
    command -v apt-get >/dev/null || give_up "there is no apt-get to install ${packages[*]}"
    need_packages "${packages[@]}" || give_up "${packages[*]} cannot be installed; Debian 12 and later have them"
fi

target_directory="${CARGO_TARGET_DIR:-target}/platforms"
mkdir -p "$target_directory"
target_directory="$(realpath "$target_directory")"
work="$(mktemp -d)"
export WINEPREFIX="$work/wine" WINEDEBUG=-all
wine=/usr/lib/wine/wine64

clear_up() {
    if [ -d "$WINEPREFIX" ]; then /usr/lib/wine/wineserver -k -w || true; fi
    rm -rf "$work"
}
trap clear_up EXIT

# Nobody debugs what is built here.
options=(-Zbuild-std --target-dir "$target_directory" --locked --config 'profile.dev.debug=false')
# The tests that are built and run for Windows. The others are about Linux, or about tools that it has.
tests=(-p mig-core -p mig-modules --features mig-core/engine --lib)
for name in cli_vectors dialect_vectors file_vectors misc_vectors netstat_vectors pkg_vectors scan scribe scribe_vectors \
    signature_vectors sshkey sshkey_vectors wire_vectors; do
    tests+=(--test "$name")
done

# Build scripts compile C code of a few crates. Where nothing is linked nobody looks into the objects, so that a compiler that
# writes empty ones will do: there is none for macOS on other systems.
pretend_to_compile() {
    cat >"$work/cc" <<'EOF'
#!/bin/sh
while [ $# -gt 0 ]; do
    if [ "$1" = -o ]; then : >"$2"; fi
    shift
done
EOF
    cat >"$work/ar" <<'EOF'
#!/bin/sh
: >"$2"
EOF
    chmod +x "$work/cc" "$work/ar"
    local target
    for target in "${windows//-/_}" "${macos//-/_}"; do
        export "CC_$target=$work/cc" "AR_$target=$work/ar"
    done
    # Where the headers of macOS would be is not asked for then.
    export SDKROOT="$work"
}

check() {
    step "types on $1"
    (
        pretend_to_compile
        "${cargo_web[@]}" check "${options[@]}" -Zwarnings --config 'build.warnings="deny"' --target "$1" \
            --workspace --lib --bins --examples
    )
}

# Rust takes random numbers from a library that Wine 8 does not have.
provide_random_numbers() {
    cat >"$work/random.c" <<'EOF'
#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    return RtlGenRandom(data, (ULONG)length);
}
EOF
    x86_64-w64-mingw32-gcc -shared -s -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" \
        "$work/random.c" -ladvapi32
}

# A Windows without a screen, and without what its setup would download.
start_wine() {
    unset DISPLAY WAYLAND_DISPLAY
    export WINEDLLOVERRIDES="mscoree,mshtml="
    "$wine" wineboot --init >"$work/wineboot.log" 2>&1 || { cat "$work/wineboot.log" >&2; exit 1; }
    provide_random_numbers
}

test_windows() {
    step "tests of the portable modules on $windows, under Wine"
    export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER="$wine"
    "${cargo_web[@]}" test "${options[@]}" --target "$windows" --no-run "${tests[@]}"
    start_wine
    "${cargo_web[@]}" test "${options[@]}" --target "$windows" "${tests[@]}"
}

case "${1:-all}" in
check | all)
    check "$windows"
    check "$macos"
    ;;&
test | all) test_windows ;;
esac
