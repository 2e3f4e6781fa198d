package ruleset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Texts returns a digest of the text of each rule, by code: of its module and, for an owner's
// rule, of the owner's helpers.
func Texts(sources []Source, rules []*Rule) map[string]string {
	files := map[string]bool{} // of the owner's rules; what is none of them is a helper
	for _, r := range rules {
		files[r.File] = !r.Standard
	}
	helpers, texts := sha256.New(), map[[2]string][]byte{}
	for _, s := range sources {
		for _, m := range s.Modules {
			texts[[2]string{fmt.Sprint(s.Standard), m.Name}] = m.Text
			if !s.Standard && isRule(m.Name) && !files[m.Name] {
				sized(helpers, m.Name)
				sized(helpers, string(m.Text))
			}
		}
	}
	shared := helpers.Sum(nil)
	digests := make(map[string]string, len(rules))
	for _, r := range rules {
		h := sha256.New()
		sized(h, string(texts[[2]string{fmt.Sprint(r.Standard), r.File}]))
		if !r.Standard {
			h.Write(shared)
		}
		digests[r.Code] = hex.EncodeToString(h.Sum(nil))
	}
	return digests
}
