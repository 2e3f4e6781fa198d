#!/usr/bin/env bash
# binaries.sh VERSION COMMIT DIR: builds what a release's page has into DIR: an archive
# for each platform, a list of the modules in it (CycloneDX 1.6) and SHA256SUMS. COMMIT is
# the release's own, which codexlock init writes into workflows.
#
# The bytes depend on the source, the arguments and the version of Go: anyone can build
# them again. SOURCE_DATE_EPOCH is the time of the files in the archives, by default that
# of the commit that is checked out. PLATFORMS is a list like "linux/amd64".
set -euo pipefail
version=$1 commit=$2 out=$3
cd "$(dirname "$0")/.."
mkdir -p "$out"
out=$(cd "$out" && pwd)
: "${PLATFORMS:=linux/amd64 linux/arm64 darwin/amd64 darwin/arm64}"
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CGO_ENABLED=0 GOAMD64=v1 GOARM64=v8.0 GOFLAGS='' GOEXPERIMENT=''
info=github.com/codexlock/codexlock/internal/buildinfo
names=()
for platform in $PLATFORMS; do
    os=${platform%/*} arch=${platform#*/}
    name=codexlock-$version-$os-$arch
    mkdir "$work/$name"
    for program in codexlock codexlock-use; do
        GOOS=$os GOARCH=$arch go build -trimpath -buildvcs=false \
            -ldflags "-s -w -buildid= -X $info.Version=$version -X $info.Commit=$commit" \
            -o "$work/$name/$program" "./cmd/$program"
    done
    install -m 644 LICENSE "$work/$name/LICENSE"
    tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime="@$SOURCE_DATE_EPOCH" --format=ustar \
        -cf - "$name" | gzip -n9 > "$out/$name.tar.gz"
    go version -m -json "$work/$name/codexlock" | jq --arg version "$version" --argjson time "$SOURCE_DATE_EPOCH" \
        --arg sum "$(sha256sum "$work/$name/codexlock" | cut -d ' ' -f 1)" '
        def purl($version): "pkg:golang/" + .Path + "@" + $version;
        {
            bomFormat: "CycloneDX", specVersion: "1.6", version: 1,
            metadata: {
                timestamp: ($time | todate),
                component: {
                    type: "application", "bom-ref": (.Main | purl($version)), name: .Main.Path, version: $version, purl: (.Main | purl($version)),
                    hashes: [{alg: "SHA-256", content: $sum}]
                }
            },
            components: ([
                .Deps[] | (.Replace // .) | {type: "library", "bom-ref": purl(.Version), name: .Path, version: .Version, purl: purl(.Version)}
            ] + [{type: "library", "bom-ref": ("pkg:golang/std@" + .GoVersion[2:]), name: "std", version: .GoVersion[2:], purl: ("pkg:golang/std@" + .GoVersion[2:])}])
        }' > "$out/$name.cdx.json"
    names+=("$name.tar.gz" "$name.cdx.json")
done
(cd "$out" && sha256sum "${names[@]}" > SHA256SUMS)
