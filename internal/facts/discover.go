package facts

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"sort"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/repo"
)

// discover finds the artifacts under judgement and what differs around them.
func (c *Collector) discover(ctx context.Context) error {
	set := map[string]bool{}
	var err error
	switch c.o.Scope {
	case Changed:
		if err = c.compare(ctx, c.concerns); err == nil {
			err = c.discoverChanged(ctx, set)
		}
	case All, Paths:
		if err = c.discoverAll(ctx, set); err == nil {
			err = c.compare(ctx, c.concernsGate)
		}
	default:
		err = fmt.Errorf("scope is %q, want changed, all or paths", c.o.Scope)
	}
	if err != nil {
		return err
	}
	c.artifacts = make([]string, 0, len(set))
	for p := range set {
		c.artifacts = append(c.artifacts, p)
	}
	sort.Strings(c.artifacts)
	_, c.mirrored, err = c.o.Head.Lookup(ctx, artifact.Path(strings.TrimSuffix(artifact.ManifestDir, "/")))
	if err == nil && !c.mirrored {
		c.mirrored = c.o.HeadCommit != "" // a commit's tree lists files only, and looking there costs nothing
	}
	return err
}

// compare finds the differences between base and head among the files that
// the filter lets through.
func (c *Collector) compare(ctx context.Context, only func(string) bool) error {
	c.deltas = map[string]repo.Delta{}
	if c.o.SameCommit {
		return nil
	}
	deltas, err := c.o.Repository.Changes(ctx, c.o.Base, c.o.Head, only)
	if err != nil {
		return fmt.Errorf("compare base and head: %w", err)
	}
	for _, d := range deltas {
		c.deltas[d.Path] = d
	}
	return nil
}

// concerns is every file that may be an artifact, a companion, or part of the
// gate. In a work tree nothing else is read.
func (c *Collector) concerns(name string) bool {
	if c.concernsGate(name) || c.o.Config.Matches(name) || c.listed(artifact.Path(name)) {
		return true
	}
	for _, owner := range artifact.Path(name).Owners() {
		if c.o.Config.Matches(owner.String()) || c.listed(owner) {
			return true
		}
	}
	return false
}

// concernsGate is the gate's own files. Where every artifact is judged, its
// companions are read anyway, and are compared then.
func (c *Collector) concernsGate(name string) bool { return gateKind(&c.o.Config, name) != "" }

// listed reports whether a ledger, the head's or the base's, names the path.
func (c *Collector) listed(p artifact.Path) bool {
	return len(c.ledger.byPath[p]) > 0 || len(c.base.byPath[p]) > 0
}

// isArtifact decides by name: what the configuration includes or a ledger
// lists, unless it is a companion of another artifact that exists. So a file
// does not stop being an artifact by being called X.test.
func (c *Collector) isArtifact(ctx context.Context, name string) (bool, error) {
	p := artifact.Path(name)
	if p == ledger.Path || !c.listed(p) && !c.o.Config.Matches(name) {
		return false, nil
	}
	for _, owner := range p.Owners() {
		companion, err := c.isArtifact(ctx, owner.String())
		if err != nil {
			return false, err
		}
		if !companion {
			continue
		}
		if exists, err := c.exists(ctx, owner); exists || err != nil {
			return false, err
		}
	}
	return true, nil
}

// exists reports whether an artifact stands in the head's tree or ledger.
func (c *Collector) exists(ctx context.Context, p artifact.Path) (bool, error) {
	if len(c.ledger.byPath[p]) > 0 {
		return true, nil
	}
	_, ok, err := c.o.Head.Lookup(ctx, p)
	return ok, err
}

// add puts a path into the set where it is an artifact.
func (c *Collector) add(ctx context.Context, set map[string]bool, name string) error {
	is, err := c.isArtifact(ctx, name)
	if is {
		set[name] = true
	}
	return err
}

// discoverChanged finds the artifacts whose bytes, mode, companions or ledger
// entry differ between base and head, or that stand in only one of them.
func (c *Collector) discoverChanged(ctx context.Context, set map[string]bool) error {
	for name := range c.deltas {
		if err := c.add(ctx, set, name); err != nil {
			return err
		}
		for _, owner := range artifact.Path(name).Owners() {
			if err := c.add(ctx, set, owner.String()); err != nil {
				return err
			}
		}
	}
	for p := range c.ledger.byPath {
		if c.entryText(&c.ledger, p) != c.entryText(&c.base, p) {
			set[p.String()] = true
		}
	}
	for p := range c.base.byPath {
		if len(c.ledger.byPath[p]) == 0 {
			set[p.String()] = true
		}
	}
	return c.dropGone(ctx, set)
}

// dropGone takes out what is in neither tree nor ledger of the head nor ever
// was an artifact of the base: an owner that a companion's name merely suggests.
func (c *Collector) dropGone(ctx context.Context, set map[string]bool) error {
	for name := range set {
		p := artifact.Path(name)
		if c.listed(p) {
			continue
		}
		if _, differs := c.deltas[name]; differs {
			continue
		}
		if _, ok, err := c.o.Head.Lookup(ctx, p); err != nil {
			return err
		} else if !ok {
			delete(set, name)
		}
	}
	return nil
}

// entryText is all that a ledger says of an artifact, for comparison.
func (c *Collector) entryText(b *book, p artifact.Path) string {
	var text strings.Builder
	for _, i := range b.byPath[p] {
		fmt.Fprintf(&text, "%+v\n", b.entries.Artifacts[i])
	}
	return text.String()
}

// discoverAll finds every artifact of the head, or those of the named paths.
func (c *Collector) discoverAll(ctx context.Context, set map[string]bool) error {
	for entry, err := range c.o.Head.Entries(ctx) {
		if err != nil {
			return fmt.Errorf("list the head's files: %w", err)
		}
		if err := c.add(ctx, set, entry.Path); err != nil {
			return err
		}
	}
	for p := range c.ledger.byPath {
		set[p.String()] = true
	}
	if c.o.Scope == All {
		return nil
	}
	return c.keepNamed(ctx, set)
}

// keepNamed narrows the set to what was named. A file that was named is under
// judgement whether or not anything else calls it an artifact: a question
// about it deserves an answer.
func (c *Collector) keepNamed(ctx context.Context, set map[string]bool) error {
	keep := map[string]bool{}
	for _, p := range c.o.Paths {
		hit := false
		for name := range set {
			if name == p.String() || strings.HasPrefix(name, p.String()+"/") || p == "." {
				keep[name], hit = true, true
			}
		}
		for _, owner := range p.Owners() {
			if !hit && set[owner.String()] {
				keep[owner.String()], hit = true, true
			}
		}
		if hit {
			continue
		}
		entry, ok, err := c.o.Head.Lookup(ctx, p)
		if err != nil {
			return err
		}
		if !ok || entry.Kind == repo.Directory {
			return &NoArtifactError{Path: p.String(), Folder: ok}
		}
		keep[p.String()] = true
	}
	clear(set)
	for name := range keep {
		set[name] = true
	}
	return nil
}

// A NoArtifactError is a path that was named and has nothing to verify.
type NoArtifactError struct {
	Path   string
	Folder bool // it is a folder with no artifact in it
}

func (e *NoArtifactError) Error() string {
	if e.Folder {
		return fmt.Sprintf("%q is a folder with no artifact in it", e.Path)
	}
	return fmt.Sprintf("%q is neither a file here nor an entry of %s", e.Path, ledger.Path)
}

// gateKind names the part of the gate that a file is: config, policy, schema,
// workflow, or "" for none.
func gateKind(c *config.Config, name string) string {
	for _, p := range config.Paths {
		if name == p.String() {
			return "config"
		}
	}
	if name == c.File.String() && name != "" {
		return "config"
	}
	for _, dir := range append([]string{config.DefaultDirectory}, c.Policies...) {
		if strings.HasPrefix(name, dir) {
			return "policy"
		}
	}
	for _, dir := range append([]string{"schemas/"}, c.Schemas...) {
		if strings.HasPrefix(name, dir) && strings.HasSuffix(name, ".json") {
			return "schema"
		}
	}
	if dir, _ := path.Split(name); dir == ".github/workflows/" {
		return "workflow"
	}
	return ""
}

// gateChanges lists what the change does to the gate itself. Of workflows only
// those that speak of Codexlock, before or after, are part of it.
func (c *Collector) gateChanges(ctx context.Context) ([]GateChange, error) {
	changes := []GateChange{}
	for name, d := range c.deltas {
		kind := gateKind(&c.o.Config, name)
		if kind == "" {
			continue
		}
		if kind == "workflow" {
			runs, err := c.mentionsUs(ctx, d)
			if err != nil {
				return nil, err
			}
			if !runs {
				continue
			}
		}
		changes = append(changes, GateChange{Path: printable(name), Kind: kind, Change: d.Status.String()})
	}
	sort.Slice(changes, func(i, j int) bool { return changes[i].Path < changes[j].Path })
	return changes, nil
}

func (c *Collector) mentionsUs(ctx context.Context, d repo.Delta) (bool, error) {
	for _, side := range []struct {
		tree  repo.Tree
		entry repo.Entry
		there bool
	}{{c.o.Base, d.Base, d.Status != repo.Added}, {c.o.Head, d.Head, d.Status != repo.Removed}} {
		if !side.there || side.entry.Kind != repo.File {
			continue
		}
		text, err := side.tree.Read(ctx, side.entry, MaxCompanionBytes)
		if err != nil {
			return false, fmt.Errorf("read %s: %w", d.Path, err)
		}
		if bytes.Contains(bytes.ToLower(text), []byte("codexlock")) {
			return true, nil
		}
	}
	return false, nil
}

// printable is a name as it can stand in a document: a name that is not UTF-8
// keeps a mark where its bytes were.
func printable(name string) string { return strings.ToValidUTF8(name, "\uFFFD") }
