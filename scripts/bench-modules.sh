#!/usr/bin/env bash
# Prints how long each module takes from its start to its answer: `mig-agent -m <module>` with the smallest question that is
# valid, the whole process, beside its budget; and pkg over 2,000 dpkg packages. By hyperfine where there is one that
# gives commands an input, otherwise by a loop of this shell. Installs nothing. Usage: scripts/bench-modules.sh [module ...]
# AGENT names a program that was built before, RUNS how often each is run.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
: "${RUNS:=50}"
[ -n "${AGENT:-}" ] || { cargo build --release --quiet -p mig-agent; AGENT=${CARGO_TARGET_DIR:-target}/release/mig-agent; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The question for each module. Who is asked is this machine; what is looked for is not there.
question() {
    case $1 in
        agentdestroy) echo '{"pid":4194304,"version":"none"}' ;;
        example) echo '{"gethostname":true}' ;;
        file) echo '{"searches":{"s":{"paths":["/etc/hostname"],"names":["^nothing$"],"options":{"matchall":true}}}}' ;;
        memory) echo '{"searches":{"s":{"names":["^nothing$"],"options":{"matchall":true}}}}' ;;
        netstat) echo '{"listeningport":["1"]}' ;;
        ping) echo '{"destination":"127.0.0.1","destinationport":1,"protocol":"tcp","count":1,"timeout":1}' ;;
        pkg) echo '{"pkgmatch":{"matches":["^nothing$"]}}' ;;
        scribe) echo '{"scribedoc":{"objects":[{"object":"o","raw":{"identifiers":[{"identifier":"i","value":"1"}]}}],"tests":[{"test":"t","object":"o","exactmatch":{"value":"1"}}]}}' ;;
        sshkey) echo '{"paths":["/etc/hostname"]}' ;;
        yara) echo '{"yara":"rule r { condition: false }","filesearch":"-path /etc/hostname"}' ;;
        timedrift) echo '{"drift":""}' ;;
        *) return 1 ;;
    esac
}

# The middle and the least time of a command over RUNS runs after some that do not count, in milliseconds. Its input is a file.
times() {
    local input=$1 run start end
    shift
    # The first versions of hyperfine can not give a command its input.
    if grep -q -- --input <(hyperfine --help 2>/dev/null); then
        hyperfine --shell=none --warmup 5 --runs "$RUNS" --input "$input" --ignore-failure --style none \
            --export-csv "$work/times" "$(printf '%q ' "$@")" >/dev/null
        awk -F, 'NR == 2 { printf "%.2f %.2f", $4 * 1000, $7 * 1000 }' "$work/times"
        return
    fi
    for ((run = -5; run < RUNS; run++)); do
        start=$EPOCHREALTIME
        "$@" <"$input" >/dev/null 2>&1 || true
        end=$EPOCHREALTIME
        # Microseconds; the separator of the fraction depends on the language.
        [ "$run" -lt 0 ] || echo $((${end//[.,]/} - ${start//[.,]/}))
    done | sort -n | awk '{ time[NR] = $1 } END { printf "%.2f %.2f", time[int((NR + 1) / 2)] / 1000, time[1] / 1000 }'
}

row() {
    awk -v what="$1" -v middle="${2% *}" -v least="${2#* }" -v budget="$3" -v note="$4" 'BEGIN {
        kept = middle <= budget ? "kept" : "MISSED"
        printf "%-34s %8.2f ms (least %6.2f)   budget %2d ms   %s%s\n", what, middle, least, budget, kept, note
    }'
}

# An answer in one line, or why there is none.
ask() {
    local module=$1
    shift
    printf '{"class":"parameters","parameters":%s}\n' "$(question "$module")" >"$work/question"
    "$AGENT" -m "$module" "$@" <"$work/question"
}

# As large as the database of the pkg module's tests, and like it.
dpkg_database() {
    mkdir -p "$work/root/var/lib/dpkg" "$work/root/etc"
    awk 'BEGIN {
        for (number = 0; number < 2000; number++) {
            printf "Package: package-%d\nStatus: install ok installed\nPriority: optional\nSection: libs\nInstalled-Size: 100\n", number
            printf "Maintainer: Nobody <nobody@example.net>\nArchitecture: amd64\nSource: source-%d\nVersion: 1.%d-1\n", number, number
            printf "Depends: libc6 (>= 2.36), libgcc-s1 (>= 3.0), libstdc++6 (>= 12)\nDescription: A package\n"
            for (line = 0; line < 8; line++) print " A line of its description, of the usual length of such lines."
            print ""
        }
    }' >"$work/root/var/lib/dpkg/status"
}

modules=("$@")
[ ${#modules[@]} -gt 0 ] || modules=(agentdestroy example file memory netstat ping pkg scribe sshkey timedrift yara)
echo "$AGENT, $RUNS runs each, the middle one; $(nproc) processors, load $(awk '{ print $1 }' /proc/loadavg)"
for module in "${modules[@]}"; do
    question "$module" >/dev/null || { echo "skipped: no question is known for '$module'"; continue; }
    answer=$(ask "$module" || true)
    case $answer in
        *"is not available"*) echo "skipped: '$module' is not in this agent"; continue ;;
        '{"foundanything":'*) ;;
        *) echo "$module gives no answer: $answer"; exit 1 ;;
    esac
    took=$(times "$work/question" "$AGENT" -m "$module")
    row "$module, an empty question" "$took" 10 ""
done

if [ $# = 0 ]; then
    dpkg_database
    answer=$(ask pkg --root "$work/root")
    case $answer in
        *'"installed":{"dpkg":2000}'*) ;;
        *) echo "pkg does not see 2,000 packages: $answer"; exit 1 ;;
    esac
    size=$(($(stat -c %s "$work/root/var/lib/dpkg/status") / 1024))
    took=$(times "$work/question" "$AGENT" -m pkg --root "$work/root")
    row "pkg, 2,000 dpkg packages" "$took" 15 "   ($size KiB)"
fi
