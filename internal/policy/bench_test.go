package policy_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/policies"
)

// embedded are the rules that the program carries.
func embedded(t testing.TB) ruleset.Source {
	t.Helper()
	s, err := ruleset.Embedded(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Modules) == 0 {
		t.Fatal("no embedded rules")
	}
	return s
}

// many are n rules of the usual form.
func many(n int) ruleset.Source {
	var files []string
	for i := range n {
		files = append(files, fmt.Sprintf("r%d.rego", i), fmt.Sprintf(`# METADATA
# scope: package
# title: Rule %[1]d
# description: The hash must be the recorded one.
# custom:
#   requirement: ZT-3.1
#   severity: deny
#   fix: codexlock attest {artifact}
package acme.r%[1]d

deny contains {"msg": _message, "file": input.ledger.path, "pointer": input.ledger.entry.pointer} if {
	input.ledger.entry.pointer
	not _locked
}

_locked if input.checks.%[2]s == "absent"

_locked if input.artifact.kind == "file"

_message := sprintf("sha256 is %%s, Codex-Lock.json records %%s", [input.artifact.sha256, input.ledger.entry.sha256])
`, i, []string{"ledger", "manifest", "signature", "time", "named"}[i%5]))
	}
	return owner(files...)
}

func BenchmarkStart(b *testing.B) {
	for _, s := range []struct {
		name   string
		source ruleset.Source
	}{{"embedded", embedded(b)}, {"15", many(15)}, {"60", many(60)}} {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := policy.New(context.Background(), []ruleset.Source{s.source}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecide(b *testing.B) {
	const artifacts = 1000
	for _, s := range []struct {
		name   string
		source ruleset.Source
	}{{"embedded", embedded(b)}, {"15", many(15)}, {"60", many(60)}} {
		e, err := policy.New(context.Background(), []ruleset.Source{s.source})
		if err != nil {
			b.Fatal(err)
		}
		c := measured{whole: validRepository(artifacts)}
		for i := range artifacts {
			c.artifacts = append(c.artifacts, validInput(fmt.Sprintf("assets/%04d.bin", i)))
		}
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				decide(b, e, c, policy.Options{Workers: 1})
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*artifacts), "µs/artifact")
		})
	}
}

func BenchmarkFactsValue(b *testing.B) {
	in := validInput("assets/0001.bin")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := policy.FactsValue(in); err != nil {
			b.Fatal(err)
		}
	}
}

var _ facts.Change = measured{}
