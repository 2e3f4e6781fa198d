package commands

import (
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// A claim is that the files at a path were verified.
type claim struct {
	path string // a file, a folder or a pattern; "" is everything
	by   string
}

// covers reports whether a claim is about a path too.
func (c claim) covers(p string) bool {
	return c.path == "" || c.path == p || strings.HasPrefix(p, c.path+"/") ||
		strings.ContainsAny(c.path, "*?[") && doublestar.ValidatePattern(c.path) && doublestar.MatchUnvalidated(c.path, p)
}

// A State is what is verified at a point of a job. Its slices are never changed in place.
type State struct {
	claims  []claim
	changed []string // what may have changed since
	wholly  int      // how often anything may have
	behind  []string // what may change at any time: in the background
	// spoiled is why nothing verifies any more in the job, and script in the script, "" where
	// something does: a changed PATH, a trap that hides a failure.
	spoiled, script string
	// soft says that a failure of the step is ignored.
	soft bool
}

// VerifiedBy returns what verified a path; ok is false where nothing did.
func (s State) VerifiedBy(p string) (by string, ok bool) {
	changes := func(c string) bool { return overlap(c, p) }
	if slices.ContainsFunc(s.changed, changes) || slices.ContainsFunc(s.behind, changes) {
		return "", false
	}
	for _, c := range s.claims {
		if c.covers(p) {
			return c.by, true
		}
	}
	return "", false
}

// overlap reports whether one path is the other one, or in it, or may be.
func overlap(a, b string) bool {
	if a == "" || b == "" || a == b || strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/") {
		return true
	}
	return strings.ContainsAny(b, "*?[") && matched(b, a) || strings.ContainsAny(a, "*?[") && matched(a, b)
}

func matched(pattern, name string) bool {
	return !doublestar.ValidatePattern(pattern) || doublestar.MatchUnvalidated(pattern, name)
}

// maxClaims bounds what is kept of one job.
const maxClaims = 200

// Verify adds what was verified.
func (s State) Verify(by string, paths ...string) State {
	if s.spoiled != "" || s.script != "" || s.soft {
		return s
	}
	for _, p := range paths {
		c := claim{p, by}
		if p == "" {
			s.claims, s.changed = []claim{c}, nil
			return s
		}
		// What an earlier claim says of the path is no longer needed; of what lies around
		// it, it still may not count.
		s.changed = slices.DeleteFunc(slices.Clone(s.changed), func(changed string) bool { return changed != "" && c.covers(changed) })
		if slices.ContainsFunc(s.changed, func(changed string) bool { return overlap(changed, p) }) {
			s.claims, s.changed = nil, nil // all earlier claims end: this one counts alone
		}
		s.claims = append(slices.Clone(s.claims), c)
		if len(s.claims) > maxClaims {
			s.claims = s.claims[1:]
		}
	}
	return s
}

// Change notes that files may differ from now on from what was verified.
func (s State) Change(p string) State {
	if p == "" || len(s.changed) > maxClaims {
		s.wholly++
		s.claims, s.changed = nil, nil
		return s
	}
	if !slices.Contains(s.changed, p) {
		s.changed = append(slices.Clone(s.changed), p)
	}
	return s
}

// Spoil notes that nothing verifies any more in the job.
func (s State) Spoil(why string) State {
	s.claims, s.changed = nil, nil
	if s.spoiled == "" {
		s.spoiled = why
	}
	return s
}

// SpoilScript notes that nothing verifies any more in the script.
func (s State) SpoilScript(why string) State {
	if s.script == "" {
		s.script = why
	}
	return s
}

// Forget returns the state without what was verified.
func (s State) Forget() State {
	s.claims, s.changed = nil, nil
	return s
}

// EndScript returns the state after the end of a script.
func (s State) EndScript() State {
	s.script, s.soft = "", false
	return s
}

// Soften returns the state in a step whose failure is ignored: nothing in it verifies.
func (s State) Soften() State {
	s.soft = true
	return s
}

// Spoiled reports whether nothing verifies any more in the job.
func (s State) Spoiled() bool { return s.spoiled != "" }

// Unspoiled returns the state after a step that alone was spoiled: what was verified in it does
// not count, and later steps verify again.
func (s State) Unspoiled(before State) State {
	s.spoiled = before.spoiled
	s.claims = Meet(s, before).claims
	return s
}

// Meet is what holds where two ways come together.
func Meet(a, b State) State {
	m := State{soft: a.soft || b.soft, wholly: max(a.wholly, b.wholly), spoiled: a.spoiled, script: a.script, changed: union(a.changed, b.changed), behind: union(a.behind, b.behind)}
	if m.spoiled == "" {
		m.spoiled = b.spoiled
	}
	if m.script == "" {
		m.script = b.script
	}
	both := func(a, b State) {
		for _, c := range a.claims {
			if slices.ContainsFunc(b.claims, func(other claim) bool { return other.covers(c.path) }) && !slices.Contains(m.claims, c) {
				m.claims = append(m.claims, c)
			}
		}
	}
	both(a, b)
	both(b, a)
	return m
}

// union are the texts of two lists.
func union(a, b []string) []string {
	if len(b) == 0 {
		return a
	}
	all := slices.Clone(a)
	for _, one := range b {
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}
