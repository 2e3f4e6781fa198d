package decision

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/codexlock/codexlock/internal/lazyregexp"
)

// A Selector names findings by their rule: area, area.rule, or area.rule:term, as in
// script.shellcheck:SC2086. The zero Selector selects nothing.
type Selector struct{ Code, Term string }

var (
	selectorForm = lazyregexp.New(`^[^\s:\p{C}]+(:[!-~]{1,128})?$`)
	termForm     = lazyregexp.New(`^[!-~]{1,128}$`)
)

// IsTerm reports whether a text can be a term: one word of ASCII, so that it fits on a line.
func IsTerm(s string) bool { return termForm.MatchString(s) }

// ParseSelector parses a selector as people write it.
func ParseSelector(s string) (Selector, error) {
	if !selectorForm.MatchString(s) {
		return Selector{}, fmt.Errorf("%q names no rule, want area, area.rule or area.rule:term", s)
	}
	code, term, _ := strings.Cut(s, ":")
	return Selector{code, term}, nil
}

func (s Selector) String() string {
	if s.Term == "" {
		return s.Code
	}
	return s.Code + ":" + s.Term
}

// Matches reports whether a finding of the rule is selected.
func (s Selector) Matches(code, term string) bool {
	return s.Selects(code) && (s.Term == "" || s.Term == term)
}

// Selects reports whether the rule may have a finding that is selected.
func (s Selector) Selects(code string) bool {
	return s.Code != "" && (code == s.Code || strings.HasPrefix(code, s.Code+"."))
}

// maxMisspelt is the largest edit distance at which a name counts as a misspelling.
const maxMisspelt = 3

// Nearest returns the rule or area that a selector without a match probably means; "" if no
// name is near.
func (s Selector) Nearest(rules []Rule) string {
	found, least := "", maxMisspelt+1
	for _, r := range rules {
		area, _, _ := strings.Cut(r.Code, ".")
		for _, name := range []string{r.Code, area} {
			if d := levenshtein.ComputeDistance(s.Code, name); d < least && d < len(name) {
				found, least = name, d
			}
		}
	}
	return found
}

// MarshalText returns the selector as people write it.
func (s Selector) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText parses it; an empty text is the zero Selector.
func (s *Selector) UnmarshalText(text []byte) (err error) {
	if len(text) > 0 {
		*s, err = ParseSelector(string(text))
	}
	return err
}
