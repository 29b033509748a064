#!/usr/bin/env bash
# Prints an action that upgrades agents to a program, whose manifest is signed with your GnuPG. It still has to be signed itself:
#   scripts/upgrade-action.sh 2.0.0 https://download.example.net/mig-agent target/release/mig-agent [key ...] > upgrade.json
#   mig action sign --in-place upgrade.json && mig -i upgrade.json
# Each key signs once; without one the default key does. PLATFORM in the environment names another system than linux/amd64.
set -euo pipefail

if [ $# -lt 3 ]; then
    sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
version="$1" location="$2" program="$3"
shift 3
platform="${PLATFORM:-linux/amd64}"

checksum="$(sha256sum < "$program" | cut -d ' ' -f 1)"
manifest='{"loader_name":"","entries":[{"name":"mig-agent","sha256":"'"$checksum"'"}],"signatures":[]}'

# One line without head and foot.
sign() {
    printf '%s' "$manifest" | gpg --armor --detach-sign "$@" | sed '1,/^$/d; /^-----/d' | tr -d '\n'
}

signatures=()
if [ $# -eq 0 ]; then
    signatures+=("\"$(sign)\"")
fi
for key in "$@"; do
    signatures+=("\"$(sign --local-user "$key")\"")
done
all="$(IFS=,; printf '%s' "${signatures[*]}")"

cat <<END
{
  "name": "agents on $platform to $version",
  "target": "environment->>'os' = '${platform%/*}' AND environment->>'arch' = '${platform#*/}'",
  "operations": [{"module": "upgrade", "parameters": {"$platform": {
    "to_version": "$version",
    "location": "$location",
    "checksum": "$checksum",
    "signatures": [$all]
  }}}],
  "pgpsignatures": [],
  "syntaxversion": 2
}
END
