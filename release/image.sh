#!/usr/bin/env bash
# image.sh IMAGE VERSION ARCH FILE: pushes the image of one architecture, which docker
# save wrote to FILE, as IMAGE:VERSION-ARCH, and prints it by its digest. crane is
# signed in to the registry.
set -euo pipefail
image=$1 version=$2 arch=$3 file=$4
got=$(tar -xOf "$file" "$(tar -xOf "$file" manifest.json | jq -r '.[0].Config')" | jq -r '.os + "/" + .architecture')
if [ "$got" != "linux/$arch" ]; then
    echo "$file is an image for $got, want linux/$arch" >&2
    exit 1
fi
crane push "$file" "$image:$version-$arch" > /dev/null
echo "$image@$(crane digest "$image:$version-$arch")"
