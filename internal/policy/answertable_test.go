package policy

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/evalcache"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/policies"
)

var update = flag.Bool("update", false, "write answers.txt anew")

// Limits of the table: how many facts of a known subject are changed at once, and
// how many ways to find nothing are kept of one rule, the nearest ones first.
const (
	maxKnownChanges = 2
	maxKnownRows    = 40
	maxTableBytes   = 512 << 10
)

// TestAnswerTable makes the table anew from the rules, the schema of facts and the
// subjects in testdata/facts, and compares. go generate ./internal/policy writes it.
func TestAnswerTable(t *testing.T) {
	table := makeTable(t)
	if len(table) > maxTableBytes {
		t.Fatalf("the table has %d bytes, want at most %d", len(table), maxTableBytes)
	}
	if *update {
		if err := os.WriteFile("answers.txt", []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != answersText {
		t.Error("answers.txt is not what the rules answer: go generate ./internal/policy")
	}
}

// TestKnownAnswersHold evaluates every row of the table: for facts that answer as
// the row has it, the rule finds nothing, without a cache and without a trace.
func TestKnownAnswersHold(t *testing.T) {
	x := newExplorer(t)
	known := openKnown(x.sources, answersText)
	if known == nil {
		t.Fatal("the table is of other rules, of other facts, or malformed: go generate ./internal/policy")
	}
	rows := 0
	of := tableRows(t)
	for _, q := range []*query{known.artifact, known.repository, known.exceptions} {
		for _, r := range q.rules {
			for _, row := range of[r.Code] {
				rows++
				in := x.withAnswers(r, row)
				input, err := factsValue(in)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range x.evaluate(t, r, input) {
					if a.Value.(ast.Set).Len() > 0 {
						t.Errorf("rule %s finds %v where the table has it find nothing: %s", r.Code, a, rowText(row))
					}
				}
			}
		}
	}
	if rows < 200 {
		t.Errorf("only %d rows", rows)
	}
}

// TestKnownRulesAreTheRules: what the table says of the rules is what their modules
// say.
func TestKnownRulesAreTheRules(t *testing.T) {
	x := newExplorer(t)
	known := openKnown(x.sources, answersText)
	if known == nil {
		t.Fatal("the table is of other rules, of other facts, or malformed: go generate ./internal/policy")
	}
	if len(known.rules) != len(x.engine.rules) {
		t.Fatalf("%d rules, want %d", len(known.rules), len(x.engine.rules))
	}
	for i, got := range known.rules {
		want := x.engine.rules[i]
		if got.Rule != want.Rule || got.File != want.File || !got.Ref.Equal(want.Ref) || got.Standard != want.Standard || !got.EffectiveAt.Equal(want.EffectiveAt) {
			t.Errorf("rule %s is\n%+v\nwant\n%+v", want.Code, got, want)
		}
		for _, s := range []decision.Severity{decision.Deny, decision.Warn} {
			if place(got.Sets[s]) != place(want.Sets[s]) {
				t.Errorf("%s of rule %s is at %s, want %s", s, want.Code, place(got.Sets[s]), place(want.Sets[s]))
			}
		}
	}
}

func place(l *ast.Location) string {
	if l == nil {
		return "nowhere"
	}
	return fmt.Sprintf("%s:%d:%d", l.File, l.Row, l.Col)
}

// TestOtherTablesAreIgnored: of other rules, of other facts, of another form, or cut.
func TestOtherTablesAreIgnored(t *testing.T) {
	x := newExplorer(t)
	lines := strings.SplitAfter(answersText, "\n")
	for name, table := range map[string]string{
		"nothing":        "",
		"other form":     strings.Replace(answersText, answersFormat, "codexlock known answers 2", 1),
		"other rules":    strings.Replace(answersText, "rules sha256:", "rules sha256:0", 1),
		"other facts":    strings.Replace(answersText, "facts sha256:", "facts sha256:0", 1),
		"no rules":       strings.Join(lines[:3], ""),
		"a cut rule":     strings.Join(lines[:3], "") + lines[3][:40] + "\n",
		"unknown fact":   answersText + "rule lock.none\n artifact.kindness s file\n",
		"a tree twice":   answersText + "rule lock.drift\n checks o\n",
		"no such rule":   answersText + "rule lock.drift2\n checks o\n",
		"a jump":         strings.Replace(answersText, "rule lock.drift\n", "rule lock.drift\n   checks o\n", 1),
		"an empty tree":  strings.Replace(answersText, "rule lock.drift\n", "rule lock.drift\nrule lock.drift\n", 1),
		"two questions":  strings.Replace(answersText, "rule lock.drift\n", "rule lock.drift\n artifact o\n", 1),
		"an answer cut":  strings.Replace(answersText, "rule lock.drift\n", "rule lock.drift\n artifact\n", 1),
		"a quote is cut": strings.Replace(answersText, "rule lock.drift\n", "rule lock.drift\n artifact.mode s \"x\n", 1),
	} {
		if openKnown(x.sources, table) != nil {
			t.Errorf("%s: the table is used", name)
		}
	}
	changed := x.sources[0]
	changed.Modules = slices.Clone(changed.Modules)
	changed.Modules[0].Text = append(slices.Clone(changed.Modules[0].Text), '\n')
	if openKnown([]ruleset.Source{changed}, answersText) != nil {
		t.Error("the table is used for rules that it was not made of")
	}
}

// An explorer asks rules about known subjects and about what changing their facts
// makes of them.
type explorer struct {
	engine  *Engine
	sources []ruleset.Source
	seeds   map[string][]*facts.Input // by the rules' subject
	schema  any
}

func newExplorer(t *testing.T) *explorer {
	t.Helper()
	ctx := t.Context()
	source, err := ruleset.Embedded(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	x := &explorer{seeds: map[string][]*facts.Input{}}
	if x.engine, err = New(ctx, []ruleset.Source{source}); err != nil {
		t.Fatal(err)
	}
	x.sources = []ruleset.Source{source}
	if x.schema, err = ruleset.InputSchema(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/facts/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no facts in testdata/facts: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		x.seed(t, text)
	}
	samples, err := ruleset.Samples(ctx, source)
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range ruleset.Subjects {
		v, err := ast.JSON(samples[subject])
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		x.seed(t, text)
	}
	return x
}

func (x *explorer) seed(t *testing.T, text []byte) {
	t.Helper()
	var in facts.Input
	if err := json.Unmarshal(text, &in); err != nil {
		t.Fatal(err)
	}
	subject := ruleset.SubjectArtifact
	switch {
	case in.Repository != nil:
		subject = ruleset.SubjectRepository
	case in.Exceptions != nil:
		subject = ruleset.SubjectExceptions
	}
	x.seeds[subject] = append(x.seeds[subject], &in)
}

// evaluate asks one rule.
func (x *explorer) evaluate(t *testing.T, r *ruleset.Rule, input ast.Value) []*ast.Term {
	t.Helper()
	answers, err := x.ask(r, input)
	if err != nil {
		t.Fatalf("rule %s: %v", r.Code, err)
	}
	return answers
}

func (x *explorer) ask(r *ruleset.Rule, input ast.Value, more ...rego.EvalOption) ([]*ast.Term, error) {
	i := slices.IndexFunc(x.engine.rules, func(known *ruleset.Rule) bool { return known.Code == r.Code })
	q := x.engine.artifact
	switch r.Subject {
	case ruleset.SubjectRepository:
		q = x.engine.repository
	case ruleset.SubjectExceptions:
		q = x.engine.exceptions
	}
	part := q.part(x.engine, []int{slices.Index(q.rules, x.engine.rules[i])})
	return x.engine.evaluate(context.Background(), part, input, newStopwatch(DefaultDeadline, grace), func() {}, more...)
}

// A row is a way to find nothing: questions and their answers.
type row []answered

type answered struct {
	question evalcache.Question
	answer   evalcache.Answer
}

func rowText(r row) string {
	var lines []string
	for _, a := range r {
		lines = append(lines, a.line())
	}
	return strings.Join(lines, ", ")
}

// line is a question and its answer as the table has them.
func (a answered) line() string {
	path := a.question.Fact.Path
	if a.question.Whole {
		path += "*"
	}
	line := path + " " + string(rune(a.answer.Kind))
	if a.answer.Kind == evalcache.KindAbsent || a.answer.Kind == evalcache.KindObject || a.answer.Kind == evalcache.KindNull {
		return line
	}
	text := a.answer.Text
	if quoted := strconv.Quote(text); text == "" || quoted != `"`+text+`"` || strings.TrimSpace(text) != text {
		text = quoted
	}
	return line + " " + text
}

// tableRows are the rows of the table, by the code of the rule.
func tableRows(t *testing.T) map[string][]row {
	t.Helper()
	rows := map[string][]row{}
	var code string
	var above row
	lines := strings.Split(answersText, "\n")
	depthOf := func(i int) int { return len(lines[i]) - len(strings.TrimLeft(lines[i], " ")) }
	for i, line := range lines {
		if of, ok := strings.CutPrefix(line, "rule "); ok {
			code = of
		}
		depth := depthOf(i)
		if depth == 0 {
			continue
		}
		q, a, ok := inputShape().ParseAnswer(strings.TrimLeft(line, " "))
		if !ok {
			t.Fatalf("line %d of the table: %q", i+1, line)
		}
		above = append(slices.Clone(above[:depth-1]), answered{q, a})
		if depthOf(i+1) <= depth {
			rows[code] = append(rows[code], above)
		}
	}
	return rows
}

// rows explores the ways in which a rule finds nothing: it changes facts that the
// rule read, of known subjects and then of what that made of them.
func (x *explorer) rows(t *testing.T, r *ruleset.Rule) []row {
	t.Helper()
	type subject struct {
		in      *facts.Input
		changes int
	}
	var queue []subject
	for _, in := range x.seeds[r.Subject] {
		queue = append(queue, subject{in: in})
	}
	var rows []row
	seen := map[string]bool{}
	for ; len(queue) > 0 && len(rows) < maxKnownRows; queue = queue[1:] {
		now := queue[0]
		trace, silent := x.trace(t, r, now.in)
		if key := rowText(trace); seen[key] {
			continue
		} else {
			seen[key] = true
		}
		if silent && x.seeded(r, trace) {
			rows = append(rows, trace)
		}
		if now.changes == maxKnownChanges {
			continue
		}
		for _, asked := range trace {
			for _, in := range x.changed(r, now.in, asked.question.Fact) {
				queue = append(queue, subject{in, now.changes + 1})
			}
		}
	}
	return rows
}

// trace evaluates a rule, traced, and reports whether it found nothing.
func (x *explorer) trace(t *testing.T, r *ruleset.Rule, in *facts.Input) (row, bool) {
	t.Helper()
	input, err := factsValue(in)
	if err != nil {
		t.Fatal(err)
	}
	traced := evalcache.NewTrace(inputShape(), nil)
	answers, err := x.ask(r, traced.Over(input.(ast.Object)), rego.EvalQueryTracer(traced))
	for err != nil { // OPA wants an object's own representation: it is untraced then
		if len(traced.Wholes) == 0 {
			t.Fatalf("rule %s: %v", r.Code, err)
		}
		untraced := maps.Clone(traced.Untraced)
		if untraced == nil {
			untraced = map[*evalcache.Fact]bool{}
		}
		for _, f := range traced.Wholes {
			untraced[f] = true
		}
		traced = evalcache.NewTrace(inputShape(), untraced)
		answers, err = x.ask(r, traced.Over(input.(ast.Object)), rego.EvalQueryTracer(traced))
	}
	plain := x.evaluate(t, r, input)
	reading := inputShape().Read(in)
	defer reading.Close()
	silent := traced.Holds(reading) && slices.EqualFunc(answers, plain, (*ast.Term).Equal)
	for _, a := range plain {
		silent = silent && a.Value.(ast.Set).Len() == 0
	}
	var asked row
	for _, q := range traced.Asked {
		asked = append(asked, answered{q, reading.Ask(q)})
	}
	return asked, silent
}

// changed are copies of a subject in which a fact has every other value that its
// schema lists, or that known subjects have, or is absent where it may be.
func (x *explorer) changed(r *ruleset.Rule, in *facts.Input, f *evalcache.Fact) []*facts.Input {
	var path ast.Ref
	for _, name := range strings.Split(f.Path, ".") {
		path = append(path, ast.StringTerm(name))
	}
	var values []any
	for _, s := range ruleset.EnumOf(x.schema, path) {
		values = append(values, s)
	}
	var all []*facts.Input
	for _, v := range values {
		all = appendChanged(all, in, f, func(at reflect.Value) { at.SetString(v.(string)) })
	}
	if f.OmitEmpty {
		all = appendChanged(all, in, f, func(at reflect.Value) { at.SetZero() })
	}
	if kindOfValues(f) == reflect.Slice {
		all = appendChanged(all, in, f, func(at reflect.Value) {
			if at.Kind() == reflect.Slice {
				at.Set(reflect.MakeSlice(at.Type(), 0, 0))
			}
		})
	}
	if kindOfValues(f) == reflect.Bool {
		all = appendChanged(all, in, f, func(at reflect.Value) { at.SetBool(true) })
	}
	for _, seed := range x.seeds[r.Subject] {
		if from, ok := placeOf(seed, f, false); ok {
			all = appendChanged(all, in, f, func(at reflect.Value) { at.Set(from) })
		}
	}
	return all
}

// kindOfValues is the kind of a fact's values, behind pointers.
func kindOfValues(f *evalcache.Fact) reflect.Kind {
	t := reflect.TypeFor[facts.Input]()
	var above []*evalcache.Fact
	for g := f; g.Parent != nil; g = g.Parent {
		above = append(above, g)
	}
	slices.Reverse(above)
	for _, g := range above {
		t = t.FieldByIndex(g.Index).Type
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	return t.Kind()
}

func appendChanged(all []*facts.Input, in *facts.Input, f *evalcache.Fact, change func(reflect.Value)) []*facts.Input {
	changed := copyOf(in)
	if at, ok := placeOf(changed, f, false); ok {
		change(at)
		return append(all, changed)
	}
	return all
}

// placeOf is the field of a fact; ok is false where what it is in is absent, unless
// it is made.
func placeOf(in *facts.Input, f *evalcache.Fact, make bool) (v reflect.Value, ok bool) {
	if f.Parent == nil {
		return reflect.ValueOf(in).Elem(), true
	}
	if v, ok = placeOf(in, f.Parent, make); !ok {
		return v, false
	}
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			if !make {
				return v, false
			}
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	return v.FieldByIndex(f.Index), true
}

// copyOf is a copy that shares nothing which is changed: what is behind pointers.
func copyOf(in *facts.Input) *facts.Input {
	return copied(reflect.ValueOf(in)).Interface().(*facts.Input)
}

func copied(v reflect.Value) reflect.Value {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(copied(v.Elem()))
		return p
	case v.Kind() == reflect.Struct:
		s := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			s.Field(i).Set(copied(v.Field(i)))
		}
		return s
	}
	return v
}

// withAnswers is a subject whose facts answer as a row has it.
func (x *explorer) withAnswers(r *ruleset.Rule, row row) *facts.Input {
	in := &facts.Input{}
	for _, a := range row {
		at, _ := placeOf(in, a.question.Fact, a.answer.Kind != evalcache.KindAbsent)
		value := at
		for at.IsValid() && value.Kind() == reflect.Pointer && a.answer.Kind != evalcache.KindAbsent && a.answer.Kind != evalcache.KindNull {
			value.Set(reflect.New(value.Type().Elem()))
			value = value.Elem()
		}
		switch a.answer.Kind {
		case evalcache.KindString:
			value.SetString(a.answer.Text)
		case evalcache.KindBool:
			value.SetBool(a.answer.Text == "true")
		case evalcache.KindNumber:
			n, _ := strconv.ParseInt(a.answer.Text, 10, 64)
			value.SetInt(n)
		case evalcache.KindWhole:
			if from, ok := x.seedOf(r, a); ok {
				value.Set(from)
			} else {
				value.Set(reflect.MakeSlice(value.Type(), 0, 0))
			}
		}
	}
	return in
}

// seeded reports whether known subjects have every whole value of a row: no table
// can list what scripts may be.
func (x *explorer) seeded(r *ruleset.Rule, row row) bool {
	return !slices.ContainsFunc(row, func(a answered) bool {
		_, ok := x.seedOf(r, a)
		return a.answer.Kind == evalcache.KindWhole && a.answer.Text != "0[" && !ok
	})
}

// seedOf is where a known subject has a value that is read as a whole.
func (x *explorer) seedOf(r *ruleset.Rule, a answered) (reflect.Value, bool) {
	for _, seed := range x.seeds[r.Subject] {
		reading := inputShape().Read(seed)
		same := reading.Ask(a.question) == a.answer
		reading.Close()
		if from, ok := placeOf(seed, a.question.Fact, false); same && ok {
			for from.Kind() == reflect.Pointer {
				from = from.Elem()
			}
			return from, true
		}
	}
	return reflect.Value{}, false
}

// makeTable writes the table.
func makeTable(t *testing.T) string {
	x := newExplorer(t)
	lines := answersHead(x.engine.digest)
	for _, r := range x.engine.rules {
		k := knownRule{Rule: r.Rule, File: r.File}
		for severity, into := range map[decision.Severity]*string{decision.Deny: &k.Deny, decision.Warn: &k.Warn} {
			if l := r.Sets[severity]; l != nil {
				*into = fmt.Sprintf("%d:%d", l.Row, l.Col)
			}
		}
		text, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(text))
	}
	for _, r := range x.engine.rules {
		rows := x.rows(t, r)
		if len(rows) == 0 {
			t.Fatalf("rule %s finds something in every known subject", r.Code)
		}
		lines = append(lines, "rule "+r.Code)
		lines = append(lines, treeLines(t, r, rows)...)
	}
	return strings.Join(lines, "\n") + "\n"
}

// treeLines writes rows as a tree, in an order that does not depend on how they
// were found.
func treeLines(t *testing.T, r *ruleset.Rule, rows []row) []string {
	t.Helper()
	slices.SortFunc(rows, func(a, b row) int {
		return slices.CompareFunc(a, b, func(a, b answered) int { return strings.Compare(a.line(), b.line()) })
	})
	var lines []string
	var before row
	for _, now := range rows {
		same := 0
		for same < len(before) && same < len(now) && now[same] == before[same] {
			same++
		}
		if same < len(before) && (same == len(now) || now[same].question != before[same].question) {
			t.Logf("rule %s asks in two orders: %s", r.Code, rowText(now))
			continue
		}
		for depth := same; depth < len(now); depth++ {
			lines = append(lines, strings.Repeat(" ", depth+1)+now[depth].line())
		}
		before = now
	}
	return lines
}
