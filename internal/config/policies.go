package config

import (
	"errors"
	"fmt"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/bundle"
)

// policies parses the sources of rules: directories of this repository, and pinned
// bundles.
func (r *reader) policies(at string, written []string) (dirs []string, bundles []bundle.Ref) {
	for i, name := range written {
		at := fmt.Sprintf("%s/%d", at, i)
		ref, isBundle, err := bundle.Parse(name)
		var bad *bundle.RefError
		switch {
		case errors.As(err, &bad):
			r.hinted(at, bad.Hint(), "%v", err)
		case !isBundle:
			dirs = append(dirs, r.directory(at, name))
		case ref.Kind == bundle.File:
			if _, err := artifact.ParsePath(ref.Path); err != nil {
				r.fail(at, "%v", err)
			}
			fallthrough
		default:
			bundles = append(bundles, ref)
		}
	}
	return dirs, bundles
}

// HoldsBundle reports whether a path is a bundle that the configuration names.
func (c *Config) HoldsBundle(name string) bool {
	for _, b := range c.Bundles {
		if b.Kind == bundle.File && b.Path == name {
			return true
		}
	}
	return false
}
