package content

import (
	"bytes"
	"cmp"
	"fmt"

	"github.com/codexlock/codexlock/internal/facts"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// The engine reads about 1 MB/s where a keyword occurs, and every rule of it has
// one. So it is asked about windows around the keywords, which hold whatever a
// rule can match there: a name before, a value after, and the whole of a word that
// is longer. A key in PEM runs on for its lines.
const (
	windowBefore = 128
	windowAfter  = 512
	maxWindow    = 16 << 10
	keyBlock     = 16 << 10 // behind a keyword that begins a PEM block: RSA of 16,384 bits has 12,700
	pemBegin     = "-----begin"
	// maxPiece is how much of a text the engine is asked about at once: what it does
	// with a match grows with the text around it.
	maxPiece = 32 << 10
	// maxSuspect is how many bytes of one text the engine is asked about: some
	// seconds of one core.
	maxSuspect = 4 << 20
	maxMatches = 200 // of one window that are looked at: more than can be told
	// operatorWithin is how far behind one of the words that genericRule knows an
	// operator follows, where it matches: 20 characters and 3 more.
	operatorWithin = 64
	operators      = "=>:|?,"
	genericRule    = "generic-api-key"
)

// A Budget bounds for how many bytes the engine is asked in one run, over all texts:
// what their honest share is, and maxRun beyond it. The engine reads 0.3 to 1 MB/s.
// Its methods may be called from several goroutines.
type Budget struct{ left atomic.Int64 }

const (
	maxRun      = 16 << 20 // some 30 seconds on two cores
	honestBytes = 4 << 10  // of every text
	honestShare = 8        // and one byte in so many of it
)

// NewBudget is the budget of one run.
func NewBudget() *Budget {
	b := &Budget{}
	b.left.Store(maxRun)
	return b
}

// spend takes from the budget and reports whether there was as much. A text without a
// budget has no other bound than its own.
func (b *Budget) spend(n int) bool { return b == nil || b.left.Add(int64(-n)) >= 0 }

func (b *Budget) grant(n int) {
	if b != nil {
		b.left.Add(int64(n))
	}
}

// keywords are those of gitleaks' rules. A keyword maps to true where only genericRule
// has it, and so an operator must follow it.
func keywords() map[string]bool {
	words := make(map[string]bool, len(rulesByKeyword()))
	for word, of := range rulesByKeyword() {
		words[word] = len(of) == 1 && of[0].id == genericRule
	}
	return words
}

// secrets asks gitleaks about the windows around keywords.
func (s *Scanner) secrets(all []hit, until int) {
	windows := s.windows(all, until)
	if len(windows) == 0 {
		return
	}
	for _, w := range windows {
		if len(s.facts.Secrets) == maxPlaces {
			return // one is enough for a denial
		}
		if s.suspect += w.end - w.start; s.suspect > maxSuspect {
			s.unread(fmt.Sprintf("has over %d bytes around words such as key and token, the most that is looked through for secrets", maxSuspect))
			return
		}
		if over := min(s.suspect-honestBytes, w.end-w.start); over > 0 && !s.budget.spend(over) {
			s.unread(fmt.Sprintf("was not looked through for secrets to its end: the texts of this run have over %d MiB around words such as key and token", maxRun>>20))
			return
		}
		text := s.buf[w.start:w.end]
		s.ask(text, func(i int) int { return w.start + i })
		if decoded, at, escaped := unescaped(text); escaped {
			s.ask(decoded, func(i int) int { return w.start + at[i] })
		}
	}
}

// ask notes what the engine finds in a text. at is where a byte of it stands in what
// is held.
func (s *Scanner) ask(held []byte, at func(int) int) {
	text := string(held)
	var found []facts.Secret
	next := map[string]int{}   // by rule: the engine finds what one of them matches in order
	noted := map[string]bool{} // a secret is noted where it stands first
	for _, f := range findSecrets(text) {
		if noted[f.rule+f.match] {
			continue
		}
		i := strings.Index(text[next[f.rule]:], f.match)
		i = max(i, 0) + next[f.rule]
		next[f.rule] = min(i+len(f.match), len(text))
		i += max(strings.LastIndex(f.match, f.secret), 0)
		if !credible(valueOf(f, text, i)) || f.rule == genericRule && s.isPod(at(i)) {
			continue
		}
		noted[f.rule+f.match] = true
		p := s.placeOf(at(i))
		found = append(found, facts.Secret{Kind: f.rule, Line: p.line, Column: p.column})
		if len(found) > maxMatches {
			break
		}
	}
	slices.SortFunc(found, func(a, b facts.Secret) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Kind, b.Kind))
	})
	for _, one := range slices.Compact(found) {
		// A piece is looked at with the end of the one before it.
		if len(s.facts.Secrets) < maxPlaces && !slices.Contains(s.facts.Secrets, one) {
			s.facts.Secrets = append(s.facts.Secrets, one)
		}
	}
}

// windows are what the engine is asked about: stretches of text of maxPiece at most,
// or one window's length. This is linear in the text, however many hits there are.
func (s *Scanner) windows(all []hit, until int) []span {
	var windows []span
	var word, block spaces
	for _, h := range all {
		if h.word != "" || h.start < s.from || h.start >= until {
			continue
		}
		var w span
		if bytes.EqualFold(s.buf[h.start:h.end], []byte(pemBegin)) {
			w = s.window(h, keyBlock, &block)
		} else {
			w = s.window(h, windowAfter, &word)
		}
		if n := len(windows); n > 0 && w.start <= windows[n-1].end && max(w.end, windows[n-1].end)-windows[n-1].start <= maxPiece+w.end-w.start {
			windows[n-1].end = max(windows[n-1].end, w.end)
			continue
		}
		windows = append(windows, w)
	}
	return windows
}

// inKeyword are the bytes that keywords are made of, in either case.
var inKeyword = sync.OnceValue(func() *[256]bool {
	var in [256]bool
	for word := range keywords() {
		for _, c := range []byte(word + strings.ToUpper(word)) {
			in[c] = true
		}
	}
	return &in
})

// plausible reports whether a rule can match at a hit. Most words such as key in prose
// and code have no operator behind them, most of the two letters that begin a token of
// Twilio or a JWT stand in a picture of a notebook, and most of the two characters that
// begin one of Vault end a sentence or stand in code.
func plausible(text []byte, h hit) bool {
	if h.assigns {
		return assigned(text[h.end:])
	}
	switch string(text[h.start:h.end]) {
	case "SK": // SK[0-9a-fA-F]{32}
		return follows(text[h.end:], 32, "0123456789abcdefABCDEF")
	case "ey": // \b(ey[a-zA-Z0-9]{17,}
		return (h.start == 0 || strings.IndexByte(alphanumeric+"_", text[h.start-1]) < 0 || afterEscape(text, h.start)) && follows(text[h.end:], 17, alphanumeric)
	case "s.": // s\.(?i:[a-z0-9]{24})
		return valueEnd(text[h.end:], 0, 24) == 24
	case "S.":
		return false
	case `\u00`, `\U00`:
		c, n := unescape(text[h.start:])
		return n > 1 && inKeyword()[c[0]]
	case "sk", "Sk", "sK", "eY", "Ey", "EY":
		return false
	}
	return true
}

// The bytes that genericRule knows behind a keyword: those between it and an operator,
// operators, what surrounds a value, and what a value is made of. What is no ASCII
// counts wherever a letter does, for (?i) takes two such characters for letters.
const (
	between = 1 << iota
	operator
	around
	ofValue
)

var classes = func() (of [256]uint8) {
	set := func(class uint8, bytes string) {
		for _, c := range []byte(bytes) {
			of[c] |= class
		}
	}
	set(between|ofValue, alphanumeric+"_.-")
	set(ofValue, "+/=")
	set(between, " \t\r\n\f'\"")
	set(operator, operators)
	set(around, operators+"`'\" \t\r\n\f")
	for c := 0x80; c < len(of); c++ {
		of[c] |= between | ofValue
	}
	return of
}()

const (
	// shortestValue is how long a value is at least; at most valueWithin bytes of its
	// operator and of what surrounds it come before.
	shortestValue = 10
	valueWithin   = 9 + shortestValue
)

// assigned reports whether genericRule can match where this text follows one of its
// keywords: an operator comes first, and then a value. So "key of the session: token" is
// none. What is escaped is read by the engine once more as it is meant, and so it is here.
func assigned(text []byte) bool {
	near := text[:min(len(text), operatorWithin+valueWithin)]
	found, decided := assigns(near)
	escape := bytes.IndexByte(near, '\\')
	if found || escape < 0 || decided < escape {
		return found
	}
	var room [operatorWithin + valueWithin + utf8.UTFMax]byte
	meant := append(room[:0], text[:escape]...)
	operates := bytes.ContainsAny(meant, operators)
	end := operatorWithin + valueWithin // of what has to be decoded
	for text = text[escape:]; len(text) > 0 && len(meant) < end; {
		c, n := unescape(text)
		switch class := classes[c[0]]; {
		case operates:
		case class&operator != 0:
			operates, end = true, min(end, len(meant)+valueWithin)
		case class&between == 0:
			return false
		}
		meant, text = append(meant, c...), text[n:]
	}
	found, _ = assigns(meant)
	return found
}

// assigns reports whether a text begins with what may stand between a keyword and an
// operator, the operator and a value, and at which byte that was decided.
func assigns(text []byte) (found bool, decided int) {
	for i, b := range text[:min(len(text), operatorWithin)] {
		switch c := classes[b]; {
		case c&operator != 0:
			found, n := valued(text[i:])
			return found, i + n
		case c&between == 0:
			return false, i
		}
	}
	return false, min(len(text), operatorWithin)
}

// valued reports whether a value follows an operator with which the text begins, and at
// which byte that was decided.
func valued(text []byte) (found bool, decided int) {
	start := 0
	for start < len(text) && start < valueWithin-shortestValue && classes[text[start]]&around != 0 {
		start++
	}
	end := valueEnd(text, start, shortestValue)
	for start > 0 && text[start-1] == '=' { // which a value can begin with
		start--
	}
	return end-start >= shortestValue, end
}

// valueEnd is where a value from start on ends, n bytes further at most.
func valueEnd(text []byte, start, n int) int {
	end := start
	for end < len(text) && end-start < n && classes[text[end]]&ofValue != 0 {
		end++
	}
	return end
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// follows reports whether a text begins with n bytes out of a set.
func follows(text []byte, n int, of string) bool {
	return len(text) >= n && len(bytes.TrimLeft(text[:n], of)) == 0
}

// window is the surroundings of one hit, from white space to white space.
func (s *Scanner) window(h hit, after int, next *spaces) span {
	w := span{start: max(h.start-windowBefore, 0), end: min(h.end+after, len(s.buf))}
	if i := bytes.LastIndexAny(s.buf[max(w.start-windowBefore, 0):w.start], white); i >= 0 {
		w.start = max(w.start-windowBefore, 0) + i + 1
	}
	w.end = min(next.after(s.buf, w.end)+1, w.end+maxWindow, len(s.buf))
	return w
}

const white = " \t\r\n"

// spaces finds white space at places that only go forward, and looks at no byte twice.
type spaces struct{ next int } // the place behind the last one found

// after is where the first white space at or behind i stands, or the text's end.
func (n *spaces) after(text []byte, i int) int {
	if n.next <= i {
		n.next = len(text) + 1
		if k := bytes.IndexAny(text[i:], white); k >= 0 {
			n.next = i + k + 1
		}
	}
	return n.next - 1
}
