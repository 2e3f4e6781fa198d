#!/usr/bin/env bash
# commit.sh VERSION IMAGE@DIGEST: makes the commit of a release and prints its hash. It is
# a child of the commit that is checked out, and its action.yml names the image where that
# one's names the Dockerfile. No branch, tag or file changes, and the same two arguments
# make the same commit, so that a release that failed half-way can be run again.
set -euo pipefail
version=$1 image=$2
pattern='^[a-z0-9][a-z0-9./:_-]*@sha256:[0-9a-f]{64}$'
if ! [[ $image =~ $pattern ]]; then
    echo "$image is no image by digest" >&2
    exit 2
fi
action=$(git cat-file blob HEAD:action.yml)
if [ "$(grep -cx '  image: Dockerfile' <<< "$action")" -ne 1 ]; then
    echo 'action.yml has no line "  image: Dockerfile"' >&2
    exit 1
fi
index=$(mktemp -d)
trap 'rm -rf "$index"' EXIT
export GIT_INDEX_FILE=$index/index
git read-tree HEAD
blob=$(printf "%s\n" "$action" | sed "s,^  image: Dockerfile\$,  image: docker://$image," | git hash-object -w --stdin)
git update-index --cacheinfo "100644,$blob,action.yml"
date=$(git log -1 --format=%ct)
export GIT_AUTHOR_NAME='github-actions[bot]' GIT_AUTHOR_EMAIL='41898282+github-actions[bot]@users.noreply.github.com' GIT_AUTHOR_DATE="@$date +0000"
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
git commit-tree "$(git write-tree)" -p HEAD -m "Release $version"
