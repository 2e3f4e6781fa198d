# Everything here works on a fresh machine with Go, git and make.
# Tools are pinned in the go.mod files below tools and built into build/bin.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
BIN := build/bin
# Packages where goroutines meet.
RACE := ./internal/policy/... ./internal/evalcache/... ./internal/concurrent/... ./internal/git/... ./internal/repo/... ./internal/trees/... ./internal/github/... ./internal/attest/...

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

.PHONY: demo
demo: ## see the gate judge a tampered change, in a throwaway repository
	go run ./cmd/codexlock demo

.PHONY: test
test: setup lint rego ## all that has to hold before a change lands
	go test -timeout 40m ./...
	go test -race -skip '^TestAnswerTable$$' -timeout 40m $(RACE) # that test is one goroutine, and ran above

.PHONY: build
build: ## build codexlock and the action's program into build/bin
	go build -trimpath -o $(BIN)/ ./cmd/...

.PHONY: setup
setup: $(BIN)/opa $(BIN)/regal
	test/setup.sh

$(BIN)/opa: tools/go.mod tools/go.sum
	mkdir -p $(BIN)
	cd tools && go build -o ../$(BIN)/ tool
	touch $(BIN)/opa

# Regal has an OPA of its own, an older one, and so a module of its own.
$(BIN)/regal: tools/regal/go.mod tools/regal/go.sum
	mkdir -p $(BIN)
	cd tools/regal && go build -trimpath -o ../../$(BIN)/ tool
	touch $(BIN)/regal

# act has the client of an engine, and so a module of its own. Only make image-test needs it.
$(BIN)/act: tools/act/go.mod tools/act/go.sum
	mkdir -p $(BIN)
	cd tools/act && go build -trimpath -o ../../$(BIN)/ tool
	touch $(BIN)/act

.PHONY: lint
lint: setup ## gofmt, go vet, staticcheck, actionlint, shellcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'gofmt: run gofmt -w on:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	$(BIN)/staticcheck ./...
	$(BIN)/actionlint
	shellcheck $$(git ls-files '*.sh' ':!internal/script/artifacttest/template*.test.sh') .ci/run # the template is checked as what it becomes, by its package's test

.PHONY: rego
rego: setup ## the rules under the stock opa and regal: format, types, tests, coverage, style
	@test -z "$$($(BIN)/opa fmt --list policies editors)" || { echo 'opa fmt: run opa fmt -w policies editors'; $(BIN)/opa fmt --diff policies editors; exit 1; }
	$(BIN)/opa check --strict --schema schemas policies
	$(BIN)/opa test policies
	$(BIN)/opa test --coverage --threshold 100 --format json policies > build/coverage.json || { echo 'opa test: coverage is below 100%, see build/coverage.json'; exit 1; }
	REGAL_DISABLE_VERSION_CHECK=1 $(BIN)/regal lint --rules editors/regal policies
	go run ./cmd/codexlock policy bundle --output build/standard.tar.gz # the stock opa reads it
	$(BIN)/opa check -b build/standard.tar.gz
	test "$$($(BIN)/opa eval -b build/standard.tar.gz -f raw 'is_set(data.codexlock.lock.drift.deny)')" = true
	rm -rf build/new && mkdir -p build/new && go run ./cmd/codexlock policy new acme.size --dir build/new/policies > build/new/log # what an owner starts with passes too
	@test -z "$$($(BIN)/opa fmt --list build/new/policies)"
	$(BIN)/opa check --strict --schema schemas build/new/policies
	$(BIN)/opa test build/new/policies
	PATH="$$PWD/$(BIN):$$PATH" go run ./cmd/codexlock policy check build/new/policies

.PHONY: hostile
hostile: ## changes of 999,000 files and the worst inputs, each below 1 GiB of memory and 60 s of CPU time
	CODEXLOCK_HOSTILE=full go test ./cmd/codexlock -run "TestLargeChange|TestWorstInputs" -count 1 -v -timeout 30m

.PHONY: long
long: hostile ## whole years of a repository, several seeds, 120 tries of each race at use, and hostile (one to two hours)
	CODEXLOCK_RACES=120 go test ./cmd/codexlock-use -run TestRaces -count 1 -v -timeout 30m
	CODEXLOCK_YEAR=full go test ./cmd/codexlock -run TestYear -count 1 -v -timeout 6h

.PHONY: faults
faults: ## random faults of GitHub's API: 500 runs of the whole action, 5,000 of the check run alone (5 minutes)
	CODEXLOCK_FAULTS=500 go test ./cmd/action -run 'TestRandomFaults$$' -count 1 -v -timeout 30m | grep -v '^ *--- PASS\|^=== RUN'
	CODEXLOCK_FAULTS=5000 go test ./internal/github -run 'TestRandomFaults$$' -count 1 -v -timeout 30m | grep -v '^ *--- PASS\|^=== RUN'

.PHONY: image-test
image-test: $(BIN)/act ## build the unmodified Dockerfile and run the image as a runner does, and by act
	test/image/run.sh

.PHONY: image-bench
image-bench: ## measure the container: its start to the verdict, 30 times, and its size
	test/image/run.sh --bench

.PHONY: bench
bench: ## measure next to git, sha256sum, openssl, conftest and opa, in one run (15 minutes, 7 GB of disk)
	go run ./bench

.PHONY: precision
precision: ## how well uses of artifacts are found: make precision REPOSITORIES='FOLDER...' HISTORY=5 (docs/precision.md)
	mkdir -p build && go run ./bench/precision -findings build/findings.tsv -missed build/missed.tsv -denials build/denials.tsv $(if $(HISTORY),-baseline -history $(HISTORY)) $(REPOSITORIES)

.PHONY: clean
clean: ## remove what was built
	rm -rf build
