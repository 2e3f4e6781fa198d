package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// An Exception is a denial that an owner bears until a day. It is data, read by
// the engine: no rule can make one.
type Exception struct {
	Rule    string   // area, or area.rule
	Paths   []string // globs; ** stands for any number of directories
	Reason  string
	Owner   string
	Expires time.Time // the last moment at which it holds
}

// checkExceptions refuses an exception that can never be understood.
func checkExceptions(all []Exception, now time.Time) error {
	if len(all) > 0 && now.IsZero() {
		return fmt.Errorf("exceptions: no effective time to compare their expiry with")
	}
	for _, x := range all {
		for _, glob := range x.Paths {
			if !doublestar.ValidatePattern(glob) {
				return fmt.Errorf("exception from rule %q: path %q is no glob", x.Rule, glob)
			}
		}
	}
	return nil
}

// excepted reports whether one of the exceptions covers a finding.
func excepted(all []Exception, now time.Time, code, path string) bool {
	for _, x := range all {
		if now.After(x.Expires) || x.Rule != code && (x.Rule == "" || !strings.HasPrefix(code, x.Rule+".")) {
			continue
		}
		for _, glob := range x.Paths {
			if ok, err := doublestar.Match(glob, path); err == nil && ok {
				return true
			}
		}
	}
	return false
}
