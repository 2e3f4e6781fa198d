#!/usr/bin/env bash
# Written by codexlock init: verifies one artifact of this repository, or all of them.
set -euo pipefail

usage() {
  printf 'usage: %s [--verify-all | --verify PATH | --help]\n\n' "$0"
  printf 'Without PATH, verifies every artifact: its SHA-256, its VaultTime record, its\n'
  printf 'manifest, its test and its entry in Codex-Lock.json, with no drift tolerated.\n'
  printf 'The results are added to MANIFEST.integrity.json, and nothing else is changed;\n'
  printf 'with CODEXLOCK_LOG=false nothing is. Needs codexlock on the PATH, and the keys in\n'
  printf 'the environment.\n\n'
  printf 'With PATH, an artifact as Codex-Lock.json names it, verifies that one with plain\n'
  printf 'tools: its SHA-256 against its manifest, its VaultTime record and Codex-Lock.json;\n'
  printf 'the HMAC of the record, with the key in VAULTTIME_KEY; its time to live; that it\n'
  printf 'can be used. Changes nothing, and checks neither proofs nor policies.\n\n'
  printf 'Exits 0 if all of it holds, 1 if not, 2 on wrong usage, 3 if it cannot be verified.\n'
}

fail() {
  printf '[✗] %s: %s\n' "$artifact" "$1" >&2
  exit 1
}

cannot() {
  printf '[✗] %s: cannot be verified: %s\n' "$artifact" "$1" >&2
  exit 3
}

# Fails unless $1 is a file in folders that are none of them a symlink.
check_file() {
  if [ ! -f "./$1" ] || [ -L "./$1" ] || [ ! -r "./$1" ]; then
    fail "$1 is not a file that can be read"
  fi
  folder=$1
  while [ "$folder" != "${folder%/*}" ]; do
    folder=${folder%/*}
    [ ! -L "./$folder" ] || fail "$1 is in $folder, which is a symlink"
  done
}

exists() {
  [ -e "./$1" ] || [ -L "./$1" ]
}

# The path of the companion with the suffix $1: next to the artifact, or mirrored.
companion() {
  if exists "assets/manifests/$artifact$1"; then
    ! exists "$artifact$1" || fail "$artifact$1 exists twice, the second time in assets/manifests/"
    printf 'assets/manifests/'
  fi
  printf '%s' "$artifact$1"
}

# The value of the one line of the file $1 that holds the field $2 at the top of its JSON.
field() {
  awk -v name="$2" '
    index($0, "  \"" name "\": ") == 1 {
      value = substr($0, length(name) + 7)
      sub(/,$/, "", value)
      if (substr(value, 1, 1) == "\"") value = substr(value, 2, length(value) - 2)
      found++
    }
    END { if (found == 1) print value; else exit 1 }
  ' "./$1" || fail "$1 has no single field $2 in the form that codexlock writes; attest it again"
}

# The value of the field $1 in the one entry of Codex-Lock.json that has the path.
entry() {
  WRITTEN=$written awk -v name="$1" '
    /^    [{}]/ { inside = 0 }
    $0 == "      \"path\": \"" ENVIRON["WRITTEN"] "\"," { inside = 1; entries++ }
    inside && index($0, "      \"" name "\": ") == 1 {
      value = substr($0, length(name) + 11)
      sub(/,$/, "", value)
      if (substr(value, 1, 1) == "\"") value = substr(value, 2, length(value) - 2)
      found++
    }
    END { if (entries == 1 && found == 1) print value; else exit 1 }
  ' ./Codex-Lock.json || fail "Codex-Lock.json has no single entry of it with $1, in the form that codexlock writes"
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

# Fails unless the artifact can be used: a script parses, JSON is valid.
usable() {
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

verify() {
  key=${VAULTTIME_KEY-}
  LC_ALL=C
  export LC_ALL
  artifact=${1#./}
  case /$artifact/ in
  *//* | */./* | */../* | *[[:cntrl:]]*)
    printf '[✗] %s is not the path of an artifact: want one below the folder of %s\n' "$artifact" "$0" | tr -d '\000-\011\013-\037\177' >&2
    exit 2
    ;;
  esac
  # The path as JSON writes it.
  written=$(printf '%s' "$artifact" | sed 's/[\\"]/\\&/g')

  check_file "$artifact"
  manifest=$(companion .manifest.json)
  record=$(companion .vaulttime.json)
  check_file "$manifest"
  check_file "$record"
  check_file Codex-Lock.json

  digest=$(sha256 <"./$artifact") || cannot "none of sha256sum, shasum and openssl computes its SHA-256"
  [ "${#digest}" -eq 64 ] || cannot "its SHA-256 has ${#digest} characters, want 64"
  value=$(field "$manifest" sha256)
  [ "$digest" = "$value" ] || fail "sha256 is $digest, $manifest records $value"
  value=$(field "$record" sha256)
  [ "$digest" = "$value" ] || fail "sha256 is $digest, $record records $value"
  value=$(field "$manifest" artifact)
  [ "$written" = "$value" ] || fail "$manifest is the manifest of another path"
  value=$(awk 'index($0, "  \"path\": ") == 1 { sub(/,$/, ""); print substr($0, 11) }' "./$record")
  # A record of the standard's five fields names no path.
  [ -z "$value" ] || [ "\"$written\"" = "$value" ] || fail "$record is the record of another path"

  [ -n "$key" ] || cannot 'VAULTTIME_KEY is not set, or empty: it holds the key of the trust domain'
  value=$(field "$record" vaulttime)
  computed=$(hmac "$digest") || cannot "its HMAC cannot be computed"
  [ "${#computed}" -eq 64 ] || cannot "the computed HMAC has ${#computed} characters, want 64"
  [ "$computed" = "$value" ] || fail "the VaultTime signature is not that of the key in VAULTTIME_KEY"
  timestamp=$(field "$record" timestamp)
  ttl_hours=$(field "$record" ttl_hours)
  in_time "$timestamp" "$ttl_hours" "$(date -u +%s)" || fail "the VaultTime record of $timestamp is not valid now: it holds for $ttl_hours hours"

  value=$(entry sha256)
  [ "$digest" = "$value" ] || fail "sha256 is $digest, Codex-Lock.json records $value"
  value=$(entry drift_tolerance)
  [ "$value" = 0.0 ] || [ "$value" = 0 ] || fail "Codex-Lock.json tolerates a drift of $value, want 0.0"
  value=$(field "$record" trust_domain)
  [ "$value" = "$(entry trust_domain)" ] || fail "$record and Codex-Lock.json name two trust domains"

  if [ ! -s "./$artifact" ]; then
    # The digest of no bytes: an artifact that is meant to be empty.
    [ "$digest" = e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ] || fail "is empty"
  fi
  usable
  printf '[✓] %s verified (VaultTime valid, Codex hash match)\n' "$artifact"
}

verify_all() {
  if ! command -v codexlock >/dev/null 2>&1; then
    printf '[✗] cannot be verified: codexlock is not on the PATH\n' >&2
    exit 3
  fi
  export CODEXLOCK_LOG="${CODEXLOCK_LOG:-true}"
  exec codexlock verify --all
}

case ${1-} in
'' | --verify-all) most=1 ;;
--verify) most=2 ;;
-h | --help | --usage)
  usage
  exit 0
  ;;
*) most=0 ;;
esac
if [ "$#" -gt "$most" ] || { [ "$most" -eq 2 ] && [ "$#" -lt 2 ]; }; then
  usage >&2
  exit 2
fi
if [ "$most" -eq 2 ]; then
  # The key, and what is made of it, is not for the programs that this script starts:
  # neither in their environment nor in their arguments, which every process can read.
  set +a
  export -n VAULTTIME_KEY key pad hex rest byte escapes inner computed value
fi
here=$(dirname -- "$0")
CDPATH='' cd -- "$here"
if [ "$most" -eq 2 ]; then
  verify "$2"
else
  verify_all
fi
