#!/usr/bin/env bash
@OURS@
# A path with a dollar sign in it is meant as it stands.
# shellcheck disable=SC2016
set -euo pipefail
# The key, and what is made of it, is not for the programs that this script starts:
# neither in their environment nor in their arguments, which every process can read.
set +a
export -n @KEY_ENV@ key pad hex rest byte escapes inner computed
key=${@KEY_ENV@-}
LC_ALL=C
export LC_ALL

artifact='@ARTIFACT@'
manifest='@MANIFEST@'
record='@RECORD@'
ledger='@LEDGER@'
# The artifact's path as JSON writes it.
written='@WRITTEN@'

usage() {
  printf 'usage: %s [--help]\n\n' "$0"
  printf 'Verifies %s: its SHA-256 against its manifest,\n' "$artifact"
  printf 'its VaultTime record and %s; the signature of the record, with the key\n' "$ledger"
  printf 'in the environment variable @KEY_ENV@; its time to live; that it can be used.\n'
  printf 'Changes nothing. Exits 0 if all of it holds, 1 if not, 2 on wrong usage.\n'
}

fail() {
  printf '[✗] %s: %s\n' "$artifact" "$1" >&2
  exit 1
}

# The value of the one line of a file that holds a field at the top of its JSON.
field() {
  awk -v name="$2" '
    index($0, "  \"" name "\": ") == 1 {
      value = substr($0, length(name) + 7)
      sub(/,$/, "", value)
      gsub(/^"|"$/, "", value)
      found++
    }
    END { if (found == 1) print value; else exit 1 }
  ' "$1" || fail "$1 has no single field $2 in the form that codexlock writes; attest it again"
}

# The SHA-256 that the ledger records for the artifact.
recorded() {
  WRITTEN="$written" awk '
    $0 == "      \"path\": " ENVIRON["WRITTEN"] "," { entry = 1; found++; next }
    entry && index($0, "      \"sha256\": \"") == 1 { print substr($0, 18, 64) }
    { entry = 0 }
    END { if (found != 1) exit 1 }
  ' "$ledger" || fail "$ledger has no single entry of it"
}

# The SHA-256 of standard input, in hex.
sha256() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256
  else
    openssl dgst -sha256 -r
  fi | cut -c 1-64
}

# The bytes of hex digits, each XORed with $2, as escapes for printf %b.
escaped() {
  hex=$1
  escapes=
  while [ -n "$hex" ]; do
    rest=${hex#??}
    byte=$((0x${hex%"$rest"} ^ $2))
    escapes="$escapes\\0$((byte / 64))$((byte / 8 % 8))$((byte % 8))"
    hex=$rest
  done
  printf '%s' "$escapes"
}

# The HMAC-SHA256 of $1 under the key, as RFC 2104 defines it: two SHA-256 over
# pipes. Only commands of the shell itself have the key.
hmac() {
  pad=$(printf '%s' "$key" | od -A n -v -t x1 | tr -c -d 0-9a-f)
  if [ "${#pad}" -gt 128 ]; then
    pad=$(printf '%s' "$key" | sha256)
  fi
  while [ "${#pad}" -lt 128 ]; do
    pad="${pad}00"
  done
  inner=$({
    printf '%b' "$(escaped "$pad" 0x36)"
    printf '%s' "$1"
  } | sha256)
  {
    printf '%b' "$(escaped "$pad" 0x5c)"
    printf '%b' "$(escaped "$inner" 0)"
  } | sha256
}

# Fails unless the record's time is not ahead of now and its hours are not over.
in_time() {
  awk -v at="$1" -v hours="$2" -v now="$3" '
    BEGIN {
      if (at !~ /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]Z$/) exit 1
      if (substr(at, 6, 2) !~ /^(0[1-9]|1[0-2])$/ || substr(at, 9, 2) !~ /^(0[1-9]|[12][0-9]|3[01])$/) exit 1
      if (hours !~ /^[1-9][0-9]*$/ || length(hours) > 7 || now !~ /^[0-9]+$/) exit 1
      y = substr(at, 1, 4) + 0; m = substr(at, 6, 2) + 0; d = substr(at, 9, 2) + 0
      # Days since 1970-01-01, in years that begin in March.
      if (m <= 2) { y--; m += 12 }
      days = 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + d - 719469
      start = days * 86400 + substr(at, 12, 2) * 3600 + substr(at, 15, 2) * 60 + substr(at, 18, 2)
      exit !(start <= now + 300 && now <= start + hours * 3600)
    }
  '
}

runs() {
  case $artifact in
  *.sh) bash -n "./$artifact" || fail "is no valid shell script" ;;
  *.json)
    if command -v jq >/dev/null 2>&1; then
      jq empty <"./$artifact" >/dev/null || fail "is no valid JSON"
    elif command -v python3 >/dev/null 2>&1; then
      python3 -c 'import json, sys; json.load(sys.stdin.buffer)' <"./$artifact" || fail "is no valid JSON"
    fi
    ;;
  *)
    case $(head -c 128 "./$artifact" | head -n 1 | tr -d '\000') in
    '#!'*bash*) bash -n "./$artifact" || fail "is no valid shell script" ;;
    esac
    ;;
  esac
}

case ${1-} in
'') ;;
-h | --help | --usage)
  usage
  exit 0
  ;;
*)
  usage >&2
  exit 2
  ;;
esac

here=$(dirname -- "$0")
CDPATH='' cd -- "$here"
cd -- '@ROOT@'

for file in "$artifact" "$manifest" "$record" "$ledger"; do
  if [ ! -f "./$file" ] || [ -L "./$file" ] || [ ! -r "./$file" ]; then
    fail "$file is not a file that can be read"
  fi
done

sha256=$(sha256 <"./$artifact") || fail "cannot be verified: none of sha256sum, shasum and openssl computes its SHA-256"
[ "${#sha256}" -eq 64 ] || fail "cannot be verified: its SHA-256 has ${#sha256} characters, want 64"
value=$(field "./$manifest" sha256)
[ "$sha256" = "$value" ] || fail "sha256 is $sha256, $manifest records $value"
value=$(field "./$record" sha256)
[ "$sha256" = "$value" ] || fail "sha256 is $sha256, $record records $value"
value=$(recorded)
[ "$sha256" = "$value" ] || fail "sha256 is $sha256, $ledger records $value"
value=$(awk 'index($0, "  \"path\": ") == 1 { sub(/,$/, ""); print substr($0, 11) }' "./$record")
[ "$written" = "$value" ] || fail "$record is the record of another path"

[ -n "$key" ] || fail "cannot be verified: the environment variable @KEY_ENV@ is not set, or empty"
value=$(field "./$record" vaulttime)
computed=$(hmac "$sha256") || fail "cannot be verified: its HMAC cannot be computed"
[ "${#computed}" -eq 64 ] || fail "cannot be verified: the computed HMAC has ${#computed} characters, want 64"
[ "$computed" = "$value" ] || fail "the VaultTime signature is not that of the key in @KEY_ENV@"

timestamp=$(field "./$record" timestamp)
ttl_hours=$(field "./$record" ttl_hours)
in_time "$timestamp" "$ttl_hours" "$(date -u +%s)" || fail "the VaultTime record of $timestamp is not valid now: it holds for $ttl_hours hours"

if [ ! -s "./$artifact" ]; then
  # The digest of no bytes: an artifact that is meant to be empty.
  [ "$sha256" = e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ] || fail "is empty"
fi
runs

printf '[✓] %s verified (VaultTime valid, Codex hash match)\n' "$artifact"
