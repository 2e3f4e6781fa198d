package content

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"sync"
)

// Whatever a rule matches holds a run: bytes in a row of which none is white space, a
// quote, a parenthesis or another byte below runByte. Only what curl is given is shorter.
// TestEveryMatchIsSuspicious holds the rules to these figures.
const (
	runByte = '+'
	minRun  = 9
	// longRun is the run that the rules want which match without their keyword, and one
	// in which a keyword of a token is not looked for.
	longRun = 27
	// keywordWithin is how far before a run a keyword of it begins: genericRule allows
	// some thirty characters, which may be escaped.
	keywordWithin = 256
	// valueAround is how much may stand between an operator and its value: of
	// genericRule five bytes, and of other rules no more.
	valueAround = 5
	escapeLen   = len(`\u0000`)
)

// suspicious returns the stretches of a text outside of which no placeholder stands and
// no rule can match, in order and apart. It reads prose some ten times as fast as the
// search for keywords.
func suspicious(text []byte) []span {
	var stretches []span
	long := false
	for i := 0; i < len(text); {
		i = nextNoise(text, i)
		end := min(i+noiseBlock, len(text))
		for i > 0 && text[i-1] >= runByte {
			i--
		}
		for i < end {
			start := i
			for i < len(text) && text[i] >= runByte {
				i++
			}
			if isSuspicious(text, start, i) {
				s := span{start: max(start-keywordWithin, 0), end: min(i+operatorWithin, len(text))}
				if n := len(stretches); n > 0 && s.start <= stretches[n-1].end {
					stretches[n-1].end = s.end
				} else {
					stretches = append(stretches, s)
				}
			}
			long = long || i-start >= longRun
			i++ // the byte that ends the run
		}
	}
	if long && hasFarKeyword(text) {
		return []span{{start: 0, end: len(text)}}
	}
	return stretches
}

// noiseBlock is how many bytes nextNoise looks at together.
const noiseBlock = 32

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// nextNoise returns the first place at or behind i, which no run crosses, where a block
// may hold the end of a run of minRun bytes, three capitals in a row, or "curl". The
// last bytes of a text always may.
//
// Eight bytes are compared at once (SWAR): in each step the high bit of a byte says
// whether the byte is one of those looked for. A subtraction can borrow from the next
// byte and mark that as well, but only behind a byte that is marked rightly.
func nextNoise(text []byte, i int) int {
	run := 0 // of the bytes before, in bits
	for ; i+noiseBlock < len(text); i += noiseBlock {
		t := text[i : i+noiseBlock+1]
		a, b, c, d := load(t), load(t[8:]), load(t[16:]), load(t[24:])
		found := capitalPairs(a) | capitalPairs(b) | capitalPairs(c) | capitalPairs(d)
		found |= endsOfCurl(a, load(t[1:])) | endsOfCurl(b, load(t[9:])) | endsOfCurl(c, load(t[17:])) | endsOfCurl(d, load(t[25:]))
		a, b, c, d = breaks(a), breaks(b), breaks(c), breaks(d)
		longest := max(run+bits.TrailingZeros64(a), bits.LeadingZeros64(a)+bits.TrailingZeros64(b),
			bits.LeadingZeros64(b)+bits.TrailingZeros64(c), bits.LeadingZeros64(c)+bits.TrailingZeros64(d))
		run = bits.LeadingZeros64(d)
		if longest >= 8*minRun || found&highBits != 0 {
			return i
		}
	}
	return i
}

// load reads eight bytes, the first into the lowest bits.
func load(text []byte) uint64 { return binary.LittleEndian.Uint64(text) }

// breaks marks the bytes that end a run, but '*': it is marked only behind another.
func breaks(x uint64) uint64 { return (x - '*'*lowBits) &^ x & highBits }

// capitalPairs marks the second of two bytes in a row between 0x40 and 0x5f, where the
// capitals are, or between 0xc0 and 0xdf.
func capitalPairs(x uint64) uint64 {
	x = x << 1 &^ (x << 2) & highBits
	return x & (x << 8)
}

// endsOfCurl marks "rl", whose first byte is in x and whose second in next.
func endsOfCurl(x, next uint64) uint64 {
	x = (x ^ 'r'*lowBits) | (next ^ 'l'*lowBits)
	return (x - lowBits) &^ x
}

// isSuspicious reports whether the run of a text from start to end is a reason to search
// for keywords around it: a placeholder or curl stands in it, or a rule can match it.
func isSuspicious(text []byte, start, end int) bool {
	run := text[start:end]
	long := len(run) >= minRun
	if len(run) >= longRun || long && (isValue(text[:start]) || foldsTo(text[max(start-len("not "), 0):], notImplemented)) {
		return true
	}
	for i, c := range run {
		switch {
		case c == 'c' && bytes.HasPrefix(run[i:], []byte("curl")), 'F' <= c && c <= 'X' && isPlaceholder(run[i:]):
			return true
		case !long:
		case c == '\\', classes[c]&operator != 0 && len(bytes.TrimLeft(run[i:], operators)) > 0:
			return true
		case i+2 < len(run) && tokenFinder().begins[pack(c, run[i+1], run[i+2])]:
			return true
		}
	}
	return false
}

// isPlaceholder reports whether a text begins with one of the words that count in upper
// case.
func isPlaceholder(text []byte) bool {
	for _, w := range words[:len(words)-1] {
		if len(text) >= len(w) && string(text[:len(w)]) == strings.ToUpper(w) {
			return true
		}
	}
	return false
}

// isValue reports whether a value can follow this text: an operator ends it, but for
// white space and quotes, or what is escaped may be one.
func isValue(before []byte) bool {
	end := len(before)
	for end > 0 && len(before)-end < valueAround && classes[before[end-1]]&around != 0 {
		if classes[before[end-1]]&operator != 0 {
			return true
		}
		end--
	}
	near := before[max(end-escapeLen, 0):end]
	return bytes.IndexByte(near, '\\') >= 0 || end > 0 && classes[before[end-1]]&operator != 0
}

// tokenFinder finds the keywords of all rules but genericRule, which an operator need
// not follow.
var tokenFinder = sync.OnceValue(func() *finder {
	f := &finder{entries: [][]entry{nil}}
	for word, assigns := range keywords() {
		if !assigns && len(word) > 2 {
			f.add(entry{text: word})
		}
	}
	return f
})

// farFinder finds the keywords of the rules that match without one of them: it may
// stand anywhere in what the engine is asked about.
var farFinder = sync.OnceValue(func() *finder {
	f := &finder{entries: [][]entry{nil}}
	for i := range rules {
		if slices.Contains(farRules, rules[i].id) {
			for _, word := range rules[i].keywords {
				f.add(entry{text: word})
			}
		}
	}
	return f
})

// farRules are those rules. Each wants a run of longRun.
var farRules = []string{
	"airtable-personnal-access-token", "facebook-access-token", "sidekiq-sensitive-url", "slack-config-access-token",
	"slack-webhook-url", "sourcegraph-access-token",
}

// hasFarKeyword reports whether a text has a keyword of a rule that matches without it.
func hasFarKeyword(text []byte) bool {
	found := false
	farFinder().each(text, func(start int, of []entry) {
		for _, e := range of {
			found = found || start+len(e.text) <= len(text) && foldsTo(text[start:], e.text)
		}
	})
	return found
}
