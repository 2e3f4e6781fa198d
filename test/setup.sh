#!/usr/bin/env bash
# Installs what the tests need beside Go, git and make, where it can; says what
# is missing where it cannot.
set -euo pipefail

missing=()
for program in openssl shellcheck jq; do
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
