#!/usr/bin/env bash
# packages.sh VERSION DIR: makes Debian and RPM packages of the Linux archives that
# binaries.sh put into DIR, and a Homebrew formula of all of them, and adds their sums to
# SHA256SUMS. nfpm is on the search path (tools/nfpm). The bytes depend on the archives and
# on SOURCE_DATE_EPOCH, by default the time of the commit that is checked out.
set -euo pipefail
version=$1 dir=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
: "${SOURCE_DATE_EPOCH:=$(git -C "$here" log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Manual pages and completions are the same everywhere: the program for this machine writes them.
own=codexlock-$version-$(go env GOHOSTOS)-$(go env GOHOSTARCH)
tar -C "$work" -xf "$dir/$own.tar.gz"
mkdir "$work/man" "$work/completions"
"$work/$own/codexlock" man "$work/man" > "$work/log"
for shell in bash zsh fish; do "$work/$own/codexlock" completion "$shell" > "$work/completions/codexlock.$shell"; done
gzip -n9 "$work"/man/*

made=()
for archive in "$dir/codexlock-$version"-linux-*.tar.gz; do
    name=$(basename "$archive" .tar.gz)
    stage=$work/stage-$name
    mkdir -p "$stage/bin"
    tar -C "$work" -xf "$archive"
    mv "$work/$name/LICENSE" "$stage/LICENSE"
    mv "$work/$name"/* "$stage/bin/"
    cp -r "$work/man" "$work/completions" "$stage/"
    find "$stage" -type f ! -path "$stage/bin/*" -exec chmod 644 {} +
    chmod 755 "$stage"/bin/*
    find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    for packager in deb rpm; do
        (cd "$stage" && VERSION=$version ARCH=${name##*-} nfpm package --config "$here/nfpm.yaml" --packager "$packager" --target "$dir/$name.$packager") > "$work/log"
        made+=("$name.$packager")
    done
done

# block OS ARCH: where Homebrew finds an archive.
block() {
    local name=codexlock-$version-$1-$2.tar.gz sum
    sum=$(awk -v name="$name" '$2 == name { print $1 }' "$dir/SHA256SUMS")
    [ -n "$sum" ] || { echo "SHA256SUMS has no $name" >&2; exit 1; }
    printf '      url "https://github.com/codexlock/codexlock/releases/download/%s/%s"\n      sha256 "%s"\n' "$version" "$name" "$sum"
}
{
    cat << END
# The formula of a release, for a tap: brew install --formula ./codexlock.rb
class Codexlock < Formula
  desc "Gate that verifies every artifact of a change in a Git repository"
  homepage "https://github.com/codexlock/codexlock"
  version "${version#v}"
  license "Apache-2.0"

  depends_on "git"
  depends_on "shellcheck"

END
    for os in darwin linux; do
        case $os in darwin) echo '  on_macos do' ;; linux) echo '  on_linux do' ;; esac
        for arch in arm64 amd64; do
            case $arch in arm64) echo '    on_arm do' ;; amd64) echo '    on_intel do' ;; esac
            block "$os" "$arch"
            echo '    end'
        done
        echo '  end'
    done
    cat << 'END'

  def install
    bin.install Dir["codexlock*"]
    generate_completions_from_executable(bin/"codexlock", "completion", shells: [:bash, :zsh, :fish])
    system bin/"codexlock", "man", "man"
    man1.install Dir["man/*"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/codexlock version")
    system bin/"codexlock", "demo"
  end
end
END
} > "$dir/codexlock.rb"
(cd "$dir" && sha256sum "${made[@]}" codexlock.rb >> SHA256SUMS)
