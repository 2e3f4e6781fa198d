package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/codexlock/codexlock/internal/decision"
)

// A said is what a rule said of its subject, before it has a place.
type said struct {
	slot
	message      string
	term         string // "": none
	fix          string // "": the rule's
	file         string // "": the subject's own
	pointer      string
	hasPointer   bool
	line, column int // 0: not given
}

// shape reads one answer. Whatever is not exactly what a rule may say is an
// error: it was meant to deny something, and nobody can know what.
func shape(s slot, answer *ast.Term) ([]said, error) {
	set, ok := answer.Value.(ast.Set)
	if !ok {
		return nil, s.fault("is %s, want a set", describe(answer.Value))
	}
	if set.Len() == 0 {
		return nil, nil
	}
	found := make([]said, 0, set.Len())
	err := set.Iter(func(t *ast.Term) error {
		one, err := element(s, t.Value)
		found = append(found, one)
		return err
	})
	return found, err
}

func (s slot) fault(format string, args ...any) error {
	return errorAt(s.rule.sets[s.severity], hintShape, "rule %s: %s %s", s.rule.Code, s.severity, fmt.Sprintf(format, args...))
}

// element reads one member of a deny or warn.
func element(s slot, v ast.Value) (said, error) {
	found := said{slot: s}
	switch v := v.(type) {
	case ast.String:
		found.message = string(v)
	case ast.Object:
		if err := found.fill(v); err != nil {
			return said{}, err
		}
	default:
		return said{}, s.fault("holds %s, want a message or an object with one", describe(v))
	}
	if strings.TrimSpace(found.message) == "" {
		return said{}, s.fault("holds %s, want a message that says something", describe(v))
	}
	return found, nil
}

var objectKeys = []string{"column", "file", "fix", "line", "msg", "pointer", "term"}

func (f *said) fill(o ast.Object) error {
	err := o.Iter(func(k, v *ast.Term) error {
		key, ok := k.Value.(ast.String)
		if !ok || !slices.Contains(objectKeys, string(key)) {
			return f.fault("holds an object with the key %s, want only %s", describe(k.Value), strings.Join(objectKeys, ", "))
		}
		switch key {
		case "line":
			return f.number(string(key), v.Value, &f.line)
		case "column":
			return f.number(string(key), v.Value, &f.column)
		}
		text, ok := v.Value.(ast.String)
		if !ok {
			return f.fault("has %s as %q, want a string", describe(v.Value), string(key))
		}
		return f.text(string(key), string(text))
	})
	switch {
	case err != nil:
		return err
	case f.hasPointer && f.line > 0:
		return f.fault("has both a pointer and a line, want one of them")
	case f.column > 0 && f.line == 0:
		return f.fault("has a column without a line")
	}
	return nil
}

func (f *said) text(key, text string) error {
	switch key {
	case "msg":
		f.message = text
	case "fix":
		if strings.TrimSpace(text) == "" {
			return f.fault(`has %q as "fix", want the next step or no fix`, text)
		}
		f.fix = text
	case "term":
		if !decision.IsTerm(text) {
			return f.fault(`has %q as "term", want one word of at most 128 ASCII characters`, text)
		}
		f.term = text
	case "file":
		if text == "" {
			return f.fault(`has "" as "file", want a path or no file`)
		}
		f.file = text
	case "pointer":
		if !isPointer(text) {
			return f.fault(`has %q as "pointer", want one of RFC 6901, as in /artifacts/0/sha256`, text)
		}
		f.pointer, f.hasPointer = text, true
	}
	return nil
}

func (f *said) number(key string, v ast.Value, into *int) error {
	n, ok := v.(ast.Number)
	i, exact := n.Int()
	if !ok || !exact || i < 1 {
		return f.fault("has %s as %q, want a whole number from 1", describe(v), key)
	}
	*into = i
	return nil
}

// isPointer checks the form of RFC 6901.
func isPointer(s string) bool {
	if s != "" && s[0] != '/' {
		return false
	}
	for i := range len(s) {
		if s[i] == '~' && (i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1') {
			return false
		}
	}
	return true
}

// maxShown bounds how much of a value a message repeats.
const maxShown = 80

// describe shows a value of Rego in a message.
func describe(v ast.Value) string {
	text := []rune(v.String())
	if len(text) > maxShown {
		text = append(text[:maxShown], '…')
	}
	return fmt.Sprintf("%s (%s)", string(text), ast.ValueName(v))
}
