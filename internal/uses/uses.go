// Package uses finds the places in a repository that execute, source, copy or load an artifact:
// in workflows, composite actions, Dockerfiles, Makefiles, compose files and pre-commit
// configurations. It says of each whether the artifact is verified at that moment, or earlier in
// the same job. It judges none of them, and executes nothing.
package uses

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/trees"
)

// Measure fills in the uses of a change. script is the repository's ingest_archive.test.sh.
//
// Of a change nothing is read that touches neither a file in which artifacts are used nor the
// list of artifacts; where paths are named, nothing either, for it is them that are verified.
func Measure(ctx context.Context, set *changeset.Set, script facts.GateScript, r *facts.Repository) error {
	r.UseChecks = &facts.UseChecks{Uses: facts.UsesStateAbsent, Weakened: facts.YesNoNo, Files: facts.UseFileStateParsed}
	if set.Scope == facts.Paths || set.Scope == facts.Changed && !touches(set) {
		return nil
	}
	trusted := script.Origin == facts.GateScriptOriginInit || script.Origin == facts.GateScriptOriginAttested
	head := newReader(newSide(ctx, set, set.Head, trusted))
	head.read()
	if head.side.err != nil {
		return head.side.err
	}
	if len(head.files) == 0 {
		return nil
	}
	// Which script the base has is not known, and it does not matter: one that was replaced is
	// weaker.
	base := newReader(newSide(ctx, set, set.Base, true))
	if set.SameCommit {
		base = head
	} else {
		base.read()
		if base.side.err != nil {
			return base.side.err
		}
	}
	r.Uses, r.UseFiles = compare(head, base)
	check(r)
	return nil
}

// touches reports whether a change can change what uses of artifacts there are, or how they
// are verified: it edits a file in which they are looked for, or adds or removes an artifact, or
// the script that verifies them.
func touches(set *changeset.Set) bool {
	if len(set.Relisted) > 0 {
		return true
	}
	for name, status := range set.Changes.All() {
		if changeset.UseSite(&set.Config, name) != "" || name == artifacttest.IngestPath.String() {
			return true
		}
		if status != trees.Modified && set.Config.Matches(name) {
			return true
		}
	}
	return false
}

// compare returns the uses of the head with what the base says of each, and the files.
func compare(head, base *reader) ([]facts.ArtifactUse, []facts.UseFile) {
	uses := slices.Clone(head.out.Uses)
	slices.SortStableFunc(uses, func(a, b facts.ArtifactUse) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Path, b.Path))
	})
	type key struct {
		file, job, path string
		kind            facts.UseKind
	}
	of := func(u facts.ArtifactUse) key { return key{u.File, u.Job, u.Path, u.Kind} }
	before := map[key]map[facts.Verification]int{}
	for _, u := range base.out.Uses {
		if before[of(u)] == nil {
			before[of(u)] = map[facts.Verification]int{}
		}
		before[of(u)][u.Verified]++
	}
	// A place is compared with one that is verified in the same way, while there is one; what is
	// left over, with the best that is left over.
	take := func(u facts.ArtifactUse, v facts.Verification) bool {
		n := before[of(u)]
		if n[v] == 0 {
			return false
		}
		n[v]--
		return true
	}
	for i, u := range uses {
		if take(u, u.Verified) {
			uses[i].Before = facts.UseBefore(u.Verified)
		}
	}
	for i, u := range uses {
		if u.Before != "" {
			continue
		}
		uses[i].Before = facts.UseBeforeAbsent
		for _, v := range []facts.Verification{facts.VerificationAtUse, facts.VerificationEarlier, facts.VerificationNone} {
			if take(u, v) {
				uses[i].Before = facts.UseBefore(v)
				break
			}
		}
	}
	jobs := map[[2]string]facts.FileChange{}
	for i, u := range uses {
		id := [2]string{u.File, u.Job}
		if _, known := jobs[id]; !known {
			jobs[id] = jobChange(head, base, u.File, u.Job)
		}
		uses[i].JobChange = jobs[id]
		uses[i].File, uses[i].Job, uses[i].Path, uses[i].By = document.Printable(u.File), document.Printable(u.Job), document.Printable(u.Path), document.Printable(u.By)
	}
	lost := map[string]bool{} // the files with verified uses of the base that the head does not have
	for k, n := range before {
		if n[facts.VerificationAtUse]+n[facts.VerificationEarlier] > 0 {
			lost[k.file] = true
		}
	}
	files := []facts.UseFile{}
	for _, name := range slices.Sorted(maps.Keys(head.files)) {
		f := *head.files[name]
		was, is := base.side.read(name), head.side.read(name)
		switch {
		case !was.there:
			f.Change = facts.FileChangeAdded
		case was.text == is.text && was.problem == is.problem:
			f.Change = facts.FileChangeUnchanged
		default:
			f.Change = facts.FileChangeModified
		}
		f.Hides = facts.YesNoNo
		old := base.files[name]
		parsed := old != nil && old.State == facts.UseFileStateParsed
		// Uses beyond the limit are those of this file and of every later one.
		if f.State == facts.UseFileStateUnread && (parsed && lost[name] || name == head.out.Dropped && len(lost) > 0) {
			f.Hides = facts.YesNoYes
		}
		files = append(files, f)
	}
	return uses, files
}

// check fills in what holds of all uses together.
func check(r *facts.Repository) {
	c := r.UseChecks
	c.Total = len(r.Uses)
	for _, u := range r.Uses {
		if u.Verified != facts.VerificationNone {
			c.Verified++
		} else if u.Before == facts.UseBeforeAtUse || u.Before == facts.UseBeforeEarlier {
			c.Weakened = facts.YesNoYes
		}
	}
	switch {
	case c.Verified < c.Total:
		c.Uses = facts.UsesStateUnverified
	case c.Total > 0:
		c.Uses = facts.UsesStateVerified
	}
	for _, f := range r.UseFiles {
		if f.State == facts.UseFileStateUnread {
			c.Files = facts.UseFileStateUnread
		}
		if f.Hides == facts.YesNoYes {
			c.Weakened = facts.YesNoYes
		}
	}
}
