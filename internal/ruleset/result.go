package ruleset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/codexlock/codexlock/internal/decision"
)

// A Slot is the position of one set in a query's answer.
type Slot struct {
	Rule     *Rule
	Severity decision.Severity
}

// A Member is one member of a rule's deny or warn: a finding without a position yet.
type Member struct {
	Slot
	Message      string
	Term         string // "": none
	Fix          string // "": the rule's
	File         string // "": the subject's own
	Pointer      string
	HasPointer   bool
	Line, Column int    // 0: not given
	Insert       string // the line that, inserted before Line, fixes it; "": none
	// Statement is what a baseline names in place of the text at the position; "": that text.
	Statement string
	Count     int // the number with which the message begins, of what is counted in each shard; 0: none
}

// Members returns the members of one set of an answer. Anything else than a rule may answer is
// an [*Error]: it was meant to deny something, and nobody can know what.
func Members(s Slot, answer *ast.Term) ([]Member, error) {
	set, ok := answer.Value.(ast.Set)
	if !ok {
		return nil, s.fault("is %s, want a set", describe(answer.Value))
	}
	if set.Len() == 0 {
		return nil, nil
	}
	found := make([]Member, 0, set.Len())
	err := set.Iter(func(t *ast.Term) error {
		one, err := element(s, t.Value)
		found = append(found, one)
		return err
	})
	return found, err
}

func (s Slot) fault(format string, args ...any) error {
	return ErrorAt(s.Rule.Sets[s.Severity], hintShape, "rule %s: %s %s", s.Rule.Code, s.Severity, fmt.Sprintf(format, args...))
}

// element reads one member of a deny or warn.
func element(s Slot, v ast.Value) (Member, error) {
	found := Member{Slot: s}
	switch v := v.(type) {
	case ast.String:
		found.Message = string(v)
	case ast.Object:
		if err := found.fill(v); err != nil {
			return Member{}, err
		}
	default:
		return Member{}, s.fault("holds %s, want a message or an object with one", describe(v))
	}
	if strings.TrimSpace(found.Message) == "" {
		return Member{}, s.fault("holds %s, want a message that says something", describe(v))
	}
	return found, nil
}

var objectKeys = []string{"column", "count", "file", "fix", "insert", "line", "msg", "pointer", "statement", "term"}

func (f *Member) fill(o ast.Object) error {
	err := o.Iter(func(k, v *ast.Term) error {
		key, ok := k.Value.(ast.String)
		if !ok || !slices.Contains(objectKeys, string(key)) {
			return f.fault("holds an object with the key %s, want only %s", describe(k.Value), strings.Join(objectKeys, ", "))
		}
		switch key {
		case "line":
			return f.number(string(key), v.Value, &f.Line)
		case "column":
			return f.number(string(key), v.Value, &f.Column)
		case "count":
			return f.number(string(key), v.Value, &f.Count)
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
	case f.HasPointer && f.Line > 0:
		return f.fault("has both a pointer and a line, want one of them")
	case f.Column > 0 && f.Line == 0:
		return f.fault("has a column without a line")
	case f.Insert != "" && f.Line == 0:
		return f.fault("has a line to insert and no line to insert it before")
	case f.Count > 0 && !strings.HasPrefix(f.Message, strconv.Itoa(f.Count)+" "):
		return f.fault(`has %d as "count", want the number with which the message begins`, f.Count)
	case f.Count > 0 && f.Rule.Subject != SubjectExceptions: // others are evaluated where all that they count is known
		return f.fault(`has a "count", which is for rules about %s`, SubjectExceptions)
	}
	return nil
}

func (f *Member) text(key, text string) error {
	switch key {
	case "msg":
		f.Message = text
	case "fix":
		if strings.TrimSpace(text) == "" {
			return f.fault(`has %q as "fix", want the next step or no fix`, text)
		}
		f.Fix = text
	case "insert":
		if strings.TrimSpace(text) == "" || strings.ContainsAny(text, "\r\n") {
			return f.fault(`has %q as "insert", want one line`, text)
		}
		f.Insert = text
	case "term":
		if !decision.IsTerm(text) {
			return f.fault(`has %q as "term", want one word of at most 128 ASCII characters`, text)
		}
		f.Term = text
	case "statement":
		if text == "" {
			return f.fault(`has "" as "statement", want the text that a baseline names or no statement`)
		}
		f.Statement = text
	case "file":
		if text == "" {
			return f.fault(`has "" as "file", want a path or no file`)
		}
		f.File = text
	case "pointer":
		if !isPointer(text) {
			return f.fault(`has %q as "pointer", want one of RFC 6901, as in /artifacts/0/sha256`, text)
		}
		f.Pointer, f.HasPointer = text, true
	}
	return nil
}

func (f *Member) number(key string, v ast.Value, into *int) error {
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

// maxShown is the number of characters of a value that a message repeats.
const maxShown = 80

// describe formats a value of Rego for a message.
func describe(v ast.Value) string {
	text := []rune(v.String())
	if len(text) > maxShown {
		text = append(text[:maxShown], '…')
	}
	return fmt.Sprintf("%s (%s)", string(text), ast.ValueName(v))
}
