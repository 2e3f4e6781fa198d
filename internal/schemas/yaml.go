package schemas

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/codexlock/codexlock/internal/lazyregexp"
)

// maxYAMLBytes is the largest configuration.
const maxYAMLBytes = 256 << 10

// ParseYAML reads the strict YAML form of a document: one document of plain
// mappings, sequences and scalars. Aliases, anchors, merge keys, tags, directives
// and duplicate keys are refused, and so are scalars that YAML 1.1 and 1.2 read
// differently. A time stays a text. Its error is an [*Error].
func ParseYAML(kind Kind, data []byte) (d *Document, err error) {
	defer func() {
		if r := recover(); r != nil { // the library's, on a text that it did not foresee
			d, err = nil, yamlError(kind, Position{1, 1}, fmt.Sprintf("text cannot be read as YAML: %v", r))
		}
	}()
	if len(data) > maxYAMLBytes {
		return nil, tooLarge(kind, len(data), maxYAMLBytes)
	}
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		return nil, yamlError(kind, Position{1, 1}, "text starts with a byte order mark, want none: save it as UTF-8 without BOM")
	}
	if text := string(data); !utf8.ValidString(text) {
		bad := invalidUTF8(text)
		return nil, yamlError(kind, (&Document{text: text}).place(bad.offset), bad.message)
	}
	if at := bytes.IndexAny(data, "\u0085\u2028\u2029"); at >= 0 {
		// YAML ends lines here, editors do not: places would be off.
		return nil, yamlError(kind, (&Document{text: string(data)}).place(at), "line separator that only YAML knows, want a plain newline")
	}
	if at := loneReturn(data); at >= 0 {
		return nil, yamlError(kind, (&Document{text: string(data)}).place(at), "carriage return without a newline, want a plain newline")
	}
	if line := directive(data); line > 0 {
		return nil, yamlError(kind, Position{line, 1}, "directive before the document, want none")
	}
	var root, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&root); errors.Is(err, io.EOF) || err == nil && len(root.Content) == 0 {
		return nil, yamlError(kind, Position{1, 1}, "text is empty, want a YAML mapping")
	} else if err != nil {
		return nil, yamlSyntax(kind, data, err)
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, yamlError(kind, nodePosition(&second), "second document begins here, want one")
	} else if !errors.Is(err, io.EOF) {
		return nil, yamlSyntax(kind, data, err)
	}
	t := translator{source: data, line: 1, column: 1}
	if bad := t.value(root.Content[0], 0); bad != nil {
		return nil, yamlError(kind, bad.Position, bad.Message)
	}
	return &Document{kind: kind, text: string(t.text), tokens: t.tokens, places: t.places}, nil
}

func yamlError(kind Kind, at Position, message string) *Error {
	return &Error{Kind: kind, Problems: []Problem{{Position: at, Message: message}}}
}

// yamlLine finds the line that the library names in its messages; it says no more.
var yamlLine = lazyregexp.New(`^(?:yaml: )?(?:line (\d+):)? ?(.*)$`)

func yamlSyntax(kind Kind, data []byte, err error) *Error {
	first, _, _ := strings.Cut(err.Error(), "\n")
	at, message := Position{1, 1}, first
	if m := yamlLine.FindStringSubmatch(first); m != nil {
		message = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil && n > 0 {
			at.Line = n
			if yamlParser.MatchString(message) {
				at.Line++ // the library counts these from 0
			}
			at.Line = min(at.Line, bytes.Count(data, []byte("\n"))+1) // and the end of the text as a line
		}
	}
	if m := yamlAnchor.FindStringSubmatch(message); m != nil {
		alias := "*" + m[1]
		offset := max(bytes.Index(data, []byte(alias)), 0)
		return yamlError(kind, (&Document{text: string(data)}).place(offset), fmt.Sprintf("alias %s, want the value itself", quote(alias)))
	}
	return yamlError(kind, at, "malformed YAML: "+message)
}

var (
	yamlParser = lazyregexp.New(`^did not find expected (<stream-start>|<document start>|node content|'-' indicator|key|',' or '[\]}]')`)
	yamlAnchor = lazyregexp.New(`^unknown anchor '(.*)' referenced$`)
)

// loneReturn is where a carriage return stands that no newline follows, -1 for
// nowhere.
func loneReturn(data []byte) int {
	for i, c := range data {
		if c == '\r' && (i+1 == len(data) || data[i+1] != '\n') {
			return i
		}
	}
	return -1
}

// directive is the line of a %-directive before the document, 0 for none. The
// library would take %TAG and forget it.
func directive(data []byte) int {
	for n, line := range bytes.Split(data, []byte("\n")) {
		switch line = bytes.TrimRight(line, " \t\r"); {
		case len(line) > 0 && line[0] == '%':
			return n + 1
		case len(line) > 0 && line[0] != '#':
			return 0
		}
	}
	return 0
}

func nodePosition(n *yaml.Node) Position { return Position{max(n.Line, 1), max(n.Column, 1)} }

// A translator writes a YAML tree as the JSON text that it means, with the tokens
// of that text and the places in the YAML.
type translator struct {
	source []byte
	at     int // in source: where line and column are
	line   int
	column int

	text   []byte
	tokens []token
	places []Position
}

func (t *translator) fault(n *yaml.Node, format string, args ...any) *Problem {
	return &Problem{Position: nodePosition(n), Message: fmt.Sprintf(format, args...)}
}

// begins is the byte of the source that a node begins with. Nodes come in the
// order of the text, so that all of them together read it once.
func (t *translator) begins(n *yaml.Node) byte {
	if n.Line < t.line || n.Line == t.line && n.Column < t.column {
		t.at, t.line, t.column = 0, 1, 1
	}
	for ; t.at < len(t.source) && (t.line < n.Line || t.column < n.Column); t.at++ {
		switch c := t.source[t.at]; {
		case c == '\n':
			if t.line == n.Line {
				return c // an empty value behind the end of its line
			}
			t.line, t.column = t.line+1, 1
		case t.at+1 == len(t.source) || utf8.RuneStart(t.source[t.at+1]):
			t.column++
		}
	}
	if t.at == len(t.source) {
		return 0
	}
	return t.source[t.at]
}

func (t *translator) value(n *yaml.Node, depth int) *Problem {
	switch first := t.begins(n); {
	case n.Kind == yaml.AliasNode:
		return t.fault(n, "alias %s, want the value itself", quote("*"+n.Value))
	case n.Anchor != "":
		return t.fault(n, "anchor %s, want the value without it", quote("&"+n.Anchor))
	case n.Style&yaml.TaggedStyle != 0:
		return t.fault(n, "tag %s, want the value without it", quote(n.Tag))
	case first == '!': // the library forgets one that says nothing
		tag, _, _ := strings.Cut(string(t.source[t.at:min(t.at+maxShown, len(t.source))]), " ")
		return t.fault(n, "tag %s, want the value without it", quote(strings.TrimSpace(tag)))
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return t.scalar(n)
	case yaml.MappingNode, yaml.SequenceNode:
		if depth >= maxDepth {
			return t.fault(n, "values are nested more than %d deep", maxDepth)
		}
		return t.container(n, depth+1)
	}
	return t.fault(n, "value of a kind that JSON does not have")
}

// open begins a token and gives its index; shut ends it.
func (t *translator) open(n *yaml.Node, kind tokenKind) int {
	t.tokens = append(t.tokens, token{start: uint32(len(t.text)), kind: kind})
	t.places = append(t.places, nodePosition(n))
	return len(t.tokens) - 1
}

func (t *translator) shut(i int) {
	t.tokens[i].end, t.tokens[i].next = uint32(len(t.text)), uint32(len(t.tokens))
}

func (t *translator) container(n *yaml.Node, depth int) *Problem {
	kind, brackets, step := tokenArray, "[]", 1
	if n.Kind == yaml.MappingNode {
		kind, brackets, step = tokenObject, "{}", 2
	}
	self := t.open(n, kind)
	t.text = append(t.text, brackets[0])
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += step {
		if i > 0 {
			t.text = append(t.text, ',')
		}
		if step == 2 {
			if bad := t.key(n.Content[i], seen); bad != nil {
				return bad
			}
			t.text = append(t.text, ':')
		}
		if bad := t.value(n.Content[i+step-1], depth); bad != nil {
			return bad
		}
		t.tokens[self].count++
	}
	t.text = append(t.text, brackets[1])
	t.shut(self)
	return nil
}

func (t *translator) key(n *yaml.Node, seen map[string]bool) *Problem {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!merge":
		return t.fault(n, "merge key %s, want the keys themselves", quote(n.Value))
	case n.Kind != yaml.ScalarNode && n.Kind != yaml.AliasNode:
		return t.fault(n, "key is a mapping or sequence, want a text")
	}
	at := len(t.tokens)
	if bad := t.value(n, 0); bad != nil {
		return bad
	}
	if t.tokens[at].kind != tokenString {
		return t.fault(n, "key is %s, want a text: put it in quotes", quote(n.Value))
	}
	if seen[n.Value] {
		return t.fault(n, "key %s stands here twice, want it once", quote(n.Value))
	}
	seen[n.Value] = true
	return nil
}

func (t *translator) scalar(n *yaml.Node) *Problem {
	kind, text := tokenString, n.Value
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		var bad *Problem
		if kind, bad = t.plain(n); bad != nil {
			return bad
		}
	}
	if kind == tokenNull {
		text = "null"
	}
	if !utf8.ValidString(text) {
		return t.fault(n, "text is not valid UTF-8")
	}
	i := t.open(n, kind)
	if kind == tokenString {
		t.text, t.tokens[i].escaped = appendString(t.text, text)
	} else {
		t.text = append(t.text, text...)
	}
	t.shut(i)
	return nil
}

// plain is what an unquoted scalar means. What looks like a number or a truth
// value but is not written in the one plain way is refused, not guessed at: other
// readers would guess differently.
func (t *translator) plain(n *yaml.Node) (tokenKind, *Problem) {
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		return tokenString, nil
	case "!!null":
		return tokenNull, nil
	case "!!bool":
		switch n.Value {
		case "true":
			return tokenTrue, nil
		case "false":
			return tokenFalse, nil
		}
		return 0, t.fault(n, "truth value is %s, want true or false, or a text in quotes", quote(n.Value))
	case "!!int", "!!float":
		if numberLength(n.Value) == len(n.Value) && isInteger(n.Value) {
			return tokenNumber, nil
		}
		return 0, t.fault(n, "number is %s, want a plain integer, or a text in quotes", quote(n.Value))
	}
	return 0, t.fault(n, "%s is not a plain text, number or truth value: put it in quotes", quote(n.Value))
}

// appendString writes a JSON string and tells whether it has escapes in it.
func appendString(b []byte, s string) (text []byte, escaped bool) {
	b = append(b, '"')
	for _, c := range []byte(s) {
		switch {
		case plain[c]:
			b = append(b, c)
			continue
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		default:
			b = fmt.Appendf(b, `\u%04x`, c)
		}
		escaped = true
	}
	return append(b, '"'), escaped
}
