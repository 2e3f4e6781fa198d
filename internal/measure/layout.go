package measure

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
	"github.com/codexlock/codexlock/internal/repo"
)

// list notes the head's names, as far as they are under judgement: of a change of objects
// none are, for the comparison finds what differs.
func (c *Collector) list(ctx context.Context) error {
	c.everyName = sync.OnceValues(func() ([]string, error) {
		all := repo.Including(c.o.Head, c.o.Config.IncludeFolders(), c.o.Config.Matches, nil)
		if c.within == nil {
			all = c.o.Head // its listing may be there already
		}
		names, err := all.Names(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the head's files: %w", err)
		}
		return names, nil
	})
	var err error
	switch {
	case c.o.Scope == facts.Changed && c.o.inObjects():
	case c.within != nil:
		for entry, failed := range repo.EntriesWithin(ctx, c.o.Head, c.within) {
			if failed != nil {
				return fmt.Errorf("list the head's files: %w", failed)
			}
			c.names = append(c.names, entry.Path)
		}
	default:
		if err := repo.CheckTree(ctx, c.o.Head); err != nil {
			return fmt.Errorf("list the head's files: %w", err)
		}
		c.names, err = c.everyName()
	}
	return err
}

// concerned are the paths that a verification of named paths concerns: those, what may
// belong to them, and the files of the gate; nil where everything is concerned.
func concerned(o *Options) repo.Within {
	if o.Scope != facts.Paths {
		return nil
	}
	within := repo.Within{ledger.Path.String(), audit.Path.String(), audit.CheckpointPath.String(), ".github"}
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
	// What stands in the place of a folder of rules or schemas, or above it, counts too.
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

// companionOf is the artifact whose companion a name says it is, where neither
// that artifact nor an entry for either is there; "" otherwise.
func (c *Collector) companionOf(ctx context.Context, p artifact.Path) (string, error) {
	owners := p.Owners()
	if len(owners) == 0 || c.listed(p) {
		return "", nil
	}
	for _, owner := range owners {
		if there, err := c.exists(ctx, owner); there || err != nil {
			return "", err
		}
	}
	return owners[len(owners)-1].String(), nil
}

// consumers reads what every artifact of the head says it was made from: the
// artifacts by each of their inputs.
func (c *Collector) consumers(ctx context.Context) (map[string][]string, error) {
	manifests, err := c.manifests(ctx)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var first error
	made := map[string][]string{}
	err = repo.ReadEach(ctx, c.o.Head, manifests, document.MaxCompanionBytes, func(i int, data []byte, err error) {
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

// manifests are the files of the head that may say what an artifact was made from: those
// named like manifests, but for the ones of artifacts whose ledger entries say that there
// are no inputs. A rule holds such an entry to its manifest wherever one of them differs
// from the base.
//
// Where the head is a tree of objects and there is no baseline, artifacts that no ledger
// lists are left out, so that the tree need not be listed: nothing was attested of them
// that could be out of date, and every rule about the ledger denies them.
func (c *Collector) manifests(ctx context.Context) ([]repo.Entry, error) {
	var names []string
	if c.o.inObjects() && c.ledger.file != nil && c.o.Config.Baseline == "" {
		names = c.listedManifests()
	} else {
		every, err := c.everyName()
		if err != nil {
			return nil, err
		}
		for _, name := range every {
			if strings.HasSuffix(name, artifact.Manifest.Suffix()) && !slices.ContainsFunc(artifact.Path(name).Owners(), c.ledger.hasNoInputs) {
				names = append(names, name)
			}
		}
	}
	var files []repo.Entry
	for _, name := range names {
		entry, there, err := c.o.Head.Lookup(ctx, artifact.Path(name))
		if err != nil {
			return nil, err
		}
		if there && (entry.Kind == repo.File || entry.Kind == repo.Oversized) {
			files = append(files, entry)
		}
	}
	return files, nil
}

// listedManifests are where the manifests of the ledger's artifacts may stand, but for
// those that have no inputs.
func (c *Collector) listedManifests() []string {
	var names []string
	last := ""
	for i := range c.ledger.file.Len() {
		p := artifact.Path(c.ledger.file.Path(i))
		if c.ledger.file.HasNoInputs(i) || p.String() == last || c.ledger.isUnsafe(p) {
			continue
		}
		last = p.String()
		names = append(names, p.Companion(artifact.Manifest).String(), p.MirroredCompanion(artifact.Manifest).String())
	}
	return names
}

// inputsOf are the inputs that a manifest's text names; none where it is too large or
// does not decode, which is found where its own artifact is judged.
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
