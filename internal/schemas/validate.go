package schemas

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Validate returns the differences between the document and its schema, in the order of the
// text. After maxProblems, the last problem has the number of the others.
func (d *Document) Validate() []Problem {
	return d.check(d.kind.registration().schema())
}

// ValidateAny marshals v and validates it against the published schema of a kind.
// It is for what the program itself made, facts and reports; what others made goes
// through [Decode]. Its error is an [*Error] without positions, where v marshals.
func ValidateAny(kind Kind, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("validate a %s: %w", kind, err)
	}
	d, err := parseText(kind, string(data), anyNumber)
	if err != nil {
		return err
	}
	if problems := d.Validate(); len(problems) > 0 {
		for i := range problems {
			problems[i].Position = Position{} // of a text that nobody sees
		}
		return &Error{Kind: kind, Problems: problems}
	}
	return nil
}

func (d *Document) check(s *schema) []Problem {
	c := checker{d: d}
	c.value(s, 0)
	return c.InOrder()
}

type checker struct {
	d *Document
	ProblemList
}

func (c *checker) problem(i int, format string, args ...any) {
	if c.Full() {
		return
	}
	c.Problems = append(c.Problems, c.d.problem(i, format, args...))
}

func (c *checker) unfit(i int, s *schema) {
	if c.Full() { // before the words are looked for
		return
	}
	c.problem(i, "%s is %s, want %s", c.d.name(i), c.d.shown(i), s.want)
}

func (c *checker) value(s *schema, i int) {
	if !c.scalar(s, i) {
		c.unfit(i, s)
		return
	}
	switch c.d.tokens[i].kind {
	case tokenArray:
		c.array(s, i)
	case tokenObject:
		c.object(s, i)
	}
}

// scalar tells whether a value is of the right type and, unless it is a container,
// all that it should be. A key is one too.
func (c *checker) scalar(s *schema, i int) bool {
	t := &c.d.tokens[i]
	switch {
	case s.types != 0 && s.types&(1<<t.kind) == 0:
		return false
	case len(s.literals) > 0 && !c.isLiteral(s, i):
		return false
	case t.kind == tokenString:
		return s.fits(c.d.string(i))
	case t.kind == tokenNumber:
		return s.fitsNumber(c.d.raw(i))
	}
	return true
}

func (c *checker) isLiteral(s *schema, i int) bool {
	t := c.d.tokens[i]
	for _, l := range s.literals {
		if l.kind != t.kind {
			continue
		}
		if t.kind == tokenString && c.d.string(i) == l.text || t.kind != tokenString && c.d.raw(i) == l.text {
			return true
		}
	}
	return false
}

func (s *schema) fits(text string) bool {
	if s.match != nil && !s.match(text) || s.time && !isUTCSeconds(text) {
		return false
	}
	if s.minLength > 0 || s.maxLength >= 0 {
		n := utf8.RuneCountInString(text)
		return n >= s.minLength && (s.maxLength < 0 || n <= s.maxLength)
	}
	return true
}

func (s *schema) fitsNumber(text string) bool {
	if !s.integer && s.min == nil && s.max == nil {
		return true
	}
	if !isInteger(text) { // nor is it compared with a bound, where it got past the parser
		return false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && (s.min == nil || n >= *s.min) && (s.max == nil || n <= *s.max)
}

func (c *checker) array(s *schema, i int) {
	t := c.d.tokens[i]
	if s.maxItems >= 0 && int(t.count) > s.maxItems || int(t.count) < s.minItems {
		c.problem(i, "%s has %d elements, want %s", c.d.name(i), t.count, s.want)
	}
	if s.items == nil {
		return
	}
	for e := i + 1; e < int(t.next); e = int(c.d.tokens[e].next) {
		c.value(s.items, e)
	}
}

func (c *checker) object(s *schema, i int) {
	var seen uint64
	next := 0 // keys mostly stand in the order of the schema
	end := int(c.d.tokens[i].next)
	for k := i + 1; k < end; k = int(c.d.tokens[k+1].next) {
		key := c.d.string(k)
		if s.names != nil && !c.scalar(s.names, k) {
			c.problem(k, "key is %s, want %s", quote(key), s.names.want)
		}
		n := next
		if n >= len(s.properties) || s.properties[n].key != key {
			n = s.property(key)
		}
		switch {
		case n >= 0:
			seen |= 1 << n
			next = n + 1
			c.value(s.properties[n].schema, k+1)
		case s.closed:
			c.unknown(s, k, key)
		case s.others != nil:
			c.value(s.others, k+1)
		}
	}
	if missing := s.required &^ seen; missing != 0 {
		c.missing(s, i, missing)
	}
	for _, dep := range s.dependent {
		if missing := dep.needs &^ seen; missing != 0 && seen&(1<<dep.property) != 0 {
			c.without(s, i, s.properties[dep.property].key, missing)
		}
	}
}

func (c *checker) missing(s *schema, i int, missing uint64) {
	for n, p := range s.properties {
		if missing&(1<<n) != 0 {
			c.problem(i, "%s has no %s, want %s", c.d.name(i), p.key, p.schema.want)
		}
	}
}

func (c *checker) without(s *schema, i int, key string, missing uint64) {
	at, _ := c.d.child(i, key)
	for n, p := range s.properties {
		if missing&(1<<n) != 0 {
			c.problem(at, "%s stands without %s, want both", key, p.key)
		}
	}
}

// unknown reports a key that the schema does not have, with the key that was probably meant, or
// all keys.
func (c *checker) unknown(s *schema, k int, key string) {
	if c.Full() {
		return
	}
	known := make([]string, len(s.properties))
	for n, p := range s.properties {
		if known[n] = p.key; alike(key, p.key) {
			c.problem(k, "unknown key %s, did you mean %s?", quote(key), quote(p.key))
			return
		}
	}
	c.problem(k, "unknown key %s, want one of %s", quote(key), strings.Join(known, ", "))
}

// alike tells whether key is known but for case, separators, or one character.
func alike(key, known string) bool {
	if len(key) > 2*len(known) {
		return false
	}
	bare := func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return r
	}
	if strings.EqualFold(strings.Map(bare, key), strings.Map(bare, known)) {
		return true
	}
	a, b := key, known
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(known) > 3 && len(a) <= 1 && len(b) <= 1
}
