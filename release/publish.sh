#!/usr/bin/env bash
# publish.sh REMOTE VERSION COMMIT: pushes the commit of a release as the tag VERSION. A
# tag is never moved: one that is at another commit is an error. GH_TOKEN, if set, signs in.
set -euo pipefail
remote=$1 version=$2 commit=$3
# shellcheck disable=SC2016 # git's shell expands it, so the token is in no argument
git -c credential.helper='!f() { printf "username=x-access-token\npassword=%s\n" "${GH_TOKEN:-}"; }; f' \
    push "$remote" "$commit:refs/tags/$version"
