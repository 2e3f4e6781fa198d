package changeset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/trees"
)

// list lists the head's names, as far as they are under judgement. Of a change of objects it
// lists none, because the comparison finds what differs.
func (s *Set) list(ctx context.Context) error {
	s.EveryName = sync.OnceValues(func() ([]string, error) {
		all := trees.Including(s.Head, s.Config.IncludeFolders(), s.Config.Matches, nil)
		if s.within == nil {
			all = s.Head // it may be listed already
		}
		names, err := all.Names(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the head's files: %w", err)
		}
		return names, nil
	})
	var err error
	switch {
	case s.Scope == facts.Changed && s.InObjects():
	case s.within != nil:
		for entry, failed := range trees.EntriesWithin(ctx, s.Head, s.within) {
			if failed != nil {
				return fmt.Errorf("list the head's files: %w", failed)
			}
			s.names = append(s.names, entry.Path)
		}
	default:
		if err := trees.CheckTree(ctx, s.Head); err != nil {
			return fmt.Errorf("list the head's files: %w", err)
		}
		s.names, err = s.EveryName()
	}
	return err
}

// concerned returns the paths that a verification of named paths concerns: these paths, the
// files that may belong to them, and the files of the gate; nil if it concerns everything.
func concerned(o *Options) trees.Within {
	if o.Scope != facts.Paths {
		return nil
	}
	within := trees.Within{ledger.Path.String(), audit.Path.String(), audit.CheckpointPath.String(), ".github"}
	for _, p := range o.Paths {
		if p == "." {
			return nil
		}
		within = append(within, p.String(), artifact.ManifestDir+p.String())
		for _, kind := range artifact.Companions {
			within = append(within, p.Companion(kind).String(), p.MirroredCompanion(kind).String())
		}
		for _, owner := range p.Owners() {
			within = append(within, owner.String())
		}
	}
	for _, p := range config.Paths {
		within = append(within, p.String())
	}
	within = append(within, o.Config.File.String(), o.Config.Baseline.String())
	// A file in the place of a folder of rules or schemas, or above it, counts too.
	folders := slices.Concat([]string{config.DefaultDirectory, "schemas/"}, o.Config.Policies, o.Config.Schemas)
	for _, b := range o.Config.Bundles {
		folders = append(folders, b.Path)
	}
	for _, folder := range folders {
		top, _, _ := strings.Cut(folder, "/")
		within = append(within, top)
	}
	within = slices.DeleteFunc(within, func(p string) bool { return p == "" })
	slices.Sort(within)
	return slices.Compact(within)
}

// CompanionOf returns the artifact whose companion a file is by its name, if neither that
// artifact nor a ledger entry for one of the two exists; "" otherwise.
func (s *Set) CompanionOf(ctx context.Context, p artifact.Path) (string, error) {
	owners := p.Owners()
	if len(owners) == 0 || s.listed(p) {
		return "", nil
	}
	for _, owner := range owners {
		if there, err := s.exists(ctx, owner); there || err != nil {
			return "", err
		}
	}
	return owners[len(owners)-1].String(), nil
}

// consumers reads the inputs of every artifact of the head. It returns the artifacts by input.
func (s *Set) consumers(ctx context.Context) (map[string][]string, error) {
	manifests, err := s.manifests(ctx)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var first error
	made := map[string][]string{}
	err = trees.ReadEach(ctx, s.Head, manifests, document.MaxCompanionBytes, func(i int, data []byte, err error) {
		inputs, err := inputsOf(data, err)
		if len(inputs) == 0 && err == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		first = cmp.Or(first, err)
		for _, owner := range artifact.Path(manifests[i].Path).Owners() {
			for _, input := range inputs {
				made[input] = append(made[input], owner.String())
			}
		}
	})
	return made, cmp.Or(err, first)
}

// manifests returns the manifests of the head that may have inputs: the files with the name of a
// manifest, without those of artifacts whose ledger entry records that there are no inputs. If
// the entry or the manifest differs from the base, a rule compares the two.
//
// If the head is a tree of objects and there is no baseline, artifacts that no ledger lists are
// left out, so that the tree need not be listed: nothing attested could be out of date, and
// every rule about the ledger denies them.
func (s *Set) manifests(ctx context.Context) ([]trees.Entry, error) {
	var names []string
	if s.InObjects() && s.Ledger.File != nil && s.Config.Baseline == "" {
		names = s.listedManifests()
	} else {
		every, err := s.EveryName()
		if err != nil {
			return nil, err
		}
		for _, name := range every {
			if strings.HasSuffix(name, artifact.Manifest.Suffix()) && !slices.ContainsFunc(artifact.Path(name).Owners(), s.Ledger.hasNoInputs) {
				names = append(names, name)
			}
		}
	}
	var files []trees.Entry
	for _, name := range names {
		entry, there, err := s.Head.Lookup(ctx, artifact.Path(name))
		if err != nil {
			return nil, err
		}
		if there && (entry.Kind == trees.File || entry.Kind == trees.Oversized) {
			files = append(files, entry)
		}
	}
	return files, nil
}

// listedManifests returns the possible paths of the manifests of the ledger's artifacts, without
// those that have no inputs.
func (s *Set) listedManifests() []string {
	var names []string
	last := ""
	for i := range s.Ledger.File.Len() {
		p := artifact.Path(s.Ledger.File.Path(i))
		if s.Ledger.File.HasNoInputs(i) || p.String() == last || s.Ledger.isUnsafe(p) {
			continue
		}
		last = p.String()
		names = append(names, p.Companion(artifact.Manifest).String(), p.MirroredCompanion(artifact.Manifest).String())
	}
	return names
}

// inputsOf returns the inputs that a manifest names; none if it is too large or does not decode,
// which is a finding about its own artifact.
func inputsOf(text []byte, err error) ([]string, error) {
	var large *git.TooLargeError
	switch {
	case errors.As(err, &large):
		return nil, nil
	case err != nil || !manifest.MayHaveInputs(text):
		return nil, err
	}
	m, _, err := manifest.Decode(text)
	if err != nil || m.Inputs == nil {
		return nil, nil
	}
	var inputs []string
	for _, ref := range *m.Inputs {
		inputs = append(inputs, ref.Path)
	}
	return inputs, nil
}
