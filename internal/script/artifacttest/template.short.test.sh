#!/usr/bin/env bash
@OURS@
# shellcheck disable=SC2016
set -euo pipefail
case ${1-} in
'') ;;
-h | --help | --usage) printf 'usage: %s [--help]\nVerifies one artifact, as ingest_archive.test.sh --verify does.\n' "$0" && exit 0 ;;
*) printf 'usage: %s [--help]\n' "$0" >&2 && exit 2 ;;
esac
export -n @KEY_ENV@
VAULTTIME_KEY=${@KEY_ENV@-} "$(dirname -- "$0")"/'@ROOT@'/ingest_archive.test.sh --verify '@ARTIFACT@'
