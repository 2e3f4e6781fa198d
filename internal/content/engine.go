package content

import (
	"math"
	"regexp"
	"sort"
	"strings"
	"sync"

	ahocorasick "github.com/BobuSumisu/aho-corasick"
)

//go:generate env CODEXLOCK_UPDATE=1 go test -run ^TestRulesAreThoseOfGitleaks$ .

// A rule is one of gitleaks' rules. It is compiled when one of its keywords occurs for
// the first time: to compile all of them takes 40 ms.
type rule struct {
	id         string
	regex      string   // "": it asks for a file's name as well, which nobody tells
	keywords   []string // in lower case
	entropy    float64  // which the secret must exceed; 0: it need not
	group      int      // of regex, that is the secret; 0: the first that is not empty
	allowlists []*allowlist

	once     sync.Once
	compiled *regexp.Regexp
}

func (r *rule) pattern() *regexp.Regexp {
	r.once.Do(func() { r.compiled = regexp.MustCompile(r.regex) })
	return r.compiled
}

// An allowlist says which matches of a rule are no secrets.
type allowlist struct {
	target    string // what the expression is matched with: match, line, or "" for the secret
	all       bool   // all conditions must hold, not one of them
	never     bool   // one of the conditions that must hold is about the file's name, which nobody tells
	regex     string
	stopWords []string // in lower case

	once     sync.Once
	compiled *regexp.Regexp
	trie     *ahocorasick.Trie
}

// allows reports whether a match is no secret.
func (a *allowlist) allows(f finding, line string) bool {
	a.once.Do(func() {
		if a.regex != "" {
			a.compiled = regexp.MustCompile(a.regex)
		}
		if len(a.stopWords) > 0 {
			a.trie = ahocorasick.NewTrieBuilder().AddStrings(a.stopWords).Build()
		}
	})
	if a.never {
		return false
	}
	target := f.secret
	switch a.target {
	case "match":
		target = f.match
	case "line":
		target = line
	}
	matched := a.compiled != nil && target != "" && a.compiled.MatchString(target)
	stopped := a.trie != nil && f.secret != "" && a.trie.MatchFirstString(strings.ToLower(f.secret)) != nil
	if a.all {
		return (matched || a.compiled == nil) && (stopped || a.trie == nil)
	}
	return matched || stopped
}

// A finding is what a rule matches in a text.
type finding struct {
	rule   string
	match  string
	secret string
	line   int // where the match begins, counted from 0
}

var rulesByKeyword = sync.OnceValue(func() map[string][]*rule {
	m := map[string][]*rule{}
	for i := range rules {
		for _, k := range rules[i].keywords {
			m[k] = append(m[k], &rules[i])
		}
	}
	return m
})

var keywordTrie = sync.OnceValue(func() *ahocorasick.Trie {
	var words []string
	for word := range rulesByKeyword() {
		words = append(words, word)
	}
	return ahocorasick.NewTrieBuilder().AddStrings(words).Build()
})

// findSecrets finds in a text what gitleaks finds in it, where gitleaks is told no file's
// name, decodes nothing, and is not switched off by a remark in the text: of each rule
// in the order of the text. A test holds it to gitleaks itself.
func findSecrets(text string) []finding {
	lower := strings.ToLower(text)
	asked := map[*rule]bool{}
	for _, m := range keywordTrie().MatchString(lower) {
		for _, r := range rulesByKeyword()[m.MatchString()] {
			asked[r] = true
		}
	}
	var found []finding
	var lines []int
	for i := range rules {
		if !asked[&rules[i]] || rules[i].regex == "" {
			continue
		}
		matches := rules[i].pattern().FindAllStringIndex(text, -1)
		if len(matches) > 0 && lines == nil {
			lines = newlines(text)
		}
		for _, at := range matches {
			if f, ok := rules[i].finding(text, at, lines); ok {
				found = append(found, f)
			}
		}
	}
	return withoutGeneric(found)
}

// finding is what one match of a rule is about; ok is false where it is no secret.
func (r *rule) finding(text string, at []int, lines []int) (f finding, ok bool) {
	f = finding{rule: r.id, match: strings.Trim(text[at[0]:at[1]], "\n")}
	f.secret = f.match
	start, end := at[0], at[0]+len(f.match)
	var line string
	f.line, line = lineOf(text, start, end, lines)
	if groups := r.pattern().FindStringSubmatch(f.match); len(groups) >= 2 {
		if r.group > 0 {
			f.secret = groups[r.group]
		} else {
			for _, g := range groups[1:] {
				if g != "" {
					f.secret = g
					break
				}
			}
		}
	}
	if r.entropy != 0 && entropyOf(f.secret) <= r.entropy {
		return f, false
	}
	for _, a := range r.allowlists {
		if a.allows(f, line) {
			return f, false
		}
	}
	return f, true
}

// withoutGeneric leaves out what the generic rule found where another rule found the
// same on the same line.
func withoutGeneric(found []finding) []finding {
	var kept []finding
	for _, f := range found {
		better := false
		if f.rule == genericRule {
			for _, g := range found {
				better = better || g.rule != genericRule && g.line == f.line && strings.Contains(g.secret, f.secret)
			}
		}
		if !better {
			kept = append(kept, f)
		}
	}
	return kept
}

// newlines are the places of the line ends of a text; of one without any, its end.
func newlines(text string) []int {
	var at []int
	for i := 0; i < len(text); i++ {
		k := strings.IndexByte(text[i:], '\n')
		if k < 0 {
			break
		}
		i += k
		at = append(at, i)
	}
	if at == nil {
		at = append(at, len(text))
	}
	return at
}

// lineOf is the number of the line that a match begins on, and the text that gitleaks
// takes for its lines: from the line end before it, of the last line from the text's
// beginning.
func lineOf(text string, start, end int, lines []int) (number int, line string) {
	i := sort.SearchInts(lines, start+1) // the first line end behind start
	if i == len(lines) {
		stop := end
		for stop < len(text) && text[stop] != '\n' && text[stop] != '\r' {
			stop++
		}
		return i, text[:max(stop, end)]
	}
	from := 0
	if i > 0 {
		from = lines[i-1]
	}
	stop := lines[i]
	if k := sort.SearchInts(lines, end); k < len(lines) { // the line that the match ends on
		stop = lines[k]
	}
	return i, text[from:max(stop, end)]
}

// entropyOf is Shannon's, as gitleaks computes it: of characters, over the number of bytes.
func entropyOf(s string) float64 {
	counts := map[rune]int{}
	for _, c := range s {
		counts[c]++
	}
	e := 0.0
	for _, n := range counts {
		p := float64(n) / float64(len(s))
		e -= p * math.Log2(p)
	}
	return e
}
