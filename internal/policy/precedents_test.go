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
)

// TestAlikeArtifactsAreEvaluatedOnce: what differs in nothing that a rule asks is
// not evaluated again. The first one is three times: once for its answers, twice to
// watch it, for OPA compares one of its objects by its representation.
func TestAlikeArtifactsAreEvaluatedOnce(t *testing.T) {
	e := standardEngine(t)
	c := measured{whole: validRepository(500)}
	for i := range 500 {
		in := validInput(fmt.Sprintf("assets/%04d.bin", i))
		in.Ledger.Entry.Pointer = fmt.Sprintf("/artifacts/%d", i)
		in.Ledger.Entries[0] = in.Ledger.Entry.Pointer
		in.Artifact.SHA256 = fmt.Sprintf("%064x", i)
		in.Manifest.GeneratedAt = fmt.Sprintf("2026-03-01T11:00:%02dZ", i%60)
		c.artifacts = append(c.artifacts, in)
	}
	d := decide(t, e, c, policy.Options{Workers: 1})
	if len(d.Findings) > 0 || d.Answers != 500*d.Rules {
		t.Errorf("%d answers of %d rules, findings:\n%s", d.Answers, d.Rules, messages(d))
	}
	if got := e.Evaluations(); got > 8 {
		t.Errorf("%d evaluations of 500 artifacts that are alike", got)
	}
}

// TestUnlikeArtifactsCostLittleMore: where each is of a sort of its own, watching
// them is given up.
func TestUnlikeArtifactsCostLittleMore(t *testing.T) {
	e := rules(t, "placed.rego", placed, "bad.rego", bad, "expired.rego", expired, "whole.rego", whole)
	c := measured{whole: validRepository(300)}
	for i := range 300 {
		in := validInput(fmt.Sprintf("%d", i))
		in.Artifact.SHA256 = fmt.Sprintf("%064x", i)
		c.artifacts = append(c.artifacts, in)
	}
	decide(t, e, c, policy.Options{Workers: 3})
	if got := e.Evaluations(); got > 300+1+2*32 {
		t.Errorf("%d evaluations of 300 artifacts and the change", got)
	}
}

// TestPrecedentsChangeNoDecision compares with an engine that keeps none, over
// every mutant of a valid artifact, in an order that has each follow others: one
// fact gone, one fact another word, or nothing amiss.
func TestPrecedentsChangeNoDecision(t *testing.T) {
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

// sameDecision decides with precedents and without.
func sameDecision(t *testing.T, c facts.Change, watched bool, sources ...policy.Source) {
	t.Helper()
	var texts [2]string
	for i := range texts {
		e, err := policy.New(context.Background(), sources)
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			e.WithoutPrecedents()
		}
		text, err := json.Marshal(decide(t, e, c, policy.Options{Workers: 1}))
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
		if i == 0 && (e.Precedents() > 0) != watched {
			t.Errorf("%d precedents were kept, want some: %t", e.Precedents(), watched)
		}
	}
	if texts[0] != texts[1] {
		t.Errorf("with precedents it is decided\n%.3000s\nwithout\n%.3000s", texts[0], texts[1])
	}
}

// notWatched are ways to look at the input in which a watch ends: OPA wants its own
// representation there.
var notWatched = map[string]bool{"with": true, "json": true}

// TestPrecedentsOfOwnersRules: rules that look at their input in every way that
// Rego has, over artifacts that differ where they look.
func TestPrecedentsOfOwnersRules(t *testing.T) {
	for name, body := range map[string]string{
		"a comparison of objects": `deny contains "y" if input.artifact != input.ledger`,
		"all of the input":        `deny contains msg if msg := sprintf("%v", [input])`,
		"a walk":                  `deny contains "w" if { walk(input, [path, value]); value == "9999"; path[0] == "artifact" }`,
		"keys":                    `deny contains "k" if { some key, _ in input.artifact; key == "renamed_to" }`,
		"a count":                 `deny contains "c" if count(input.artifact) > 10`,
		"a set of objects":        `deny contains "s" if count({input.checks, input.artifact, input.checks}) == 3`,
		"a key that is a fact": `deny contains "f" if { name := input.artifact.kind; input.checks[name] }
deny contains "g" if input.checks[input.artifact.change] == "match"`,
		"with":       `deny contains "v" if _small with input.artifact.size as 3` + "\n_small if input.artifact.size < input.vaulttime.ttl_hours",
		"a function": `deny contains "o" if _odd(input.artifact)` + "\n_odd(a) if a.size % 2 == 1",
		"a default":  `deny contains "d" if object.get(input, ["artifact", "renamed_from"], "none") != "none"`,
		"union":      `deny contains "u" if object.union(input.artifact, input.checks).signature == "invalid"`,
		"json":       `deny contains "j" if contains(json.marshal(input.checks), "invalid")`,
		"a number":   `deny contains "n" if input.artifact.size == 7`,
		"every":      `deny contains "e" if { every _, v in input.checks { v != "invalid" }; input.artifact.size == 5 }`,
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
				c.artifacts = append(c.artifacts, in)
			}
			sameDecision(t, c, !notWatched[name], owner("own.rego", "package own.rule\n\n"+body+"\n"))
		})
	}
}
