#!/usr/bin/env bash
# Installs the programs that the tests need in addition to Go, git and make, if it can;
# otherwise it names the missing ones.
set -euo pipefail

missing=()
for program in openssl shellcheck jq pre-commit; do
    command -v "$program" > /dev/null || missing+=("$program")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

if command -v apt-get > /dev/null && [ "$(id -u)" -eq 0 ]; then
    echo "installing ${missing[*]}" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" > /dev/null
    exit 0
fi
echo "the tests need ${missing[*]}: install them, for instance with: sudo apt-get install ${missing[*]}" >&2
exit 1
