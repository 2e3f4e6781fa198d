#!/usr/bin/env bash
# version.sh TAG: prints the version that the tag build/vX.Y.Z starts the release of.
set -euo pipefail
pattern='^build/(v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?)$'
if ! [[ $1 =~ $pattern ]]; then
    echo "$1 is not build/vX.Y.Z" >&2
    exit 2
fi
echo "${BASH_REMATCH[1]}"
