package schemas

import (
	"fmt"
	"sort"
)

// maxProblems is the number of reported problems of one document; the others are counted. A
// hostile file could have millions.
const maxProblems = 100

// A ProblemList collects the problems of a document, of very many the first
// hundred.
type ProblemList struct {
	Problems []Problem
	hidden   int
}

// Full reports whether there is no room for one more problem, and counts that one.
// Call it before each addition to Problems.
func (l *ProblemList) Full() bool {
	if len(l.Problems) < maxProblems {
		return false
	}
	l.hidden++
	return true
}

// InOrder returns the problems in the order of the text. The last one says how many
// more there are, where there was no room for all.
func (l *ProblemList) InOrder() []Problem {
	sort.SliceStable(l.Problems, func(a, b int) bool {
		p, q := l.Problems[a], l.Problems[b]
		if p.Position != q.Position {
			return p.Position.before(q.Position)
		}
		return p.Pointer < q.Pointer
	})
	if l.hidden > 0 {
		first := Position{}
		if l.Problems[0].Position != first {
			first = Position{1, 1}
		}
		l.Problems = append(l.Problems, Problem{Position: first, Message: fmt.Sprintf("document has %d more problems", l.hidden)})
	}
	return l.Problems
}

// Unfit returns the problem of a wrong value at an RFC 6901 pointer, with the message
// NAME is VALUE, want WANT. A pointer to a missing value stands for the whole document.
func (d *Document) Unfit(pointer, want string) Problem {
	i, _ := d.find(pointer)
	return d.unfit(i, want)
}

func (d *Document) unfit(i int, want string) Problem {
	return d.problem(i, "%s is %s, want %s", d.name(i), d.shown(i), want)
}

func (d *Document) problem(i int, format string, args ...any) Problem {
	return Problem{Pointer: d.pointer(i), Position: d.position(i), Message: fmt.Sprintf(format, args...)}
}

// name is what a message calls a value: the last parts of its pointer.
func (d *Document) name(i int) string {
	if i == 0 {
		return "document"
	}
	name, at := "", 0
	for at != i {
		t := d.tokens[at]
		e, n := at+1, 0
		if t.kind == tokenObject {
			for int(d.tokens[e+1].next) <= i {
				e = int(d.tokens[e+1].next)
			}
			name = shorten(printable(d.string(e)))
			if e == i {
				break
			}
			at = e + 1
			continue
		}
		for int(d.tokens[e].next) <= i {
			e = int(d.tokens[e].next)
			n++
		}
		name, at = fmt.Sprintf("%s[%d]", name, n), e
	}
	return name
}

// printable is a key as it may stand in a message: quoted, unless it is a plain
// word, because keys come from outside too.
func printable(key string) string {
	for _, c := range []byte(key) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return quote(key)
		}
	}
	if key == "" {
		return quote(key)
	}
	return key
}

// shown is a value in a message.
func (d *Document) shown(i int) string {
	switch t := d.tokens[i]; t.kind {
	case tokenObject:
		return "an object"
	case tokenArray:
		return "a list"
	case tokenString:
		return quote(d.string(i))
	default:
		return shorten(d.raw(i))
	}
}
