package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// RuleTexts are the rules by code, each with a digest of what it says: its module,
// and for an owner's rule the helpers beside it.
func RuleTexts(sources []Source, e *Engine) map[string]string {
	files := map[string]bool{} // of the owner's rules; what is none of them is a helper
	for _, r := range e.rules {
		files[r.file] = !r.standard
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
	rules := make(map[string]string, len(e.rules))
	for _, r := range e.rules {
		h := sha256.New()
		sized(h, string(texts[[2]string{fmt.Sprint(r.standard), r.file}]))
		if !r.standard {
			h.Write(shared)
		}
		rules[r.Code] = hex.EncodeToString(h.Sum(nil))
	}
	return rules
}
