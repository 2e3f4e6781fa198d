package uses

import (
	"maps"
	"slices"
	"testing"

	"github.com/codexlock/codexlock/internal/facts"
)

// A siteTest is a file with the uses in it.
type siteTest struct {
	text string
	want []string
}

var dockerfiles = map[string]siteTest{
	"shell form":          {"FROM alpine\nCOPY scripts/x.sh /x.sh\nRUN /x.sh && rm /x.sh\n", []string{"2:6 copy scripts/x.sh exact none", "3:5 execute scripts/x.sh image none"}},
	"JSON form":           {"FROM alpine\nCOPY [\"scripts/x.sh\", \"/opt/\"]\nENTRYPOINT [\"/opt/x.sh\", \"a\"]\n", []string{"2:8 copy scripts/x.sh exact none", "3:12 execute scripts/x.sh image none"}},
	"WORKDIR":             {"FROM alpine\nWORKDIR /a\nWORKDIR b\nCOPY scripts/x.sh .\nRUN ./x.sh\n", []string{"4:6 copy scripts/x.sh exact none", "5:5 execute scripts/x.sh image none"}},
	"a folder":            {"FROM alpine\nCOPY scripts /s\nRUN bash /s/lib/common.sh\n", []string{"2:6 copy scripts folder none", "3:10 execute scripts/lib/common.sh image none"}},
	"all":                 {"FROM alpine\nCOPY . /src\nRUN cd /src && scripts/x.sh\n", []string{"2:6 copy . folder none", "3:16 execute scripts/x.sh image none"}},
	"a pattern":           {"FROM alpine\nCOPY scripts/*.sh /usr/local/bin/\nRUN x.sh\n", []string{"2:6 copy scripts/*.sh glob none", "3:5 execute scripts/x.sh image none"}},
	"on PATH":             {"FROM alpine\nCOPY scripts/x.sh /usr/local/bin/run\nCMD [\"run\"]\n", []string{"2:6 copy scripts/x.sh exact none", "3:5 execute scripts/x.sh image none"}},
	"continued":           {"FROM alpine\nCOPY scripts/x.sh \\\n # a comment\n\n  /x.sh\nRUN true \\\n  && /x.sh\n", []string{"2:6 copy scripts/x.sh exact none", "7:6 execute scripts/x.sh image none"}},
	"escape":              {"# escape=`\nFROM alpine\nCOPY scripts/x.sh `\n  /x.sh\nRUN /x.sh\n", []string{"3:6 copy scripts/x.sh exact none", "5:5 execute scripts/x.sh image none"}},
	"here-document":       {"FROM alpine\nCOPY scripts/x.sh /\nRUN <<EOF\necho\n/x.sh\nEOF\nRUN bash <<'X'\n/x.sh\nX\n", []string{"2:6 copy scripts/x.sh exact none", "5:1 execute scripts/x.sh image none", "8:1 execute scripts/x.sh image none"}},
	"a file inline":       {"FROM alpine\nCOPY <<EOF /x.sh\nRUN scripts/x.sh\nEOF\nRUN /x.sh\n", nil},
	"stages":              {"FROM alpine AS a\nCOPY scripts/x.sh /b/\nFROM alpine\nCOPY --from=a /b/x.sh /c/y\nRUN /c/y\nFROM a\nRUN /b/x.sh\n", []string{"2:6 copy scripts/x.sh exact none", "5:5 execute scripts/x.sh image none", "7:5 execute scripts/x.sh image none"}},
	"a stage by number":   {"FROM alpine\nCOPY scripts /s\nFROM alpine\nCOPY --from=0 /s/x.sh /x\nCMD /x\n", []string{"2:6 copy scripts folder none", "5:5 execute scripts/x.sh image none"}},
	"another image":       {"FROM alpine\nCOPY scripts/x.sh /x.sh\nCOPY --from=other /y/x.sh /x.sh\nRUN /x.sh\n", []string{"2:6 copy scripts/x.sh exact none"}},
	"ARG and ENV":         {"ARG D=scripts\nFROM alpine\nARG D\nENV T=/t\nCOPY ${D}/x.sh $T/x.sh\nRUN $T/x.sh\n", []string{"5:6 copy scripts/x.sh exact none", "6:5 execute scripts/x.sh image none"}},
	"a bind mount":        {"FROM alpine\nRUN --mount=type=bind,source=scripts/x.sh,target=/tmp/x sh /tmp/x\n", []string{"2:60 execute scripts/x.sh image none"}},
	"ONBUILD":             {"FROM alpine\nCOPY scripts/x.sh /x.sh\nONBUILD RUN /x.sh\nONBUILD COPY scripts/y.sh /\n", []string{"2:6 copy scripts/x.sh exact none", "3:13 execute scripts/x.sh image none"}},
	"HEALTHCHECK":         {"FROM alpine\nHEALTHCHECK --interval=5s CMD [\"/x.sh\"]\nCOPY scripts/x.sh /x.sh\n", []string{"3:6 copy scripts/x.sh exact none", "2:31 execute scripts/x.sh image none"}},
	"ADD of a URL":        {"FROM alpine\nADD https://example.com/scripts/x.sh /x.sh\nRUN /x.sh\n", nil},
	"at use":              {"FROM alpine\nCOPY . /src\nWORKDIR /src\nRUN [\"/usr/local/bin/codexlock-use\", \"copy\", \"--root\", \"/src\", \"--parents\", \"scripts/x.sh\", \"/tmp\"]\n", []string{"2:6 copy . folder none", "4:5 copy scripts/x.sh image at_use"}},
	"verified":            {"FROM alpine\nCOPY . /src\nWORKDIR /src\nRUN codexlock verify --all\nRUN scripts/x.sh\n", []string{"2:6 copy . folder none", "5:5 execute scripts/x.sh image earlier"}},
	"verified, softly":    {"FROM alpine\nCOPY . /src\nWORKDIR /src\nRUN codexlock verify --all; true\nRUN scripts/x.sh\n", []string{"2:6 copy . folder none", "5:5 execute scripts/x.sh image none"}},
	"verified, in a line": {"FROM alpine\nCOPY . /src\nWORKDIR /src\nRUN codexlock verify --all && scripts/x.sh\n", []string{"2:6 copy . folder none", "4:31 execute scripts/x.sh image earlier"}},
	"SHELL":               {"FROM alpine\nSHELL [\"/bin/bash\", \"-euo\", \"pipefail\", \"-c\"]\nCOPY . /src\nWORKDIR /src\nRUN codexlock verify --all | tee log; scripts/x.sh\n", []string{"3:6 copy . folder none", "5:39 execute scripts/x.sh image earlier"}},
	"no stage":            {"COPY scripts/x.sh /\n", nil},
	"nothing":             {"", nil},
}

var makefiles = map[string]siteTest{
	"a recipe":              {"all:\n\t./scripts/x.sh\n", []string{"2:2 execute scripts/x.sh exact none"}},
	"prefixes":              {"all: ; @scripts/x.sh\n\t-@bash scripts/y.sh\n", []string{"1:9 execute scripts/x.sh exact none", "2:9 execute scripts/y.sh exact none"}},
	"variables":             {"S = scripts\nX := $(S)/x.sh\nall:\n\t$(X) a\n\t${PYTHON} $S/tool.py\n", []string{"4:2 execute scripts/x.sh exact none", "5:12 execute scripts/tool.py exact none"}},
	"CURDIR":                {"all:\n\t$(CURDIR)/scripts/x.sh\n", []string{"2:2 execute scripts/x.sh exact none"}},
	"MAKEFILE_LIST":         {"ROOT := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))\nall:\n\t$(ROOT)scripts/x.sh\n", []string{"3:2 execute scripts/x.sh exact none"}},
	"shell":                 {"V := $(shell ./scripts/x.sh)\nall:\n\techo $(V) $(shell scripts/y.sh)\n", []string{"1:14 execute scripts/x.sh exact none", "3:20 execute scripts/y.sh exact none"}},
	"continued":             {"all:\n\tcd scripts && \\\n\t  ./x.sh\n", []string{"3:4 execute scripts/x.sh workdir none"}},
	"dollars":               {"all:\n\tfor s in scripts/*.sh; do bash $$s; done\n", []string{"2:33 execute scripts/*.sh glob none"}},
	"the prerequisite":      {"out: scripts/x.sh README.md\n\tsh $<\n", []string{"2:5 execute scripts/x.sh exact none"}},
	"a comment":             {"X = a # scripts/y.sh\n# ./scripts/x.sh\nall: # b\n\techo $(X)\n", nil},
	"a target of its name":  {"scripts/x.sh: README.md\n\ttouch $@\n", nil},
	"RECIPEPREFIX":          {".RECIPEPREFIX = >\nall:\n>scripts/x.sh\n", []string{"3:2 execute scripts/x.sh exact none"}},
	"ONESHELL":              {".ONESHELL:\nall:\n\tcd scripts\n\t./x.sh\n", []string{"4:2 execute scripts/x.sh workdir none"}},
	"define":                {"define run\n./scripts/$(1).sh\nendef\nall:\n\t$(call run,x)\n", []string{"5:2 execute scripts/x.sh exact none"}},
	"conditions":            {"all:\nifdef X\n\tscripts/x.sh\nelse\n\tscripts/y.sh\nendif\n", []string{"3:2 execute scripts/x.sh exact none", "5:2 execute scripts/y.sh exact none"}},
	"at use":                {"all:\n\tcodexlock run -- scripts/x.sh\n", []string{"2:19 execute scripts/x.sh exact at_use"}},
	"verified":              {"all:\n\tcodexlock verify --all\n\tscripts/x.sh\n", []string{"3:2 execute scripts/x.sh exact earlier"}},
	"verified, ignored":     {"all:\n\t-codexlock verify --all\n\tscripts/x.sh\n", []string{"3:2 execute scripts/x.sh exact none"}},
	"verified, all ignored": {".IGNORE:\nall:\n\tcodexlock verify --all\n\tscripts/x.sh\n", []string{"4:2 execute scripts/x.sh exact none"}},
	"verified in one line":  {"all:\n\tcodexlock verify --all; scripts/x.sh\n", []string{"2:26 execute scripts/x.sh exact none"}},
	"verified elsewhere":    {"check:\n\tcodexlock verify --all\nall: check\n\tscripts/x.sh\n", []string{"4:2 execute scripts/x.sh exact none"}},
	"a loop":                {"A = $(B)\nB = $(A)\nall:\n\techo $(A)\n\tscripts/x.sh\n", []string{"5:2 execute scripts/x.sh exact none"}},
}

var composes = map[string]siteTest{
	"a volume":       {"services:\n  a:\n    volumes: [\"./scripts:/s:ro\"]\n    command: sh /s/x.sh\n", []string{"3:15 load scripts folder none", "4:17 execute scripts/x.sh image none"}},
	"a long volume":  {"services:\n  a:\n    volumes:\n      - {type: bind, source: ./scripts/x.sh, target: /x.sh}\n    entrypoint: [\"/x.sh\"]\n", []string{"4:9 load scripts/x.sh exact none", "5:18 execute scripts/x.sh image none"}},
	"merged":         {"x-a: &a\n  volumes: [\"./scripts:/s\"]\nservices:\n  a:\n    <<: *a\n    command: /s/x.sh\n", []string{"2:13 load scripts folder none", "6:14 execute scripts/x.sh image none"}},
	"a health check": {"services:\n  a:\n    volumes: [\"./scripts/x.sh:/x.sh\"]\n    healthcheck: {test: [CMD-SHELL, /x.sh || exit 1]}\n", []string{"3:15 load scripts/x.sh exact none", "4:37 execute scripts/x.sh image none"}},
	"files":          {"services:\n  a:\n    env_file: scripts/x.sh\n    build: {context: ., dockerfile: scripts/y.sh}\nconfigs:\n  c: {file: ./assets/sources/schema.sql}\n", []string{"3:15 load scripts/x.sh exact none", "4:37 load scripts/y.sh exact none", "6:13 load assets/sources/schema.sql exact none"}},
	"a named volume": {"services:\n  a:\n    volumes: [\"scripts:/s\"]\n    command: /s/x.sh\n", nil},
}

var hooks = map[string]siteTest{
	"a script":      {"repos:\n  - repo: local\n    hooks:\n      - {id: a, language: script, entry: scripts/x.sh}\n", []string{"4:42 execute scripts/x.sh exact none"}},
	"a command":     {"repos:\n  - repo: local\n    hooks:\n      - id: a\n        language: system\n        entry: bash scripts/x.sh\n", []string{"6:21 execute scripts/x.sh exact none"}},
	"arguments":     {"repos:\n  - repo: local\n    hooks:\n      - {id: a, language: system, entry: python, args: [scripts/tool.py]}\n", []string{"4:48 execute scripts/tool.py exact none"}},
	"at use":        {"repos:\n  - repo: local\n    hooks:\n      - {id: a, language: system, entry: codexlock run -- scripts/x.sh}\n", []string{"4:59 execute scripts/x.sh exact at_use"}},
	"another's":     {"repos:\n  - repo: https://example.com/x\n    hooks:\n      - {id: a, entry: scripts/x.sh}\n", nil},
	"an expression": {"repos:\n  - repo: local\n    hooks:\n      - {id: a, language: pygrep, entry: scripts/x.sh}\n", nil},
	"in an image":   {"repos:\n  - repo: local\n    hooks:\n      - {id: a, language: docker_image, entry: alpine scripts/x.sh}\n", nil},
}

// TestUsesAtOtherSites: what Dockerfiles, Makefiles, compose files and hooks use.
func TestUsesAtOtherSites(t *testing.T) {
	for file, tests := range map[string]map[string]siteTest{"Dockerfile": dockerfiles, "Makefile": makefiles, "compose.yml": composes, ".pre-commit-config.yaml": hooks} {
		for _, name := range slices.Sorted(maps.Keys(tests)) {
			tt := tests[name]
			r := usesOf(t, map[string]string{file: tt.text}, "workflows", "docker", "make", "compose", "pre-commit")
			if got := shorts(r); !slices.Equal(got, tt.want) {
				t.Errorf("%s, %s:\n got  %q\n want %q\n%s", file, name, got, tt.want, tt.text)
			}
			if f := r.files[file]; f == nil || f.State != facts.UseFileStateParsed {
				t.Errorf("%s, %s: unread: %+v", file, name, f)
			}
			if r := usesOf(t, map[string]string{file: tt.text}); len(r.files) > 0 {
				t.Errorf("%s is read though only workflows are asked for", file)
			}
		}
	}
}
