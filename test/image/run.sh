#!/usr/bin/env bash
# Builds the unmodified Dockerfile and runs its image as a GitHub runner does,
# with an engine of the test's own. The base images are made here from Debian's
# packages, so that no image registry is needed.
#
# Where no engine can start, it says so; that is a failure only in CI. With --bench it
# measures the container in place of testing it.
set -euo pipefail
cd "$(dirname "$0")/../.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/codexlock
work=$(mktemp -d /tmp/codexlock-image.XXXXXX)
image=codexlock-under-test
# What a runner downloads.
limit_mb=60
engine=

log() { printf '== %s\n' "$*" >&2; }

finish() {
    if [ -n "$engine" ] && kill "$engine" 2> /dev/null; then
        for _ in $(seq 50); do kill -0 "$engine" 2> /dev/null || break; sleep 0.2; done
    fi
    rm -rf "$work" 2> /dev/null || true
}
trap finish EXIT

unable() {
    log "NOT TESTED: the container, because $*"
    if [ "${CI:-}" = true ]; then exit 1; fi
    exit 0
}

install() {
    local missing=()
    command -v dockerd > /dev/null || missing+=(docker.io)
    command -v debootstrap > /dev/null || missing+=(debootstrap)
    if [ "${#missing[@]}" -eq 0 ]; then return; fi
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
        unable "${missing[*]} is missing and this is no root on Debian"
    fi
    log "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" > /dev/null
}

start_engine() {
    mkdir -p "$work/data" "$work/exec"
    setsid dockerd --data-root "$work/data" --exec-root "$work/exec" -p "$work/pid" \
        -H "unix://$work/docker.sock" > "$work/dockerd.log" 2>&1 &
    engine=$!
    export DOCKER_HOST="unix://$work/docker.sock"
    for _ in $(seq 60); do
        if docker version > /dev/null 2>&1; then return; fi
        kill -0 "$engine" 2> /dev/null || break
        sleep 1
    done
    tail -n 20 "$work/dockerd.log" >&2
    unable "no engine starts here"
}

base_images() {
    local tar=$cache/bookworm-minbase.tar root=$work/root
    if [ ! -s "$tar" ]; then
        log "making Debian bookworm (about a minute)"
        debootstrap --variant=minbase bookworm "$root" > "$work/debootstrap.log" \
            || { tail -n 20 "$work/debootstrap.log" >&2; unable "debootstrap did not finish"; }
        mkdir -p "$cache"
        # What this machine trusts, and where it gets packages from, the images need too.
        mkdir -p "$root/etc/ssl/certs" "$root/usr/share/ca-certificates"
        cp -a /etc/ssl/certs/. "$root/etc/ssl/certs/"
        [ -d /usr/share/ca-certificates ] && cp -a /usr/share/ca-certificates/. "$root/usr/share/ca-certificates/"
        tar -C "$root" -cf "$tar.new" . && mv "$tar.new" "$tar"
        rm -rf "$root"
    fi
    log "importing debian:bookworm-slim and golang:1.26-bookworm"
    docker import - debian:bookworm-slim < "$tar" > /dev/null
    cp "$tar" "$work/go.tar"
    tar --append -f "$work/go.tar" -C / --transform 's,^,./,' "$(go env GOROOT | sed 's,^/,,')"
    docker import -c "ENV PATH=/go/bin:$(go env GOROOT)/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
        -c 'ENV GOPATH=/go' -c 'ENV GOTOOLCHAIN=local' -c "ENV GOPROXY=$(go env GOPROXY)" -c "ENV GOSUMDB=$(go env GOSUMDB)" \
        -c 'WORKDIR /go' - golang:1.26-bookworm < "$work/go.tar" > /dev/null
    rm "$work/go.tar"
}

build() {
    log "building the Dockerfile as it is"
    local started=$SECONDS
    # What is committed and what is not: the files of the work tree, without what git ignores.
    mkdir "$work/context"
    git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -cf - | tar -C "$work/context" -xf -
    DOCKER_BUILDKIT=0 docker build --network host -t "$image" "$work/context" > "$work/build.log" 2>&1 \
        || { tail -n 40 "$work/build.log" >&2; log "the image does not build"; exit 1; }
    local size_mb=$(($(docker image inspect -f '{{.Size}}' "$image") / 1000000)) packed_mb
    packed_mb=$(($(docker save "$image" | gzip | wc -c) / 1000000))
    log "built in $((SECONDS - started)) s, $size_mb MB, compressed $packed_mb MB"
    [ "$packed_mb" -le "$limit_mb" ] || { log "the image has $packed_mb MB, want at most $limit_mb"; exit 1; }
}

in_image() { docker run --rm --network none --entrypoint "$1" "$image" "${@:2}"; }

# A repository with a base commit, and what the runner checks out of a pull request.
repository() {
    local at=$work/$1
    mkdir -p "$at/assets/sources"
    docker run --rm --network none -v "$at:/r" -w /r -e VAULTTIME_KEY -e USER=tester --entrypoint bash "$image" -euc '
        git init -q -b main . && git config user.name t && git config user.email t@localhost
        codexlock init > /dev/null
        case $1 in sandbox*)
            text=$(< codexlock.yaml)
            printf "%s\n" "${text/version: 1/version: 1$'\''\n'\''run_tests: sandbox}" > codexlock.yaml
        esac
        printf "weights\000of a model" > assets/sources/model.bin
        codexlock attest assets/sources/model.bin > /dev/null 2>&1
        git add -A && git commit -q -m base
        printf more > assets/sources/new.bin
        codexlock attest assets/sources/new.bin > /dev/null 2>&1
        end="echo out of sorts >&2
exit 7"
        [ "$1" != sandbox-slow ] || end="sleep 60"
        if [ "$1" = sandbox-failing ] || [ "$1" = sandbox-slow ]; then
            printf "%s\n" "#!/usr/bin/env bash" "set -euo pipefail" "case \${1-} in --help) exit 0 ;; esac" \
                "sha256sum assets/sources/new.bin" "openssl dgst -sha256 -hmac \"\$VAULTTIME_KEY\" assets/sources/new.bin" \
                "$end" > assets/sources/new.bin.test
            codexlock attest assets/sources/new.bin.test > /dev/null 2>&1
        fi
        [ "$1" != drift ] || printf x >> assets/sources/model.bin
        git add -A && git commit -q -m change
    ' bash "$1"
    chown -R 1001:127 "$at"
}

# Runs the image the way the runner's container step does (actions/runner,
# ContainerActionHandler.cs and DockerCommandManager.cs), with $flags in addition.
flags=()
action() {
    local at=$work/$1 t=$work/runner-$1 sha
    sha=$(git -c safe.directory='*' -C "$at" rev-parse HEAD)
    mkdir -p "$t/_github_home" "$t/_github_workflow" "$t/_runner_file_commands"
    printf '{"pull_request":{"base":{"sha":"%s"},"head":{"sha":"%s","repo":{"full_name":"o/r"}}},"repository":{"full_name":"o/r","default_branch":"main"}}' \
        "$sha" "$sha" > "$t/_github_workflow/event.json"
    : > "$t/_runner_file_commands/output"
    : > "$t/_runner_file_commands/summary"
    chown -R 1001:127 "$t"
    [ "${#flags[@]}" -eq 0 ] || chmod 666 "$t/_runner_file_commands/"* # without capabilities, root may write no other user's file
    docker run --name "codexlock_$1" "${flags[@]}" --workdir /github/workspace --rm --network none \
        -e GITHUB_ACTIONS=true -e CI=true -e HOME=/github/home -e GITHUB_EVENT_NAME=pull_request -e GITHUB_SHA="$sha" \
        -e GITHUB_REPOSITORY=o/r -e GITHUB_RUN_ID=1 -e GITHUB_RUN_ATTEMPT=1 -e GITHUB_WORKSPACE=/github/workspace \
        -e GITHUB_EVENT_PATH=/github/workflow/event.json -e GITHUB_OUTPUT=/github/file_commands/output \
        -e GITHUB_STEP_SUMMARY=/github/file_commands/summary -e INPUT_ANNOTATE=commands -e VAULTTIME_KEY \
        -v "$t:/github/runner_temp" -v "$t/_github_home:/github/home" -v "$t/_github_workflow:/github/workflow" \
        -v "$t/_runner_file_commands:/github/file_commands" -v "$at:/github/workspace" \
        "$image" > "$t/stdout" 2> "$t/stderr"
}

# expect CODE NAME: the action on that repository ends with that exit code.
expect() {
    local code=0
    action "$2" || code=$?
    if [ "$code" -ne "$1" ]; then
        log "$2: exit code $code, want $1"
        cat "$work/runner-$2/stdout" "$work/runner-$2/stderr" >&2
        exit 1
    fi
}

# contains FILE PATTERN
contains() {
    grep -qE -- "$2" "$1" || { log "$1 does not contain $2:"; cat "$1" >&2; exit 1; }
}

install
start_engine
base_images
build
if [ "${1:-}" = --bench ]; then
    go run ./bench -image "$image"
    exit
fi

log "a workflow with action.yml, by act: a pull request with 120 findings, and a release's image"
# act finds the image of action.yml's Dockerfile under this name, and so does not build it again.
docker tag "$image" act-codexlock-codexlock-v1-dockeraction:latest
CODEXLOCK_ACT=$PWD/build/bin/act CODEXLOCK_ACTION=$work/context CODEXLOCK_IMAGE=$image \
    go test ./test/act -count 1 -v > "$work/act.log" 2>&1 || { tail -c 20000 "$work/act.log" >&2; exit 1; }
[ "$(grep -c '^--- PASS' "$work/act.log")" -eq 2 ] || { log "act's tests were not run:"; cat "$work/act.log" >&2; exit 1; }
rm -rf "$work/context"

key=a-key-of-the-image-test-0123456789abcdef
export VAULTTIME_KEY=$key # docker run -e VAULTTIME_KEY takes it from here, not from an argument

log "codexlock and what it runs are in the image, and nothing that installs or downloads"
in_image codexlock version > "$work/version"
contains "$work/version" '^codexlock '
in_image git --version > /dev/null
in_image shellcheck --version > /dev/null
in_image openssl version > /dev/null
in_image bash -c 'printf x | sha256sum' > /dev/null
in_image git -c core.askPass= ls-remote https://127.0.0.1:9/x > /dev/null 2> "$work/https" && exit 1
contains "$work/https" 'Failed to connect' # so its helper for HTTPS starts
container=$(docker create "$image")
docker export "$container" | tar -t > "$work/files"
docker rm "$container" > /dev/null
if grep -E '(^|/)(perl[^/]*|apt[^/]*|dpkg[^/]*|curl|wget|ssh|python[^/]*)$' "$work/files"; then
    log "these files do not belong in the image"
    exit 1
fi
[ "$(sed -n 's|^usr/local/bin/||p' "$work/files" | grep . | sort | paste -sd ' ')" = 'codexlock codexlock-action codexlock-use' ] || { log "want codexlock under two names, and codexlock-use, in usr/local/bin"; exit 1; }
in_image bash -c '[ /usr/local/bin/codexlock -ef /usr/local/bin/codexlock-action ]' || { log "the two names are two programs"; exit 1; }

log "a good change passes, in a work tree of another user's"
repository good
expect 0 good
contains "$work/runner-good/stdout" 'assets/sources/new.bin verified \(VaultTime valid, Codex hash match\)'
contains "$work/runner-good/_runner_file_commands/output" '^success$'
contains "$work/runner-good/_runner_file_commands/summary" 'trusted and current'

log "a drifted artifact is denied, and annotated where it was changed"
repository drift
expect 1 drift
contains "$work/runner-drift/stdout" '^::error file=assets/sources/model.bin,line=1,col=1,title=Content differs from the ledger'
contains "$work/runner-drift/_runner_file_commands/output" '^failure$'

log "tests are run in the sandbox, with no capability beyond an engine's own"
repository sandbox
expect 0 sandbox
contains "$work/runner-sandbox/stdout" 'assets/sources/new.bin verified'
repository sandbox-failing
expect 1 sandbox-failing
contains "$work/runner-sandbox-failing/stdout" 'assets/sources/new.bin: its test fails: it ended with 7: out of sorts .*\[test.failed\]'

log "a read-only root and no capability are enough"
flags=(--read-only --tmpfs /tmp:exec --cap-drop ALL --security-opt no-new-privileges)
repository locked
expect 0 locked
contains "$work/runner-locked/_runner_file_commands/output" '^success$'
flags=()

log "a signal reaches the first process, which ends what it started"
repository sandbox-slow
action sandbox-slow & running=$!
for _ in $(seq 100); do
    docker top codexlock_sandbox-slow 2> /dev/null | grep -q 'sleep 60' && break
    sleep 0.2
done
docker top codexlock_sandbox-slow | grep -q 'sleep 60' || { log "the slow test never ran"; cat "$work/runner-sandbox-slow/stderr" >&2; exit 1; }
signalled=$SECONDS
docker kill --signal TERM codexlock_sandbox-slow > /dev/null
code=0
wait "$running" || code=$?
[ "$code" -eq 3 ] || { log "after a signal: exit code $code, want 3"; cat "$work/runner-sandbox-slow/stderr" >&2; exit 1; }
[ $((SECONDS - signalled)) -le 10 ] || { log "after a signal it took $((SECONDS - signalled)) s to end"; exit 1; }

log "a clone without its base is not verified"
chown -R 0:0 "$work/good"
git clone -q --depth 1 "file://$work/good" "$work/shallow"
chown -R 1001:127 "$work/shallow"
expect 3 shallow
contains "$work/runner-shallow/stderr" 'fetch-depth: 2'

log "the key is in no output"
if grep -rF "$key" "$work"/runner-*/_runner_file_commands "$work"/runner-*/stderr; then
    log "the key was printed"
    exit 1
fi
# On standard output it stands once, where the runner is asked to hide it.
if grep -hF "$key" "$work"/runner-*/stdout | grep -v '^::add-mask::'; then
    log "the key was printed"
    exit 1
fi
log "the container does what it should"
