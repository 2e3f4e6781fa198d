package policy

import (
	"fmt"
	"strings"

	"github.com/codexlock/codexlock/internal/lazyregexp"

	"github.com/agnivade/levenshtein"
)

// A Selector names findings by what found them: area, area.rule, or
// area.rule:term, as in script.shellcheck:SC2086. The zero Selector selects
// nothing.
type Selector struct{ code, term string }

var (
	selectorForm = lazyregexp.New(`^[^\s:\p{C}]+(:[!-~]{1,128})?$`)
	termForm     = lazyregexp.New(`^[!-~]{1,128}$`) // one word of ASCII, so that it can be written on a line
)

// ParseSelector reads a selector as people write it.
func ParseSelector(s string) (Selector, error) {
	if !selectorForm.MatchString(s) {
		return Selector{}, fmt.Errorf("%q names no rule, want area, area.rule or area.rule:term", s)
	}
	code, term, _ := strings.Cut(s, ":")
	return Selector{code, term}, nil
}

func (s Selector) String() string {
	if s.term == "" {
		return s.code
	}
	return s.code + ":" + s.term
}

// Matches reports whether a finding of the rule is selected.
func (s Selector) Matches(code, term string) bool {
	return s.selects(code) && (s.term == "" || s.term == term)
}

// selects reports whether the rule may have a finding that is selected.
func (s Selector) selects(code string) bool {
	return s.code != "" && (code == s.code || strings.HasPrefix(code, s.code+"."))
}

// maxMisspelt is how many letters apart two names are that may be one.
const maxMisspelt = 3

// nearest is the rule or area that a selector which selects nothing may have
// meant; "" where none is near.
func (s Selector) nearest(rules []*rule) string {
	found, least := "", maxMisspelt+1
	for _, r := range rules {
		area, _, _ := strings.Cut(r.Code, ".")
		for _, name := range []string{r.Code, area} {
			if d := levenshtein.ComputeDistance(s.code, name); d < least && d < len(name) {
				found, least = name, d
			}
		}
	}
	return found
}

// MarshalText writes the selector as people do.
func (s Selector) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads it.
func (s *Selector) UnmarshalText(text []byte) (err error) {
	if len(text) > 0 {
		*s, err = ParseSelector(string(text))
	}
	return err
}
