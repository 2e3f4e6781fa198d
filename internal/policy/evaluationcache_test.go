package policy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/ruleset"
)

// alike are valid artifacts that differ in names, digests and times only.
func alike(n int) measured {
	c := measured{whole: validRepository(n)}
	for i := range n {
		in := validInput(fmt.Sprintf("assets/%04d.bin", i))
		in.Ledger.Entry.Pointer = fmt.Sprintf("/artifacts/%d", i)
		in.Ledger.Entries[0] = in.Ledger.Entry.Pointer
		in.Artifact.SHA256 = fmt.Sprintf("%064x", i)
		in.Manifest.GeneratedAt = fmt.Sprintf("2026-03-01T11:00:%02dZ", i%60)
		c.artifacts = append(c.artifacts, in)
	}
	return c
}

// TestAlikeArtifactsAreEvaluatedOnce: what differs in nothing that a rule asks is
// not evaluated again. The first ones are evaluated by all rules at once, until it
// is worthwhile to trace each rule: twice, for some are given a whole object.
func TestAlikeArtifactsAreEvaluatedOnce(t *testing.T) {
	e := standardEngine(t)
	d := decide(t, e, alike(500), policy.Options{Workers: 1})
	if len(d.Findings) > 0 || d.Answers != 500*d.Rules {
		t.Errorf("%d answers of %d rules, findings:\n%s", d.Answers, d.Rules, messages(d))
	}
	if all, some := e.Evaluations(), e.PartialEvaluations(); all > 8 || some > 2*d.Rules {
		t.Errorf("%d evaluations of all rules and %d of some, of 500 artifacts that are alike", all, some)
	}
}

// TestFindingsAreEvaluatedByTheRulesThatFindThem: where every artifact has the same
// thing wrong, the rules that find nothing are not evaluated about each.
func TestFindingsAreEvaluatedByTheRulesThatFindThem(t *testing.T) {
	for name, spoil := range map[string]func(*facts.Input){
		"expired": func(in *facts.Input) { in.Checks.Time = "expired" },
		"drifted": func(in *facts.Input) {
			in.Checks.Ledger, in.Checks.Manifest, in.Checks.VaultTime = "differs", "differs", "differs"
			in.Checks.Signature, in.Checks.Proof = "invalid", "invalid"
		},
		"no key": func(in *facts.Input) { in.Checks.Signature, in.Checks.Proof = "no_key", "no_key" },
	} {
		t.Run(name, func(t *testing.T) {
			e := standardEngine(t)
			c := alike(1000)
			for i := range c.artifacts {
				spoil(&c.artifacts[i])
			}
			d := decide(t, e, c, policy.Options{Workers: 1})
			if len(d.Findings) < 1000 || d.Answers != 1000*d.Rules {
				t.Fatalf("%d findings, %d answers of %d rules", len(d.Findings), d.Answers, d.Rules)
			}
			// One evaluation of some rules an artifact, and what was traced in vain.
			if all, some := e.Evaluations(), e.PartialEvaluations(); all > 8 || some > 1000+2*d.Rules+300 {
				t.Errorf("%d evaluations of all rules and %d of some, of 1000 artifacts", all, some)
			}
		})
	}
}

// TestUnlikeArtifactsCostLittleMore: where each is of a sort of its own, tracing is
// given up.
func TestUnlikeArtifactsCostLittleMore(t *testing.T) {
	e := rules(t, "placed.rego", placed, "bad.rego", bad, "expired.rego", expired, "whole.rego", whole)
	c := measured{whole: validRepository(300)}
	for i := range 300 {
		in := validInput(fmt.Sprintf("%d", i))
		in.Artifact.SHA256 = fmt.Sprintf("%064x", i)
		c.artifacts = append(c.artifacts, in)
	}
	d := decide(t, e, c, policy.Options{Workers: 3})
	if all, some := e.Evaluations(), e.PartialEvaluations(); all > 300+1 || some > 300+d.Rules*(16+3+300/64+1) {
		t.Errorf("%d evaluations of all rules and %d of some, of 300 artifacts and the change", all, some)
	}
}

// TestCacheChangesNoDecision compares with an engine that has none, over
// every mutant of a valid artifact, in an order that has each follow others: one
// fact gone, one fact another word, or nothing amiss.
func TestCacheChangesNoDecision(t *testing.T) {
	c := measured{whole: validRepository(1)}
	valid := validInput("assets/a.bin")
	each(reflect.ValueOf(valid), "", func(path []int, name, key string) {
		for _, change := range []func(reflect.Value){
			func(v reflect.Value) { v.SetZero() },
			func(v reflect.Value) {
				if v.Kind() == reflect.String {
					v.SetString("differs")
				}
			},
		} {
			for _, p := range []string{"assets/a.bin", "assets/b.bin"} {
				in := validInput(p)
				change(at(reflect.ValueOf(&in).Elem(), path))
				if in.Artifact != nil && in.Artifact.Path != "" {
					c.artifacts = append(c.artifacts, in, validInput(p))
				}
			}
		}
	})
	if len(c.artifacts) < 400 {
		t.Fatalf("only %d artifacts", len(c.artifacts))
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(c.artifacts), func(i, j int) {
		c.artifacts[i], c.artifacts[j] = c.artifacts[j], c.artifacts[i]
	})
	for i := range c.artifacts { // two artifacts of one path are told apart by nothing
		c.artifacts[i].EffectiveTime = "2026-03-01T12:00:00Z"
	}
	sameDecision(t, c, true, embedded(t))
}

// sameDecision decides without a cache and with one, with one worker and several,
// and with the answers that the program carries.
func sameDecision(t *testing.T, c facts.Change, kept bool, sources ...ruleset.Source) {
	t.Helper()
	decided := func(open func(context.Context, []ruleset.Source) (*policy.Engine, error), workers int, prepare func(*policy.Engine)) (string, *policy.Engine) {
		e, err := open(context.Background(), sources)
		if err != nil {
			t.Fatal(err)
		}
		prepare(e)
		text, err := json.Marshal(decide(t, e, c, policy.Options{Workers: workers}))
		if err != nil {
			t.Fatal(err)
		}
		return string(text), e
	}
	asItIs := func(*policy.Engine) {}
	want, _ := decided(policy.New, 1, (*policy.Engine).WithoutCache)
	one, e := decided(policy.New, 1, asItIs)
	if (e.Kept() > 0) != kept {
		t.Errorf("%d evaluations were kept, want some: %t", e.Kept(), kept)
	}
	several, _ := decided(policy.New, 4, asItIs)
	opened, _ := decided(policy.Open, 2, asItIs)
	for name, got := range map[string]string{"a cache": one, "a cache and workers": several, "known answers": opened} {
		if got != want {
			t.Errorf("with %s it is decided\n%.3000s\nwithout\n%.3000s", name, got, want)
		}
	}
}

// notKept are ways to read the input of which nothing is kept: all of it, or by
// what OPA wants its own representation for.
var notKept = map[string]bool{"with": true, "all of the input": true, "a walk": true, "with all of it": true}

// TestCacheOfOwnersRules: rules that read their input in every way that Rego has,
// over artifacts that differ where they look.
func TestCacheOfOwnersRules(t *testing.T) {
	for name, body := range map[string]string{
		"a comparison of objects": `deny contains "y" if input.artifact != input.ledger`,
		"an object that is given": `deny contains "z" if {"placeholders": [], "secrets": [], "state": "text", "problem": "is not what it was"} == input.content`,
		"objects that are equal":  `deny contains "q" if input.content == input.test.content`,
		"one of several objects":  `deny contains "i" if input.content in [{"placeholders": [], "secrets": [], "state": "text", "problem": "is not what it was"}]`,
		"an object in an object":  `deny contains "h" if {"a": input.content} == {"a": {"placeholders": [], "secrets": [], "state": "text", "problem": "is not what it was"}}`,
		"a difference of objects": `deny contains "x" if not {"placeholders": [], "secrets": [], "state": "text", "problem": "is not what it was"} != input.content`,
		"an object of a function": "deny contains \"p\" if _same({\"placeholders\": [], \"secrets\": [], \"state\": \"text\", \"problem\": \"is not what it was\"}, input.content)\n_same(a, b) if a == b",
		"a part of an object":     `deny contains "r" if object.subset({"a": {"placeholders": [], "secrets": [], "state": "text"}}, {"a": input.content})`,
		"an object in a template": `deny contains msg if { some o in [input.content]; msg := $"{o} is there" }`,
		"all of the input":        `deny contains msg if msg := sprintf("%v", [input])`,
		"a walk":                  `deny contains "w" if { walk(input, [path, value]); value == "9999"; path[0] == "artifact" }`,
		"keys":                    `deny contains "k" if { some key, _ in input.artifact; key == "renamed_to" }`,
		"a count":                 `deny contains "c" if count(input.artifact) > 10`,
		"a set of objects":        `deny contains "s" if count({input.checks, input.artifact, input.checks}) == 3`,
		"a key that is a fact": `deny contains "f" if { name := input.artifact.kind; input.checks[name] }
deny contains "g" if input.checks[input.artifact.change] == "match"`,
		"with":                  `deny contains "v" if _small with input.artifact.size as 3` + "\n_small if input.artifact.size < input.vaulttime.ttl_hours",
		"with all of it":        `deny contains "v" if _small with input as object.union(input, {"artifact": {"size": 3}})` + "\n_small if input.artifact.size < input.vaulttime.ttl_hours",
		"with another":          `deny contains "v" if { _small with input as {"artifact": {"size": 3}, "checks": {}, "vaulttime": {"ttl_hours": 2}}; input.artifact.size > 4 }` + "\n_small if input.artifact.size > input.vaulttime.ttl_hours",
		"a comparison of all":   `deny contains "a" if { all := input; all == input; all.artifact.size == 5 }`,
		"a comparison with all": `deny contains "b" if { {"artifact": input.artifact} != input; input.artifact.size == 5 }`,
		"a walk of a part":      `deny contains "w" if { walk(input.artifact, [path, value]); path[0] == "renamed_to"; value == "elsewhere" }`,
		"a function":            `deny contains "o" if _odd(input.artifact)` + "\n_odd(a) if a.size % 2 == 1",
		"a default":             `deny contains "d" if object.get(input, ["artifact", "renamed_from"], "none") != "none"`,
		"union":                 `deny contains "u" if object.union(input.artifact, input.checks).signature == "invalid"`,
		"json":                  `deny contains "j" if contains(json.marshal(input.checks), "invalid")`,
		"a number":              `deny contains "n" if input.artifact.size == 7`,
		"every":                 `deny contains "e" if { every _, v in input.checks { v != "invalid" }; input.artifact.size == 5 }`,
		"a list":                `deny contains "l" if "renamed" in input.manifest.told`,
	} {
		t.Run(name, func(t *testing.T) {
			c := measured{whole: validRepository(1)}
			for i := range 120 {
				in := validInput(fmt.Sprintf("%04d", i%3*9999/2))
				size := int64(3 + i%5)
				in.Artifact.Size = &size
				if i%7 == 0 {
					in.Artifact.RenamedTo = "elsewhere"
				}
				if i%11 == 0 {
					in.Artifact.RenamedFrom = "there"
				}
				if i%4 == 0 {
					in.Checks.Signature = "invalid"
				}
				if i%5 == 0 {
					in.Artifact.Kind = "proof"
				}
				if i%6 == 0 {
					in.Content.Problem = "is not what it was"
				}
				if i%9 == 0 {
					in.Manifest.Told = append(in.Manifest.Told, "renamed")
				}
				c.artifacts = append(c.artifacts, in)
			}
			sameDecision(t, c, !notKept[name], owner("own.rego", "package own.rule\n\n"+body+"\n"))
		})
	}
}
