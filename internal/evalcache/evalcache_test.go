package evalcache_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/codexlock/codexlock/internal/evalcache"
)

type document struct {
	Name string `json:"name"`
	Part *part  `json:"part,omitempty"`
}

type part struct {
	State string   `json:"state"`
	Size  int64    `json:"size"`
	List  []string `json:"list"`
}

func newShape() *evalcache.Shape {
	return evalcache.NewShape(reflect.TypeFor[document](), func() []string { return []string{"good"} })
}

// TestValue compares a conversion with that through JSON.
func TestValue(t *testing.T) {
	s := newShape()
	for _, d := range []document{
		{}, {Name: "a\xff", Part: &part{State: "good", Size: -7}}, {Part: &part{State: "other", List: []string{"", "good", "<&>"}}},
	} {
		got, err := s.Value(&d)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if want := ast.MustParseTerm(string(text)).Value; got.Compare(want) != 0 {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// TestFind traces one evaluation and looks for its answers for other values.
func TestFind(t *testing.T) {
	s := newShape()
	c := evalcache.New(s, []int{1})
	query, err := rego.New(rego.Query("data.own.deny"), rego.Module("own.rego", `package own
deny contains "bad" if input.part.state != "good"
deny contains "many" if count(input.part.list) > 1`)).PrepareForEval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first := &document{Name: "first", Part: &part{State: "good", List: []string{"a"}}}
	r := s.Read(first)
	if _, missing := c.Find(r); !reflect.DeepEqual(missing, []int{0}) {
		t.Fatalf("an empty cache misses %v, want [0]", missing)
	}
	input, err := s.Value(first)
	if err != nil {
		t.Fatal(err)
	}
	trace := c.Trace(0, 1)
	if _, err := query.Eval(t.Context(), rego.EvalParsedInput(trace.Over(input.(ast.Object))), rego.EvalQueryTracer(trace)); err != nil {
		t.Fatal(err)
	}
	answers := []*ast.Term{ast.SetTerm()}
	c.Keep(0, r, trace, answers)
	r.Close()
	if c.Len() != 1 {
		t.Fatalf("%d evaluations are cached, want 1", c.Len())
	}
	for name, x := range map[string]struct {
		d     document
		known bool
	}{
		"another name":    {document{Name: "second", Part: &part{State: "good", List: []string{"a"}}}, true},
		"another size":    {document{Part: &part{State: "good", Size: 9, List: []string{"a"}}}, true},
		"another state":   {document{Part: &part{State: "worse", List: []string{"a"}}}, false},
		"another element": {document{Part: &part{State: "good", List: []string{"b"}}}, false},
		"one more":        {document{Part: &part{State: "good", List: []string{"a", ""}}}, false},
		"no list":         {document{Part: &part{State: "good"}}, false},
		"no part":         {document{}, false},
	} {
		r := s.Read(&x.d)
		got, missing := c.Find(r)
		r.Close()
		if known := len(missing) == 0; known != x.known || known && got[0] != answers[0] {
			t.Errorf("%s: known: %v, want %v", name, known, x.known)
		}
	}
}

// TestLoad reads trees of known answers, whole ones and malformed ones.
func TestLoad(t *testing.T) {
	good := &document{Part: &part{State: "good"}}
	for name, x := range map[string]struct {
		lines []string
		ok    bool
	}{
		"a tree":            {[]string{" part o", "  part.state s good", `  part.state s "a b"`, " part -"}, true},
		"nothing":           {nil, false},
		"an unknown fact":   {[]string{" parts o"}, false},
		"no kind":           {[]string{" part"}, false},
		"a deeper line":     {[]string{"  part o"}, false},
		"the same answer":   {[]string{" part o", " part o"}, false},
		"another question":  {[]string{" part o", " name s x"}, false},
		"a malformed quote": {[]string{` name s "x`}, false},
	} {
		s := newShape()
		c := evalcache.New(s, []int{1})
		if ok := c.Load(0, x.lines); ok != x.ok {
			t.Errorf("%s: %v, want %v", name, ok, x.ok)
		} else if !ok {
			continue
		}
		r := s.Read(good)
		if _, missing := c.Find(r); len(missing) > 0 {
			t.Errorf("%s: the answer is not found", name)
		}
		r.Close()
		if c.Load(0, x.lines) {
			t.Errorf("%s: a tree is loaded twice", name)
		}
	}
}
