package schemas

import (
	"fmt"
	"sort"
)

// maxProblems is how many problems of one document are told; the rest are
// counted. A hostile file could hold millions.
const maxProblems = 100

// problemList collects the problems of a document up to maxProblems.
type problemList struct {
	problems []Problem
	hidden   int
}

// full counts one more problem and tells whether it is too many to be told.
func (l *problemList) full() bool {
	if len(l.problems) < maxProblems {
		return false
	}
	l.hidden++
	return true
}

// inOrder are the problems in the order of the text, and how many there are beside.
func (l *problemList) inOrder() []Problem {
	sort.SliceStable(l.problems, func(a, b int) bool {
		p, q := l.problems[a], l.problems[b]
		if p.Position != q.Position {
			return p.Position.before(q.Position)
		}
		return p.Pointer < q.Pointer
	})
	if l.hidden > 0 {
		first := Position{}
		if l.problems[0].Position != first {
			first = Position{1, 1}
		}
		l.problems = append(l.problems, Problem{Position: first, Message: fmt.Sprintf("document has %d more problems", l.hidden)})
	}
	return l.problems
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
