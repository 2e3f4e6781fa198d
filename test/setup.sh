#!/usr/bin/env bash
# Installs the programs that the tests need in addition to Go, git and make, if it can;
# otherwise it names the missing ones.
set -euo pipefail

missing=()
for program in openssl shellcheck jq pre-commit; do
    command -v "$program" > /dev/null || missing+=("$program")
done
# The tests of the HTML report run a headless Chromium, under any of its names. Debian's
# package is called chromium; a runner of GitHub has google-chrome.
browser=""
for program in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$program" > /dev/null; then browser=$program; fi
done
[ -n "$browser" ] || missing+=(chromium)
[ "${#missing[@]}" -eq 0 ] && exit 0

if command -v apt-get > /dev/null && [ "$(id -u)" -eq 0 ]; then
    echo "installing ${missing[*]}" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" > /dev/null
    exit 0
fi
echo "the tests need ${missing[*]}: install them, for instance with: sudo apt-get install ${missing[*]}" >&2
exit 1
