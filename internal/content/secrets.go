package content

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
	"github.com/zricethezav/gitleaks/v8/logging"
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
	// maxSuspect is how many bytes of one text the engine is asked about: some
	// seconds of one core.
	maxSuspect = 4 << 20
)

// keywords are those of gitleaks' rules, read from the text of its configuration:
// compiling it takes 40 ms, which a text with none of them need not wait for.
func keywords() []string {
	var all []string
	inside := false
	for line := range strings.Lines(config.DefaultConfig) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "keywords = [") {
			inside, line = true, strings.TrimPrefix(line, "keywords = [")
		}
		if !inside {
			continue
		}
		for i, quoted := range strings.Split(line, `"`) {
			if i%2 == 1 {
				all = append(all, strings.ToLower(quoted))
			}
		}
		inside = !strings.HasSuffix(line, "]")
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// engine is gitleaks with its own rules. It says nothing: its messages quote what
// it finds. A remark in the text does not switch it off, for that would be the
// change excepting itself; nor does a file's name, which it is never told.
var engine = sync.OnceValues(func() (*detect.Detector, error) {
	logging.Logger = logging.Logger.Output(io.Discard)
	d, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		return nil, fmt.Errorf("read the rules of gitleaks: %w", err)
	}
	d.IgnoreGitleaksAllow = true
	return d, nil
})

// secrets asks gitleaks about the windows around keywords.
func (s *Scanner) secrets(all []hit, until int) {
	windows := s.windows(all, until)
	if len(windows) == 0 {
		return
	}
	d, err := engine()
	if err != nil {
		s.err = err
		return
	}
	for _, w := range windows {
		if s.suspect += w.end - w.start; s.suspect > maxSuspect {
			s.unread(fmt.Sprintf("has over %d bytes around words such as key and token, the most that is looked through for secrets", maxSuspect))
			return
		}
		if len(s.facts.Secrets) < maxPlaces {
			s.ask(d, w)
		}
	}
}

// ask notes what the engine finds in a window.
func (s *Scanner) ask(d *detect.Detector, w span) {
	text := string(s.buf[w.start:w.end])
	var found []Secret
	for _, f := range d.DetectString(text) {
		at := max(strings.Index(text, f.Match), 0)
		at += max(strings.Index(f.Match, f.Secret), 0)
		p := s.placeOf(w.start + at)
		found = append(found, Secret{f.RuleID, p.line, p.column})
	}
	slices.SortFunc(found, func(a, b Secret) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Kind, b.Kind))
	})
	for _, one := range slices.Compact(found) {
		// A piece is looked at with the end of the one before it.
		if len(s.facts.Secrets) < maxPlaces && !slices.Contains(s.facts.Secrets, one) {
			s.facts.Secrets = append(s.facts.Secrets, one)
		}
	}
}

// windows are what the engine is asked about: stretches of text, none twice.
func (s *Scanner) windows(all []hit, until int) []span {
	slices.SortFunc(all, func(a, b hit) int { return cmp.Compare(a.start, b.start) })
	var windows []span
	for _, h := range all {
		if h.word != "" || h.start < s.from || h.start >= until {
			continue
		}
		w := s.window(h)
		if n := len(windows); n > 0 && w.start <= windows[n-1].end {
			windows[n-1].end = max(windows[n-1].end, w.end)
			continue
		}
		windows = append(windows, w)
	}
	return windows
}

// window is the surroundings of one hit, from white space to white space.
func (s *Scanner) window(h hit) span {
	w := span{start: max(h.start-windowBefore, 0), end: min(h.end+windowAfter, len(s.buf))}
	if bytes.EqualFold(s.buf[h.start:h.end], []byte(pemBegin)) {
		w.end = min(h.end+keyBlock, len(s.buf))
	}
	if i := bytes.LastIndexAny(s.buf[max(w.start-windowBefore, 0):w.start], " \t\r\n"); i >= 0 {
		w.start = max(w.start-windowBefore, 0) + i + 1
	}
	rest := s.buf[w.end:min(w.end+maxWindow, len(s.buf))]
	if i := bytes.IndexAny(rest, " \t\r\n"); i >= 0 {
		rest = rest[:i+1]
	}
	w.end += len(rest)
	return w
}
