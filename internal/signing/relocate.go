package signing

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/shellquote"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A Relocator finds what the arguments of mv and rm stand for.
type Relocator struct {
	selector *Selector
	ledger   *ledger.Ledger
	listed   map[artifact.Path]bool // the artifacts of the ledger
}

// NewRelocator reads the ledger of the work tree.
func NewRelocator(s *Selector) (*Relocator, error) {
	l, err := attest.ReadLedger(s.repository.Root())
	if err != nil {
		return nil, err
	}
	r := &Relocator{selector: s, ledger: l, listed: map[artifact.Path]bool{}}
	for _, e := range l.Artifacts {
		r.listed[artifact.Path(e.Path)] = true
	}
	return r, nil
}

// below are the artifacts of the ledger in a folder.
func (r *Relocator) below(folder artifact.Path) []artifact.Path {
	var paths []artifact.Path
	for p := range r.listed {
		if strings.HasPrefix(p.String(), folder.String()+"/") {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	return paths
}

// argument is a path of the command line, which is not the repository itself.
func (r *Relocator) argument(written string) (artifact.Path, error) {
	p, err := gate.InRepository(r.selector.repository.Root(), r.selector.dir, written)
	if err == nil && p == "." {
		err = exit.Usagef("%q is the repository itself, want an artifact or a folder in it", written)
	}
	return p, err
}

// Move is what moving from to to stands for: an artifact, or a folder with all its files.
// Where to is a folder, from goes into it.
func (r *Relocator) Move(ctx context.Context, from, to string) (attest.Relocation, error) {
	var plan attest.Relocation
	old, err := r.argument(from)
	if err != nil {
		return plan, err
	}
	dest, err := gate.InRepository(r.selector.repository.Root(), r.selector.dir, to)
	if err != nil {
		return plan, err
	}
	folder, below, err := r.isFolder(ctx, old)
	if err != nil {
		return plan, err
	}
	if dest, err = r.destination(ctx, old, dest, strings.HasSuffix(to, "/"), below); err != nil {
		return plan, err
	}
	switch {
	case dest == old:
		return plan, exit.Usagef("%s is the same path as %s", to, from)
	case !folder:
		r.ownTest(&plan, attest.Rename{From: old, To: dest})
		return plan, r.companionOf(old)
	case strings.HasPrefix(dest.String(), old.String()+"/"):
		return plan, exit.Usagef("%s is inside %s, which cannot move into itself", to, from)
	case len(below) == 0:
		return plan, &attest.RefusedError{Path: old.String(), Reason: fmt.Sprintf("is a folder with no artifact of %s in it", ledger.Path), Next: "move it with Git: git mv"}
	}
	if err := r.halfAttested(ctx, old); err != nil {
		return plan, err
	}
	moved := func(p artifact.Path) artifact.Path {
		return dest + artifact.Path(strings.TrimPrefix(p.String(), old.String()))
	}
	for _, p := range below {
		plan.Renames = append(plan.Renames, attest.Rename{From: p, To: moved(p)})
	}
	plan.Folders = []string{old.String()}
	plan.Others, err = r.others(ctx, old, moved)
	return plan, err
}

// isFolder reports whether a path is a folder, or was one whose artifacts moved already, and
// which artifacts of the ledger it has.
func (r *Relocator) isFolder(ctx context.Context, p artifact.Path) (is bool, below []artifact.Path, err error) {
	below = r.below(p)
	entry, there, err := r.selector.work.Lookup(ctx, p)
	if err != nil {
		return false, nil, err
	}
	return there && entry.Kind == trees.Directory || !there && !r.listed[p] && len(below) > 0, below, nil
}

// destination is where a path goes: into a folder that exists, unless that folder is the
// one that Git renamed it to.
func (r *Relocator) destination(ctx context.Context, old, dest artifact.Path, slash bool, below []artifact.Path) (artifact.Path, error) {
	into := artifact.Path(path.Join(dest.String(), old.Base()))
	if dest == "." {
		return into, nil
	}
	entry, there, err := r.selector.work.Lookup(ctx, dest)
	if err != nil {
		return "", err
	}
	if !there && slash || there && entry.Kind == trees.Directory {
		_, standing, err := r.selector.work.Lookup(ctx, old)
		if err != nil || standing || len(below) == 0 {
			return into, err
		}
		first := strings.TrimPrefix(below[0].String(), old.String()+"/")
		if _, renamed, err := r.selector.work.Lookup(ctx, dest+"/"+artifact.Path(first)); err != nil || !renamed {
			return into, err
		}
	}
	return dest, nil
}

// companionOf refuses a companion of an artifact, which goes with it.
func (r *Relocator) companionOf(p artifact.Path) error {
	if r.listed[p] {
		return nil
	}
	for _, owner := range p.Owners() {
		if r.listed[owner] {
			return &attest.RefusedError{Path: p.String(), Reason: fmt.Sprintf("is a companion of %s, and goes with it", owner), Next: "name the artifact"}
		}
	}
	return nil
}

// ownTest adds an artifact, and its test where that is an artifact itself.
func (r *Relocator) ownTest(plan *attest.Relocation, n attest.Rename) {
	plan.Renames = append(plan.Renames, n)
	if test := n.From.Companion(artifact.Test); r.listed[test] {
		plan.Renames = append(plan.Renames, attest.Rename{From: test, To: n.To.Companion(artifact.Test)})
	}
}

// halfAttested refuses a folder in which files would be artifacts and are not attested.
func (r *Relocator) halfAttested(ctx context.Context, folder artifact.Path) error {
	candidates, err := r.selector.Candidates(ctx)
	if err != nil {
		return err
	}
	var all attest.Refusals
	for _, p := range candidates {
		if strings.HasPrefix(p.String(), folder.String()+"/") && !r.listed[p] {
			all.Errs = append(all.Errs, &attest.RefusedError{
				Path: p.String(), Reason: "is not attested, and the folder has artifacts that are",
				Next:  "attest it first: codexlock attest " + shellquote.Word(p.String()) + "; or name the artifacts one by one",
				Cause: attest.Cause{Reason: "are not attested, and the folder has artifacts that are", Next: "attest them first: codexlock attest " + shellquote.Word(folder.String()) + "; or name the artifacts one by one"},
			})
		}
	}
	switch len(all.Errs) {
	case 0:
		return nil
	case 1:
		return all.Errs[0]
	}
	return &all
}

// others are the files of a folder that are neither artifacts nor companions of its
// artifacts. Anything but a regular file, and a companion of an artifact elsewhere, is
// refused.
func (r *Relocator) others(ctx context.Context, folder artifact.Path, moved func(artifact.Path) artifact.Path) ([]attest.Rename, error) {
	var others []attest.Rename
	for entry, err := range r.selector.work.Entries(ctx) {
		if err != nil {
			return nil, err
		}
		p := artifact.Path(entry.Path)
		if !strings.HasPrefix(entry.Path, folder.String()+"/") || r.listed[p] {
			continue
		}
		if entry.Kind != trees.File {
			return nil, &attest.RefusedError{Path: entry.Path, Reason: fmt.Sprintf("is a %s, want a regular file", entry.Kind)}
		}
		inside := false
		for _, owner := range p.Owners() {
			if !r.listed[owner] {
				continue
			}
			if inside = strings.HasPrefix(owner.String(), folder.String()+"/"); !inside {
				return nil, r.companionOf(p)
			}
		}
		if !inside {
			others = append(others, attest.Rename{From: p, To: moved(p)})
		}
	}
	return others, nil
}

// Remove is what removing paths stands for: artifacts, or all artifacts in a folder.
func (r *Relocator) Remove(ctx context.Context, args []string, keep bool) (attest.Relocation, error) {
	plan := attest.Relocation{KeepFiles: keep}
	paths := map[artifact.Path]bool{}
	for _, written := range args {
		p, err := r.argument(written)
		if err != nil {
			return plan, err
		}
		folder, below, err := r.isFolder(ctx, p)
		switch {
		case err != nil:
			return plan, err
		case folder && len(below) == 0:
			return plan, &attest.RefusedError{Path: p.String(), Reason: fmt.Sprintf("is a folder with no artifact of %s in it", ledger.Path), Next: "remove it with Git: git rm -r"}
		case folder && !keep:
			if err := r.halfAttested(ctx, p); err != nil {
				return plan, err
			}
		}
		if folder {
			plan.Folders = append(plan.Folders, p.String())
		} else {
			below = []artifact.Path{p}
			if err := r.companionOf(p); err != nil {
				return plan, err
			}
		}
		for _, p := range below {
			paths[p] = true
			if test := p.Companion(artifact.Test); r.listed[test] && !keep {
				paths[test] = true
			}
		}
	}
	plan.Removes = slices.Sorted(maps.Keys(paths))
	return plan, nil
}

// RefuseDestinations refuses new paths that a commit would not hold as they are.
func RefuseDestinations(ctx context.Context, work trees.Tree, view *repo.View, plan attest.Relocation) error {
	if len(plan.Renames) == 0 {
		return nil
	}
	from, refused := map[artifact.Path]string{}, map[artifact.Path]error{}
	var paths []artifact.Path
	for _, n := range plan.Renames {
		_, there, err := work.Lookup(ctx, n.From)
		if err != nil {
			return err
		}
		if there {
			from[n.To] = n.From.String()
		}
		paths = append(paths, n.To)
	}
	if err := RefuseObstacles(ctx, view.Arriving(from), paths, refused); err != nil {
		return err
	}
	var all attest.Refusals
	for _, p := range paths {
		if err := refused[p]; err != nil {
			all.Errs = append(all.Errs, err)
		}
	}
	switch len(all.Errs) {
	case 0:
		return nil
	case 1:
		return all.Errs[0]
	}
	return &all
}

// Relocate does what was planned. A record keeps its time to live, and its trust domain
// unless the new path is another domain's: then the former domain's key signs a link of the
// chain.
func Relocate(ctx context.Context, r *repo.Repository, s Signer, plan attest.Relocation) (attest.Relocated, error) {
	from := map[artifact.Path]artifact.Path{}
	for _, n := range plan.Renames {
		from[n.To] = n.From
	}
	plan.Resolve = func(p artifact.Path, record vaulttime.Record) (attest.Options, error) {
		domain := record.TrustDomain
		if was, renamed := from[p]; renamed && s.Config.DomainFor(p) != s.Config.DomainFor(was) {
			domain = cmp.Or(s.Config.DomainFor(p), domain)
		}
		o, err := s.within(domain, record)
		if err != nil || domain == record.TrustDomain {
			return o, err
		}
		if former, err := s.within(record.TrustDomain, record); err == nil {
			o.Former = &former
		} else {
			o.NoFormer = err
		}
		return o, nil
	}
	return attest.Relocate(ctx, r.Root(), r.GitDir(), plan)
}

// within are the options of a domain for a record, whose time to live they keep where the
// domain allows it.
func (s Signer) within(domain string, record vaulttime.Record) (attest.Options, error) {
	hours := record.TTLHours
	if d, known := s.Config.Domain(domain); known {
		hours = min(hours, d.MaxTTLHours)
	}
	return s.Options(domain, hours)
}

// LeftInRef is how many of the old paths of a relocation have a record in the ref of renewed
// records. They stay there: until the change is merged, the default branch needs them.
func LeftInRef(ctx context.Context, r *repo.Repository, s Signer, plan attest.Relocation) (n int, err error) {
	if !s.Config.RenewsInRef() {
		return 0, nil
	}
	store, err := renewals.Open(ctx, r, false)
	if err != nil {
		return 0, err
	}
	paths := slices.Clone(plan.Removes)
	for _, rename := range plan.Renames {
		paths = append(paths, rename.From)
	}
	for _, p := range paths {
		found, err := store.Record(ctx, p)
		if err != nil {
			return 0, err
		}
		if found.State == renewals.Readable {
			n++
		}
	}
	return n, nil
}
