# What the scripts of the project share; sourced by them.

step() { printf '\n== %s (%d s so far)\n' "$*" "$SECONDS"; }
skip() { printf 'skipped: %s\n' "$*"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Those of these Debian packages that are not installed, one a line.
missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}

need_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -eq 0 ] && return
    as_root apt-get update
    as_root apt-get install -y --no-install-recommends "${missing[@]}"
}

need_cargo_tool() { command -v "$1" >/dev/null || cargo install --locked "$1"; }

export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
