package schemas

import "fmt"

// maxProblems is how many problems of one document are told; the rest are
// counted. A hostile file could hold millions.
const maxProblems = 100

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
