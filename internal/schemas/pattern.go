package schemas

import (
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"sync"
)

// compilePattern is a matcher for a pattern keyword, which is RE2's syntax here.
// Most of ours are a row of ASCII classes of fixed lengths; those are matched by
// tables, in a tenth of the time.
func compilePattern(pattern string) (func(string) bool, error) {
	if row, ok := rowOf(pattern); ok {
		return row.match, nil
	}
	if _, err := syntax.Parse(pattern, syntax.Perl); err != nil {
		return nil, err
	}
	// Few documents have a value of each pattern, and most of the cost is to compile one.
	re := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
	return func(s string) bool { return re().MatchString(s) }, nil
}

// A row is ^ABC$, where each part is a repeated ASCII character or class.
type row []rowPart

type rowPart struct {
	class    *[256]bool
	min, max int // different only in the last part, so that nothing is ever taken back
}

func (r row) match(s string) bool {
	for _, part := range r {
		n := 0
		for n < len(s) && n < part.max && part.class[s[n]] {
			n++
		}
		if n < part.min {
			return false
		}
		s = s[n:]
	}
	return s == ""
}

// rowOf reads a pattern as a row; false where it is more than that.
func rowOf(pattern string) (row, bool) {
	s, ok := strings.CutPrefix(pattern, "^")
	if !ok {
		return nil, false
	}
	if s, ok = strings.CutSuffix(s, "$"); !ok {
		return nil, false
	}
	var r row
	for s != "" {
		if len(r) > 0 && r[len(r)-1].min != r[len(r)-1].max {
			return nil, false
		}
		class, n := classOf(s)
		if n == 0 {
			return nil, false
		}
		part := rowPart{class: class, min: 1, max: 1}
		if s = s[n:]; strings.HasPrefix(s, "{") {
			end := strings.IndexByte(s, '}')
			if end < 0 || !part.repeat(s[1:end]) {
				return nil, false
			}
			s = s[end+1:]
		}
		r = append(r, part)
	}
	return r, true
}

// repeat sets how often a part stands there, from what braces hold.
func (p *rowPart) repeat(braces string) bool {
	low, high, ranged := strings.Cut(braces, ",")
	if !ranged {
		high = low
	}
	var err, err2 error
	p.min, err = strconv.Atoi(low)
	p.max, err2 = strconv.Atoi(high)
	return err == nil && err2 == nil && p.min >= 0 && p.min <= p.max
}

const (
	alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	ordinary     = alphanumeric + "-_:=/" // characters that mean themselves outside a class
	inClass      = alphanumeric + "._+/=" // and inside of one, beside ranges
)

// classOf is the character or class that s starts with and its length, 0 where
// it is anything but a plain one.
func classOf(s string) (*[256]bool, int) {
	var class [256]bool
	if strings.IndexByte(ordinary, s[0]) >= 0 {
		class[s[0]] = true
		return &class, 1
	}
	end := strings.IndexByte(s, ']')
	if s[0] != '[' || end < 2 {
		return nil, 0
	}
	for i := 1; i < end; i++ {
		switch {
		case s[i] == '-' && i == end-1: // a hyphen at the end means itself
			class['-'] = true
		case strings.IndexByte(inClass, s[i]) < 0:
			return nil, 0
		case i+2 < end && s[i+1] == '-':
			if strings.IndexByte(alphanumeric, s[i]) < 0 || strings.IndexByte(alphanumeric, s[i+2]) < 0 || s[i] > s[i+2] {
				return nil, 0
			}
			for c := s[i]; c <= s[i+2]; c++ {
				class[c] = true
			}
			i += 2
		default:
			class[s[i]] = true
		}
	}
	return &class, end + 1
}
