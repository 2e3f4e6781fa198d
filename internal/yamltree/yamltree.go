// Package yamltree reads YAML files that are not ours, such as workflows, as trees of nodes with
// their places in the text. It knows no schema: what is missing, or of another kind, is an empty
// value. An alias stands for what it names.
package yamltree

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// A Value is a node; the zero Value is one that is missing.
type Value struct{ Node *yaml.Node }

// A Pair is an entry of a mapping.
type Pair struct {
	Value
	Key  string
	Line int // of the key, from 1
}

// Parse returns the root of the first document of a text.
func Parse(data []byte) (root Value, err error) {
	defer func() {
		if r := recover(); r != nil { // the library's, on a text that it did not foresee
			root, err = Value{}, errors.New(fmt.Sprint(r))
		}
	}()
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		message, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "yaml: "), "\n")
		return Value{}, errors.New(message)
	}
	if len(document.Content) == 0 {
		return Value{}, nil
	}
	return Value{resolve(document.Content[0])}, nil
}

// maxAliases bounds the aliases that lead from one to the next.
const maxAliases = 10

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	for range maxAliases {
		if n == nil || n.Kind != yaml.AliasNode {
			return n
		}
		n = n.Alias
	}
	return nil
}

// IsZero reports whether there is no value.
func (v Value) IsZero() bool { return v.Node == nil }

// IsMapping reports whether the value is a mapping.
func (v Value) IsMapping() bool { return v.Node != nil && v.Node.Kind == yaml.MappingNode }

// Line returns the line of a value from 1, 0 for the zero Value.
func (v Value) Line() int {
	if v.Node == nil {
		return 0
	}
	return v.Node.Line
}

// Pairs returns the entries of a mapping, nothing for another value.
func (v Value) Pairs() []Pair {
	if !v.IsMapping() {
		return nil
	}
	var all []Pair
	for i := 0; i+1 < len(v.Node.Content); i += 2 {
		key := v.Node.Content[i]
		all = append(all, Pair{Value{resolve(v.Node.Content[i+1])}, key.Value, key.Line})
	}
	return all
}

// Items returns the items of a sequence, nothing for another value.
func (v Value) Items() []Value {
	if v.Node == nil || v.Node.Kind != yaml.SequenceNode {
		return nil
	}
	var all []Value
	for _, n := range v.Node.Content {
		all = append(all, Value{resolve(n)})
	}
	return all
}

// Get returns the value of a key of a mapping.
func (v Value) Get(key string) Value {
	if !v.IsMapping() {
		return Value{}
	}
	for i := 0; i+1 < len(v.Node.Content); i += 2 {
		if v.Node.Content[i].Value == key {
			return Value{resolve(v.Node.Content[i+1])}
		}
	}
	return Value{}
}

// Merged returns the value of a key of a mapping, or of one that it merges (<<).
func (v Value) Merged(key string) Value { return v.merged(key, maxAliases) }

func (v Value) merged(key string, depth int) Value {
	if own := v.Get(key); !own.IsZero() || depth == 0 {
		return own
	}
	from := v.Get("<<")
	for _, one := range append([]Value{from}, from.Items()...) {
		if found := one.merged(key, depth-1); one.IsMapping() && !found.IsZero() {
			return found
		}
	}
	return Value{}
}

// Text returns a scalar, "" for another value.
func (v Value) Text() string {
	if v.Node == nil || v.Node.Kind != yaml.ScalarNode {
		return ""
	}
	return v.Node.Value
}

// Texts returns the scalars of a sequence.
func (v Value) Texts() []string {
	var all []string
	for _, item := range v.Items() {
		all = append(all, item.Text())
	}
	return all
}

// A Source is the text of a file, to find places in it.
type Source struct {
	text  string
	lines []int // where they begin
}

// NewSource returns the Source of a text.
func NewSource(text string) *Source {
	s := &Source{text: text, lines: []int{0}}
	for i := range len(text) {
		if text[i] == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// Position returns the line and the column, in characters, of a byte.
func (s *Source) Position(offset int) (line, column int) {
	offset = min(max(offset, 0), len(s.text))
	low, high := 0, len(s.lines)
	for high-low > 1 {
		if mid := (low + high) / 2; s.lines[mid] <= offset {
			low = mid
		} else {
			high = mid
		}
	}
	return low + 1, utf8.RuneCountInString(s.text[s.lines[low]:offset]) + 1
}

// Lines returns the text from a line to the one before another; to 0 is the end.
func (s *Source) Lines(from, to int) string {
	if from < 1 || from > len(s.lines) {
		return ""
	}
	start, end := s.lines[from-1], len(s.text)
	if to > from && to <= len(s.lines) {
		end = s.lines[to-1]
	}
	return s.text[start:end]
}

// Offset returns the byte of a line and a column, both from 1.
func (s *Source) Offset(line, column int) int {
	if line < 1 || line > len(s.lines) {
		return len(s.text)
	}
	at := s.lines[line-1]
	for ; column > 1 && at < len(s.text) && s.text[at] != '\n'; column-- {
		_, size := utf8.DecodeRuneInString(s.text[at:])
		at += size
	}
	return at
}

// Places returns for each byte of a scalar where it is in the text, however it is written: as a
// block, folded, in quotes or plain.
func (s *Source) Places(v Value) []int {
	if v.Node == nil || v.Node.Kind != yaml.ScalarNode {
		return nil
	}
	at := s.Offset(v.Node.Line, v.Node.Column)
	text := s.text
	for at < len(text) && (text[at] == '&' || text[at] == '!') { // an anchor, a tag
		for at < len(text) && text[at] > ' ' {
			at++
		}
		for at < len(text) && (text[at] == ' ' || text[at] == '\n') {
			at++
		}
	}
	if at < len(text) && v.Node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 { // the line with | or >
		for at < len(text) && text[at] != '\n' {
			at++
		}
	}
	value := v.Node.Value
	places := make([]int, len(value)+1)
	for i := range len(value) {
		if c := value[i]; c > ' ' {
			for next := at; next < len(text) && next < at+maxSkip; next++ {
				if text[next] == c {
					at = next
					break
				}
			}
		}
		places[i] = at
		if value[i] > ' ' && at < len(text) {
			at++
		}
	}
	places[len(value)] = at
	return places
}

// maxSkip bounds what stands between two characters of a scalar: line breaks, indentation,
// escapes.
const maxSkip = 400
