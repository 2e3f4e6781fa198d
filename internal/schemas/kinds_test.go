package schemas

import (
	"slices"
	"strings"

	"github.com/codexlock/codexlock"
)

// allKinds are the kinds of all published schemas. Package kinds names them, but imports this
// one: here they are registered by their files.
var allKinds = func() []Kind {
	files, err := codexlock.Schemas.ReadDir("schemas")
	if err != nil {
		panic(err)
	}
	all := slices.Clone(AtUse)
	for _, f := range files {
		kind := Kind(strings.TrimSuffix(f.Name(), ".json"))
		if slices.Contains(AtUse, kind) {
			continue
		}
		Register(kind, codexlock.Schemas, MaxBytes)
		all = append(all, kind)
	}
	return all
}()
