#!/usr/bin/env bash
# run.sh BASE HEAD: judges by our own gate what HEAD changes of our rules and schemas. They
# are attested as they are in BASE, with a key that is made for this run and forgotten: no
# commit has companions of them (docs/decisions/0132-our-own-gate.md). The change has to be
# denied as long as it is not attested, and to pass once it is; a byte more is denied again.
# The program is that of BASE, so that no change judges itself; CODEXLOCK names another one.
# It writes only to a temporary clone.
set -euo pipefail
base=$(git rev-parse --verify --end-of-options "$1^{commit}")
head=$(git rev-parse --verify --end-of-options "$2^{commit}")
config=$(realpath "$(dirname "$0")/codexlock.yaml")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -n "${CODEXLOCK:-}" ]; then
    mkdir "$work/bin"
    ln -s "$(realpath "$CODEXLOCK")" "$work/bin/codexlock"
else
    mkdir "$work/program"
    git archive "$base" | tar -xf - -C "$work/program"
    go -C "$work/program" build -trimpath -o "$work/bin/" ./cmd/codexlock
fi
export PATH="$work/bin:$PATH"

# The key and the commands are of this run alone, whatever event it runs for.
unset VAULTTIME_KEY_FILE "${!GITHUB_@}" "${!CODEXLOCK_@}" "${!VAULTTIME_KEY_@}"
VAULTTIME_KEY=$(codexlock keys generate 2> /dev/null)
export VAULTTIME_KEY
public=$(codexlock keys public)
[ -n "$public" ]

# expect CODE COMMAND...: that it ends so, and prints what it printed otherwise.
expect() {
    local want=$1 code=0
    shift
    "$@" > "$work/log" 2>&1 || code=$?
    if [ "$code" -ne "$want" ]; then
        cat "$work/log" >&2
        echo "$*: exit code $code, want $want" >&2
        exit 1
    fi
}
commit() {
    git add -A -f
    git -c user.name=self -c user.email=self@localhost -c core.hooksPath=/dev/null commit -q --allow-empty -m "$1"
}

git clone -q --shared --no-checkout "$(git rev-parse --show-toplevel)" "$work/clone"
cd "$work/clone"
git checkout -q --detach "$base"
sed -e "s|@PUBLIC_KEY@|$public|" -e "s|@EXPIRES@|$(date -u -d '+1 day' +%Y-%m-%dT%H:%M:%SZ)|" "$config" > codexlock.yaml
echo '{"artifacts": []}' > Codex-Lock.json
codexlock init --minimal > "$work/log"
expect 0 codexlock attest --all
commit 'attested'
attested=$(git rev-parse HEAD)
expect 0 codexlock verify --all
tail -n 1 "$work/log"

git diff --binary --no-renames "$base" "$head" -- policies schemas > "$work/change"
if [ -s "$work/change" ]; then
    git apply --index "$work/change"
    if git diff --quiet "$attested" -- 'policies/*.rego' 'schemas/*.json'; then
        echo 'the change is in no artifact'
    else
        expect 1 codexlock verify
    fi
    mapfile -d '' -t removed < <(git diff --name-only --diff-filter=D --no-renames -z "$attested")
    for path in "${removed[@]}"; do
        [ ! -e "$path.vaulttime.json" ] || expect 0 codexlock rm -- "$path"
    done
    expect 0 codexlock attest --changed
    commit 'attested change'
fi
expect 0 codexlock verify --base-exact "$attested" --head HEAD
grep -E '^\[(✓|!|✗)\]' "$work/log" || true
expect 0 codexlock verify --all
echo >> schemas/facts.json
expect 1 codexlock verify
grep -q 'lock.drift' "$work/log" || { cat "$work/log" >&2; exit 1; }
echo 'our rules and schemas pass their own gate'
