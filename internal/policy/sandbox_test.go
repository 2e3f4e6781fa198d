package policy_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/open-policy-agent/opa/v1/ast"
)

// What must stay out, and how it would be called.
var forbidden = map[string]string{
	"http.send": `http.send({"method": "get", "url": "http://127.0.0.1/"})`, "opa.runtime": `opa.runtime()`,
	"net.lookup_ip_addr": `net.lookup_ip_addr("localhost")`, "rand.intn": `rand.intn("a", 9)`, "time.now_ns": `time.now_ns()`,
	"uuid.rfc4122": `uuid.rfc4122("a")`, "time.clock": `time.clock([0, "Local"])`, "time.parse_ns": `time.parse_ns("MST", "CET")`,
	"json.match_schema": `json.match_schema({}, {"$ref": "http://127.0.0.1/"})`, "json.verify_schema": `json.verify_schema({})`,
	"io.jwt.decode_verify": `io.jwt.decode_verify("a", {})`, "bits.lsh": `bits.lsh(1, 400000000)`,
	"graph.reachable_paths": `graph.reachable_paths({}, {"a"})`, "strings.render_template": `strings.render_template("{{.a}}", {"a": 1})`,
	"rego.parse_module": `rego.parse_module("a", "package a")`, "trace": `trace("a")`, "format_int": `format_int(1, 10)`,
	"crypto.x509.parse_and_verify_certificates": `crypto.x509.parse_and_verify_certificates("a")`, "yaml.unmarshal": `yaml.unmarshal("a")`,
	"providers.aws.sign_req": `providers.aws.sign_req({}, {}, 0)`, "graphql.parse": `graphql.parse("a", "b")`, "net.cidr_expand": `net.cidr_expand("::/0")`,
}

func TestForbiddenBuiltins(t *testing.T) {
	forms := map[string]string{
		"called":   "package acme.x\n\ndeny contains \"a\" if CALL",
		"negated":  "package acme.x\n\ndeny contains \"a\" if not CALL",
		"in lib":   "package acme.lib.x\n\nf(_) := CALL",
		"by with":  "package acme.x\n\ndeny contains \"a\" if count(\"a\") == 1 with count as NAME",
		"mocked":   "package acme.x\n\ndeny contains \"a\" if true with NAME as 1",
		"in a set": "package acme.x\n\ndeny contains \"a\" if count([x | x := CALL]) > 0",
	}
	n := 0
	for name, call := range forbidden {
		if ast.BuiltinMap[name] == nil {
			t.Errorf("OPA has no built-in %s: the test proves nothing", name)
		}
		for form, text := range forms {
			text = strings.NewReplacer("CALL", call, "NAME", name).Replace(text)
			_, err := policy.New(context.Background(), []ruleset.Source{owner("a.rego", text, "b.rego", "package acme.y\n\ndeny contains \"a\" if false")})
			var fault *ruleset.Error
			named := form == "by with" || form == "mocked" || err != nil && strings.Contains(err.Error(), "built-in "+name+" is not allowed")
			if !errors.As(err, &fault) || !named {
				t.Errorf("%s %s: got %v", name, form, err)
			}
			n++
		}
	}
	if n == 0 {
		t.Fatal("nothing was tried")
	}
}

// The list of what is in is made of what OPA has, and of nothing that OPA itself
// says depends on more than its arguments.
func TestAllowedBuiltins(t *testing.T) {
	names := policy.Allowed()
	if len(names) < 80 {
		t.Fatalf("%d built-ins", len(names))
	}
	for _, name := range names {
		b := ast.BuiltinMap[name]
		switch {
		case b == nil:
			t.Errorf("OPA has no built-in %s", name)
		case b.Nondeterministic || b.IsDeprecated():
			t.Errorf("%s is nondeterministic or deprecated", name)
		}
		if _, bad := forbidden[name]; bad {
			t.Errorf("%s is allowed", name)
		}
	}
	if c := policy.Capabilities(); c.AllowNet == nil || len(c.AllowNet) != 0 {
		t.Errorf("AllowNet is %#v, want empty and not nil, which is every host", c.AllowNet)
	}
}

func TestDeprecatedSyntaxAndFutureKeywordsStayOut(t *testing.T) {
	for _, text := range []string{
		"package acme.x\n\nimport rego.v2\n\ndeny contains \"a\" if false",
		"package acme.x\n\ndeny contains \"a\" if any([true])",
		"package acme.x\n\ndeny[\"a\"] { false }",
	} {
		if _, err := policy.New(context.Background(), []ruleset.Source{owner("a.rego", text)}); err == nil {
			t.Errorf("compiled %q", text)
		}
	}
}

// endless walks over more than any deadline allows.
const endless = `package acme.endless

deny contains "a" if count([1 | some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); a * b == -1]) > 0
`

func TestEndlessRuleEndsAtItsDeadline(t *testing.T) {
	e := rules(t, "endless.rego", endless, "a.rego", "package acme.a\n\ndeny contains \"a\" if false", "z.rego", "package acme.z\n\ndeny contains \"z\" if false")
	start := time.Now()
	_, err := e.Decide(context.Background(), change("a.bin", "b.bin"), policy.Options{Deadline: 300 * time.Millisecond})
	var fault *ruleset.Error
	if !errors.As(err, &fault) || !strings.Contains(err.Error(), `endless.rego:3:1: rule acme.endless about "a.bin": did not end within its deadline`) || fault.Next == "" {
		t.Fatalf("got %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// unstoppable spends a second or more inside one built-in, which asks nobody
// whether to go on.
const unstoppable = `package acme.unstoppable

_ten := "aaaaaaaaaa"

_thousand := replace(replace(_ten, "a", _ten), "a", _ten)

_million := replace(_thousand, "a", _thousand)

deny contains "a" if regex.match("(a|b)*(a|c)*(a|d){40}e$", replace(_million, "a", _ten))
`

func TestUnstoppableRuleIsLeftBehind(t *testing.T) {
	e := rules(t, "unstoppable.rego", unstoppable, "a.rego", "package acme.a\n\ndeny contains \"a\" if false")
	e.SetGrace(50 * time.Millisecond)
	start := time.Now()
	_, err := e.Decide(context.Background(), change("a.bin"), policy.Options{Deadline: 200 * time.Millisecond})
	var fault *ruleset.Error
	if !errors.As(err, &fault) || !strings.Contains(err.Error(), "rule acme.unstoppable about") {
		t.Fatalf("got %v", err)
	}
	t.Logf("came back after %v", time.Since(start))
}

func TestCancelledContextEndsADecision(t *testing.T) {
	e := rules(t, "endless.rego", endless)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := e.Decide(ctx, change("a.bin"), policy.Options{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	e = rules(t, "a.rego", "package acme.a\n\ndeny contains \"a\" if false")
	if _, err := e.Decide(ctx, change("a.bin"), policy.Options{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled beforehand: got %v", err)
	}
	if _, err := e.Decide(ctx, change(), policy.Options{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled beforehand, with no artifact: got %v", err)
	}
}

func TestErrorsOfEvaluationNameTheRule(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"built-in", "package acme.x\n\ndeny contains \"a\" if to_number(input.artifact.path) > 1", `a.rego:3:22: rule acme.x about "a.bin": eval_builtin_error: to_number: `},
		{"division by zero", "package acme.x\n\ndeny contains \"a\" if 1 / (input.artifact.size - 4) > 1", "eval_builtin_error: div: divide by zero"},
		{"conflict", "package acme.x\n\ndeny contains \"a\" if _x == 1\n\n_x := 1 if input.artifact.path\n\n_x := 2 if input.artifact.kind", "eval_conflict_error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := rules(t, "a.rego", tt.text, "b.rego", "package acme.b\n\ndeny contains \"b\"")
			_, err := e.Decide(context.Background(), change("a.bin"), policy.Options{Now: now})
			var fault *ruleset.Error
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}
