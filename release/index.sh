#!/usr/bin/env bash
# index.sh IMAGE VERSION IMAGE@DIGEST...: makes IMAGE:VERSION, one name for the images of
# all architectures, and prints it by its digest.
set -euo pipefail
image=$1 version=$2
shift 2
[ $# -gt 0 ] || { echo 'no images' >&2; exit 2; }
manifests=()
for one in "$@"; do
    case $one in "$image"@sha256:*) manifests+=(-m "$one") ;; *) echo "$one is no digest of $image" >&2; exit 2 ;; esac
done
crane index append "${manifests[@]}" -t "$image:$version" > /dev/null
platforms=$(crane manifest "$image:$version" | jq '[.manifests[].platform | .os + "/" + .architecture] | unique | length')
if [ "$platforms" -ne $# ]; then
    echo "$image:$version has $platforms platforms, want $#" >&2
    exit 1
fi
echo "$image@$(crane digest "$image:$version")"
