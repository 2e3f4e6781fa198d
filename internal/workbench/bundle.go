package workbench

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	opabundle "github.com/open-policy-agent/opa/v1/bundle"

	"github.com/codexlock/codexlock/internal/ruleset"
)

// WriteBundle writes rules as an OPA bundle, a tar.gz archive that the configuration's
// policies, opa and regal read. The same rules give the same bytes, so that the digest of
// the archive can be computed again by anybody. Modules keep their names; tests are left
// out. revision is the manifest's, and roots name the packages that the bundle may
// declare, as OPA writes them ("codexlock"); without roots it may declare all.
//
// See https://www.openpolicyagent.org/docs/management-bundles#bundle-file-format.
func WriteBundle(w io.Writer, sources []ruleset.Source, revision string, roots []string) error {
	b := opabundle.Bundle{Data: map[string]any{}}
	b.Manifest.Revision = revision
	if len(roots) > 0 {
		b.Manifest.Roots = &roots
	}
	b.Manifest.Init()
	b.SetRegoVersion(ast.RegoV1)
	for _, s := range sources {
		for _, m := range s.Modules {
			if strings.HasSuffix(m.Name, "_test.rego") {
				continue
			}
			b.Modules = append(b.Modules, opabundle.ModuleFile{URL: m.Name, Path: m.Name, Raw: m.Text})
		}
	}
	slices.SortFunc(b.Modules, func(a, b opabundle.ModuleFile) int { return strings.Compare(a.Path, b.Path) })
	if err := opabundle.NewWriter(w).DisableFormat(true).Write(b); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	return nil
}
