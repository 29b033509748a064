#!/usr/bin/env bash
# Times the scan engine beside what a user would take instead, on one tree, the netstat module beside ss and the yara module
# beside yara; prints ratios: ours / theirs, best of RUNS.
# Installs nothing; a peer that is not on the machine is skipped. Usage: scripts/bench-peers.sh [TREE | sockets]
# For yara, AGENT has to be built with --features full.
# AGENT, HOLD and SCAN name programs that were built before: mig-agent, and the examples hold_connections and scan_files.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
tree=${1:-/usr/lib}
: "${RUNS:=3}"

built=${CARGO_TARGET_DIR:-target}/release
[ -n "${AGENT:-}" ] || { cargo build --release --quiet -p mig-agent; AGENT=$built/mig-agent; }
[ -n "${HOLD:-}" ] || { cargo build --release --quiet -p mig-examples --example hold_connections; HOLD=$built/examples/hold_connections; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Best wall time of a command over RUNS runs after one warm-up, in seconds. Its input is the file `asking`, if that is set.
best() {
    local best="" start end time run input=${asking:-/dev/null}
    "$@" >/dev/null 2>&1 <"$input" || true
    for ((run = 0; run < RUNS; run++)); do
        start=$(date +%s%N)
        "$@" >/dev/null 2>&1 <"$input" || true
        end=$(date +%s%N)
        time=$((end - start))
        if [ -z "$best" ] || [ "$time" -lt "$best" ]; then best=$time; fi
    done
    awk "BEGIN { printf \"%.3f\", $best / 1e9 }"
}

# Our time for one search, given as JSON without its paths.
ours() {
    printf '{"searches":{"s":{"paths":["%s"],%s,"options":{"matchall":%s}}}}' "$tree" "$1" "${2:-true}" >"$work/search.json"
    best bash -c "'$SCAN' <'$work/search.json'"
}

row() { awk -v what="$1" -v ours="$2" -v theirs="$3" -v budget="$4" \
    'BEGIN { printf "%-46s %8.3f s %8.3f s   ratio %5.2f   budget %s\n", what, ours, theirs, ours / theirs, budget }'; }

have() { command -v "$1" >/dev/null || { echo "skipped: $1 is not on this machine"; return 1; }; }

# Holds 20,000 connections on loopback, by processes that end with this shell's end of a pipe.
hold_connections() {
    local process
    ulimit -Sn "$(ulimit -Hn)"
    mkfifo "$work/hold"
    : >"$work/held"
    for process in 1 2 3 4; do
        "$HOLD" 5000 <"$work/hold" >>"$work/held" &
    done
    exec 9>"$work/hold"
    until [ "$(wc -l <"$work/held")" = 4 ] || [ -z "$(jobs -r)" ]; do sleep 0.1; done
    [ "$(wc -l <"$work/held")" = 4 ] || { exec 9>&-; echo "skipped: 20,000 connections can not be held here"; return 1; }
}

# Our time for a question about sockets, given as JSON.
netstat() {
    printf '{"class":"parameters","parameters":%s}' "$1" >"$work/question.json"
    # A time without an answer would be no time.
    "$AGENT" -m netstat <"$work/question.json" | grep -q '"success":true' || { echo "no answer to $1" >&2; return 1; }
    asking=$work/question.json best "$AGENT" -m netstat
}

addresses() { for ((index = 0; index < $1; index++)); do printf '"10.%d.%d.1"\n' $((index / 250)) $((index % 250)); done | paste -sd,; }

if have ss && hold_connections; then
    one=$(netstat '{"connectedip":["203.0.113.9"]}')
    owners=$(netstat '{"connectedip":["203.0.113.9"],"owner":true}')
    hundred=$(netstat "{\"connectedip\":[$(addresses 100)]}")
    thousand=$(netstat "{\"connectedip\":[$(addresses 1000)]}")
    listeners=$(netstat '{"listeningport":["1"]}')
    row "20,000 connections, one address, against ss" "$one" "$(best ss -tn dst 203.0.113.9)" "1.5"
    row "the same with owners, against ss -p" "$owners" "$(best ss -tnp dst 203.0.113.9)" "-"
    row "100 addresses, against one" "$hundred" "$one" "1.2"
    row "1,000 addresses, against one" "$thousand" "$one" "-"
    row "an empty question (20,000 connections held)" "$listeners" "$(best ss -tln sport 1)" "-"
    exec 9>&-
fi
[ "$tree" != sockets ] || exit 0

[ -n "${SCAN:-}" ] || { cargo build --release --quiet -p mig-examples --example scan_files; SCAN=$built/examples/scan_files; }
# 501 rules, each with a hexadecimal string, a literal in two encodings and a regex; the last one finds programs.
rules() {
    local index word
    for ((index = 0; index < 500; index++)); do
        word=$(printf '%d' "$index" | md5sum)
        printf 'rule r%d { strings: $a = { %s } $b = "%s" ascii wide $c = /%s[0-9]{2,8}/ condition: any of them }\n' \
            "$index" "${word:0:24}" "${word:8:10}" "z${word:3:5}"
    done
    echo 'rule program { strings: $a = "GLIBC_2.34" condition: $a }'
}

# Our time for the rules of a file over the files below a path.
yara_module() {
    printf '{"class":"parameters","parameters":{"yara":"%s","filesearch":"-path %s -matchlimit 10000000"}}' \
        "$(sed 's/"/\\"/g' "$1" | paste -sd' ')" "$2" >"$work/question.json"
    asking=$work/question.json best "$AGENT" -m yara
}

if have yara; then
    if echo '{"class":"parameters","parameters":{}}' | "$AGENT" -m yara | grep -q 'is not available'; then
        echo "skipped: yara, $AGENT was built without --features full"
    else
        rules >"$work/rules"
        row "501 rules over the tree, against yara -p 2" "$(yara_module "$work/rules" "$tree")" \
            "$(best yara -w -r -p 2 "$work/rules" "$tree")" "-"
        row "501 rules over one small file, against yara" "$(yara_module "$work/rules" /etc/hostname)" \
            "$(best yara -w "$work/rules" /etc/hostname)" "-"
    fi
fi

files=$(find "$tree" -type f | wc -l)
bytes=$(find "$tree" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%.0f", sum }')
echo "$tree: $files files, $((bytes >> 20)) MiB; $(nproc) processors; ours, peer"

row "names, against find" "$(ours '"names":["zqxnothing"]')" "$(best find "$tree" -name '*zqxnothing*')" "0.6"
if have rg; then
    search=(rg -l -a -uuu --no-mmap -j2)
    literal=$(ours '"contents":["zqxjkv_nothing"]')
    row "one literal in contents, against rg" "$literal" "$(best "${search[@]}" zqxjkv_nothing "$tree")" "1.2"
    one=$(ours '"contents":["(foo|bar|baz)[0-9]{9}zq"]')
    row "one regex in contents, against rg" "$one" "$(best "${search[@]}" '(foo|bar|baz)[0-9]{9}zq' "$tree")" "1.2"
    for ((index = 0; index < 500; index++)); do printf 'word%03d[a-f]+x{2}[0-9]{3}q%d\n' "$index" "$index"; done >"$work/regexes"
    list=$(sed 's/.*/"&"/' "$work/regexes" | paste -sd,)
    many=$(ours "\"contents\":[$list]" false)
    row "500 regexes in contents, against rg -f" "$many" "$(best "${search[@]}" -f "$work/regexes" "$tree")" "1.0"
    row "500 regexes, against one" "$many" "$one" "4"
fi
no_digest() { head -c 32 /dev/zero | sha256sum | cut -c "1-$1"; }
sha=$(no_digest 64)
sha256=$(ours "\"sha2\":[\"$sha\"]")
if have openssl; then
    # The last line holds kilobytes per second, of two processes.
    speed=$(openssl speed -multi 2 -seconds 2 -bytes 262144 -evp sha256 2>/dev/null | awk 'END { gsub("k", "", $NF); print $NF }')
    awk -v bytes="$bytes" -v time="$sha256" -v speed="$speed" \
        'BEGIN { printf "%-46s %8.0f MB/s against %.0f MB/s   ratio %5.2f   budget >= 0.8\n", "SHA-256 of the tree, against openssl speed", bytes / time / 1e6, speed / 1e3, bytes / time / 1e3 / speed }'
fi
hashes=$(for ((index = 0; index < 500; index++)); do printf '"%s"\n' "$(printf '%d' "$index" | sha256sum | cut -c 1-64)"; done | paste -sd,)
row "500 SHA-256 indicators, against one" "$(ours "\"sha2\":[$hashes]" false)" "$sha256" "1.05"
md5='"md5":["00000000000000000000000000000001"]'
sha1='"sha1":["0000000000000000000000000000000000000001"]'
sha2="\"sha2\":[\"$sha\"]"
sha3="\"sha3\":[\"$sha\"]"
together=$(ours "$md5,$sha1,$sha2,$sha3" false)
alone=0
for kind in "$md5" "$sha1" "$sha2" "$sha3"; do
    printf '{"searches":{"s":{"paths":["%s"],%s,"options":{"matchall":true}}}}' "$tree" "$kind" >"$work/search.json"
    alone=$(awk -v sum="$alone" -v time="$(best taskset -c 0 bash -c "'$SCAN' <'$work/search.json'")" 'BEGIN { print sum + time }')
done
row "four hashes at once, against one by one" "$together" "$alone" "0.6"
