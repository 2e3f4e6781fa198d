package schemas

import (
	"fmt"
	"strconv"
	"strings"
)

// A schema is a compiled JSON Schema, in the subset of keywords that our schemas use. The JSON
// Schema library gives the same results (a test mutates documents to compare), in four times
// the time and without positions.
type schema struct {
	want string // for messages: x-want, or made of the keywords

	types      uint8 // bits of tokenKinds; 0 is any
	integer    bool  // numbers are integers
	literals   []literal
	properties []property
	required   uint64 // bits of properties
	dependent  []dependency
	closed     bool    // no other keys
	others     *schema // of other keys' values
	names      *schema // of keys
	items      *schema
	maxItems   int
	minItems   int
	maxLength  int // in characters
	minLength  int
	match      func(string) bool
	time       bool // format codexlock-utc-seconds
	min, max   *int64
}

type property struct {
	key    string
	schema *schema
}

// A dependency lists the properties that another property requires.
type dependency struct {
	property int
	needs    uint64
}

// A literal is a scalar of an enum or const.
type literal struct {
	kind tokenKind
	text string // decoded
	json string
}

// maxProperties is how many bits required has.
const maxProperties = 64

func mustCompile(source []byte) *schema {
	s, err := compile(source)
	if err != nil {
		panic(fmt.Sprintf("schemas: %v", err)) // an embedded file; a test compiles them all
	}
	return s
}

// compile compiles a JSON Schema. An unsupported keyword is an error: ignoring it would silently
// omit a check.
func compile(source []byte) (*schema, error) {
	d := &Document{text: string(source)}
	tokens, bad := parse(d.text, anyNumber)
	if bad != nil {
		return nil, fmt.Errorf("%s: %s", d.place(bad.offset), bad.message)
	}
	d.tokens = tokens
	c := compiler{d: d, done: map[int]*schema{}}
	s := c.schema(0)
	return s, c.err
}

type compiler struct {
	d    *Document
	done map[int]*schema // by token, so that a schema may contain itself
	err  error
}

func (c *compiler) fail(i int, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%s: %s: %s", c.d.position(i), c.d.pointer(i), fmt.Sprintf(format, args...))
	}
}

// members calls f with each key of an object and the token of its value.
func (c *compiler) members(i int, f func(key string, at int)) {
	if c.d.tokens[i].kind != tokenObject {
		c.fail(i, "%s, want an object", c.d.shown(i))
		return
	}
	for k := i + 1; k < int(c.d.tokens[i].next); k = int(c.d.tokens[k+1].next) {
		f(c.d.string(k), k+1)
	}
}

func (c *compiler) elements(i int, f func(at int)) {
	if c.d.tokens[i].kind != tokenArray {
		c.fail(i, "%s, want a list", c.d.shown(i))
		return
	}
	for e := i + 1; e < int(c.d.tokens[i].next); e = int(c.d.tokens[e].next) {
		f(e)
	}
}

func (c *compiler) text(i int) string {
	if c.d.tokens[i].kind != tokenString {
		c.fail(i, "%s, want a text", c.d.shown(i))
		return ""
	}
	return c.d.string(i)
}

func (c *compiler) number(i int) int64 {
	n, err := strconv.ParseInt(c.d.raw(i), 10, 64)
	if err != nil || c.d.tokens[i].kind != tokenNumber {
		c.fail(i, "%s, want an integer", c.d.shown(i))
	}
	return n
}

func (c *compiler) schema(i int) *schema {
	if s, ok := c.done[i]; ok {
		return s
	}
	if at, ok := c.d.child(i, "$ref"); ok {
		return c.reference(i, at)
	}
	s := &schema{maxItems: -1, maxLength: -1}
	c.done[i] = s
	later := map[string]int{}
	c.members(i, func(key string, at int) {
		if c.annotation(key) || c.scalarKeyword(s, key, at) {
			return
		}
		later[key] = at
	})
	c.objectKeywords(s, later)
	for key, at := range later {
		c.fail(at, "keyword %s is not one that this validator knows", quote(key))
	}
	if at, ok := c.d.child(i, "x-want"); ok {
		s.want = c.text(at)
	} else {
		s.want = s.wanted()
	}
	return s
}

func (c *compiler) annotation(key string) bool {
	switch key {
	case "$schema", "$id", "$defs", "$comment", "title", "description", "x-want":
		return true
	}
	return false
}

// reference resolves a $ref, next to which only annotations are allowed.
func (c *compiler) reference(i, at int) *schema {
	c.members(i, func(key string, at int) {
		if key != "$ref" && !c.annotation(key) {
			c.fail(at, "this validator does not support the keyword %s next to $ref", quote(key))
		}
	})
	target, ok := strings.CutPrefix(c.text(at), "#")
	if ok {
		if to, ok := c.d.find(target); ok && to != i {
			return c.schema(to)
		}
	}
	c.fail(at, "$ref %s leads nowhere in this schema", c.d.shown(at))
	return &schema{}
}

// scalarKeyword compiles a keyword that stands for itself.
func (c *compiler) scalarKeyword(s *schema, key string, at int) bool {
	switch key {
	case "type":
		c.types(s, at)
	case "const":
		s.literals = append(s.literals, c.literal(at))
	case "enum":
		c.elements(at, func(e int) { s.literals = append(s.literals, c.literal(e)) })
	case "items":
		s.items = c.schema(at)
	case "minItems":
		s.minItems = int(c.number(at))
	case "maxItems":
		s.maxItems = int(c.number(at))
	case "minLength":
		s.minLength = int(c.number(at))
	case "maxLength":
		s.maxLength = int(c.number(at))
	case "minimum":
		n := c.number(at)
		s.min = &n
	case "maximum":
		n := c.number(at)
		s.max = &n
	case "pattern":
		match, err := compilePattern(c.text(at))
		if err != nil {
			c.fail(at, "%v", err)
		}
		s.match = match
	case "format":
		if c.text(at) != UTCSeconds {
			c.fail(at, "format %s is not one that this validator knows", c.d.shown(at))
		}
		s.time = true
	default:
		return false
	}
	return true
}

var typeBits = map[string]uint8{
	"null": 1 << tokenNull, "boolean": 1<<tokenFalse | 1<<tokenTrue, "number": 1 << tokenNumber,
	"integer": 1 << tokenNumber, "string": 1 << tokenString, "array": 1 << tokenArray, "object": 1 << tokenObject,
}

// types compiles a type, or a list of types. An integer stands alone: whether a
// number is one is decided for all numbers of a schema.
func (c *compiler) types(s *schema, at int) {
	if c.d.tokens[at].kind == tokenArray {
		c.elements(at, func(e int) { s.types |= c.typeBit(e, c.text(e) != "integer") })
		if s.types == 0 {
			c.fail(at, "%s of no types, want one type or more", c.d.shown(at))
		}
		return
	}
	s.types = c.typeBit(at, true)
	s.integer = c.text(at) == "integer"
}

func (c *compiler) typeBit(at int, allowed bool) uint8 {
	bits := typeBits[c.text(at)]
	if bits == 0 || !allowed {
		c.fail(at, "type %s is not one that this validator knows", quote(c.text(at)))
	}
	return bits
}

func (c *compiler) literal(at int) literal {
	t := c.d.tokens[at]
	switch {
	case t.kind == tokenString:
		return literal{t.kind, c.d.string(at), c.d.raw(at)}
	case t.kind == tokenNumber && !isInteger(c.d.raw(at)), t.kind == tokenArray, t.kind == tokenObject:
		c.fail(at, "%s, want a text, an integer, true, false or null", c.d.shown(at))
	}
	return literal{t.kind, c.d.raw(at), c.d.raw(at)}
}

// objectKeywords compiles the keywords that speak of properties, and takes them
// out of at.
func (c *compiler) objectKeywords(s *schema, keywords map[string]int) {
	take := func(key string) (int, bool) {
		at, ok := keywords[key]
		delete(keywords, key)
		return at, ok
	}
	if at, ok := take("properties"); ok {
		c.members(at, func(key string, at int) {
			s.properties = append(s.properties, property{key, c.schema(at)})
		})
		if len(s.properties) > maxProperties {
			c.fail(at, "%d properties, want at most %d", len(s.properties), maxProperties)
			s.properties = s.properties[:maxProperties]
		}
	}
	if at, ok := take("required"); ok {
		c.elements(at, func(e int) { s.required |= c.bit(s, e) })
	}
	if at, ok := take("dependentRequired"); ok {
		c.members(at, func(key string, at int) {
			dep := dependency{property: s.property(key)}
			if dep.property < 0 {
				c.fail(at, "%s is not among the properties", quote(key))
			}
			c.elements(at, func(e int) { dep.needs |= c.bit(s, e) })
			s.dependent = append(s.dependent, dep)
		})
	}
	if at, ok := take("propertyNames"); ok {
		s.names = c.schema(at)
	}
	if at, ok := take("additionalProperties"); ok {
		if s.closed = c.d.tokens[at].kind == tokenFalse; !s.closed {
			s.others = c.schema(at)
		}
	}
}

// bit is the bit of the property that the text e names.
func (c *compiler) bit(s *schema, e int) uint64 {
	n := s.property(c.text(e))
	if n < 0 {
		c.fail(e, "%s is not among the properties", c.d.shown(e))
		return 0
	}
	return 1 << n
}

func (s *schema) property(key string) int {
	for n, p := range s.properties {
		if p.key == key {
			return n
		}
	}
	return -1
}

// wanted describes the allowed values, for messages.
func (s *schema) wanted() string {
	if len(s.literals) > 0 {
		words := make([]string, len(s.literals))
		for n, l := range s.literals {
			words[n] = l.json
		}
		if len(words) == 1 {
			return words[0]
		}
		return "one of " + strings.Join(words, ", ")
	}
	switch {
	case s.integer:
		return "a whole number"
	case s.types == typeBits["boolean"]:
		return "true or false"
	case s.types == typeBits["number"]:
		return "a number"
	case s.types == typeBits["object"]:
		return "an object"
	case s.types == typeBits["array"] && s.maxItems >= 0:
		return fmt.Sprintf("a list of at most %d", s.maxItems)
	case s.types == typeBits["array"]:
		return "a list"
	case s.types == typeBits["null"]:
		return "null"
	}
	return "a text"
}
