#!/usr/bin/env bash
# Written by codexlock init: verifies every artifact of this repository.
set -euo pipefail

usage() {
  printf 'usage: %s [--verify-all] [--help]\n\n' "$0"
  printf 'Verifies every artifact: its SHA-256, its VaultTime record, its manifest, its\n'
  printf 'test and its entry in Codex-Lock.json, with no drift tolerated. The results are\n'
  printf 'added to MANIFEST.integrity.json, and nothing else is changed; with\n'
  printf 'CODEXLOCK_LOG=false nothing is.\n'
  printf 'Needs codexlock on the PATH, and the key in VAULTTIME_KEY.\n'
  printf 'Exits 0 if all are trusted and current, 1 if not, 2 on wrong usage, 3 if it\n'
  printf 'cannot be verified.\n'
}

case ${1-} in
'' | --verify-all) ;;
-h | --help | --usage)
  usage
  exit 0
  ;;
*)
  usage >&2
  exit 2
  ;;
esac
if [ "$#" -gt 1 ]; then
  usage >&2
  exit 2
fi

if ! command -v codexlock >/dev/null 2>&1; then
  printf '[✗] cannot be verified: codexlock is not on the PATH\n' >&2
  exit 3
fi
here=$(dirname -- "$0")
CDPATH='' cd -- "$here"
export CODEXLOCK_LOG="${CODEXLOCK_LOG:-true}"
exec codexlock verify --all
