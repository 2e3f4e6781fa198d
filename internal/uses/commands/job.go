// Package commands says what the commands of one job do with artifacts: which they execute, source,
// copy or load, which they verify so that a failure stops the job, and which files they may change
// after that. It knows the programs; in which order commands are executed, package flow knows.
package commands

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/flow"
	"github.com/codexlock/codexlock/internal/script/words"
	"github.com/codexlock/codexlock/internal/yamltree"
)

// A Place is a byte of a file.
type Place struct {
	File   string
	Source *yamltree.Source
	At     func(offset int) int // of a text in the file; nil: as it is
}

// Position returns the line and the column of a byte of the text.
func (p Place) Position(offset int) (line, column int) {
	if p.At != nil {
		offset = p.At(offset)
	}
	return p.Source.Position(offset)
}

// By names a place that verifies.
func (p Place) By(offset int) string {
	line, _ := p.Position(offset)
	return fmt.Sprintf("%s:%d", p.File, line)
}

// A Job is what has one sequence of commands on one machine: a job of a workflow, a composite
// action, a stage of a Dockerfile, a target of a Makefile, a service, a hook.
type Job struct {
	Artifacts
	// VerifyingScript is whether ingest_archive.test.sh is one that gate.script accepts.
	VerifyingScript bool
	Site            facts.UseSite
	ID              string
	// roots are the folders of the workspace in which this repository is checked out, and
	// foreign those in which another one is.
	Roots, Foreign []string
	CheckedOut     bool
	Found          *Findings
}

// A Findings collects the uses of one side. A place that is met again, in a loop or as a
// composite action of several jobs, is verified where it is each time.
type Findings struct {
	Uses []facts.ArtifactUse
	// Dropped is the file of the first use beyond the limit, "" for none.
	Dropped string
	byPlace map[string]int
}

// Artifacts says which paths of a tree are those of artifacts.
type Artifacts interface {
	// Is reports whether a path is that of an artifact that is there.
	Is(path string) bool
	// Holds reports whether a folder has an artifact in it; "." is the top folder.
	Holds(folder string) bool
	// Matches reports whether a pattern matches an artifact.
	Matches(pattern string) bool
	// Exists reports whether there is anything at a path.
	Exists(path string) bool
	// IsFolder reports whether a path is that of a folder with artifacts.
	IsFolder(path string) bool
}

// Add adds a use.
func (f *Findings) Add(u facts.ArtifactUse) {
	key := fmt.Sprintf("%s\x00%d\x00%d\x00%s\x00%s\x00%s", u.File, u.Line, u.Column, u.Job, u.Kind, u.Path)
	if f.byPlace == nil {
		f.byPlace = map[string]int{}
	}
	i, known := f.byPlace[key]
	if !known {
		if len(f.Uses) < maxUses {
			f.byPlace[key] = len(f.Uses)
			f.Uses = append(f.Uses, u)
		} else if f.Dropped == "" {
			f.Dropped = u.File
		}
		return
	}
	if weaker(u.Verified, f.Uses[i].Verified) {
		f.Uses[i].Verified, f.Uses[i].By = u.Verified, u.By
	}
}

// maxUses bounds how many uses of one repository are facts; the largest one that was looked at
// has some 900.
const maxUses = 10_000

func weaker(a, b facts.Verification) bool {
	order := []facts.Verification{facts.VerificationNone, facts.VerificationEarlier, facts.VerificationAtUse}
	return slices.Index(order, a) < slices.Index(order, b)
}

// InRepository returns the path in the repository of a path in the workspace; ok is false for
// what is not this repository's.
func (j *Job) InRepository(p string) (rel string, ok bool) {
	for _, f := range j.Foreign {
		if p == f || strings.HasPrefix(p, f+"/") {
			return "", false
		}
	}
	best := ""
	found := false
	for _, root := range j.Roots {
		if (root == "" || p == root || strings.HasPrefix(p, root+"/")) && (!found || len(root) > len(best)) {
			best, found = root, true
		}
	}
	if !found {
		return "", false
	}
	return strings.TrimPrefix(strings.TrimPrefix(p, best), "/"), true
}

// A Target is what a word names of the repository.
type Target struct {
	Path string // of an artifact, or a folder or a pattern with artifacts
	How  facts.UseHow
}

// Single reports whether the repository is checked out once: of two copies it would not be known
// which one is verified.
func (j *Job) Single() bool { return len(j.Roots) == 1 }

// workspaces are the folders of GitHub's runners and containers that are the workspace.
var workspaces = []string{"/github/workspace", "/builds/workspace"}

// InWorkspace returns the path in the workspace of a path; ok is false for one that is elsewhere
// or not known.
func InWorkspace(p string) (rel string, ok bool) {
	for _, w := range workspaces {
		if rest, found := strings.CutPrefix(p, w); found && (rest == "" || rest[0] == '/') {
			p = flow.Root + rest
		}
	}
	for _, w := range []string{"/home/runner/work/", "~/work/", "/__w/"} { // REPOSITORY/REPOSITORY
		if rest, found := strings.CutPrefix(p, w); found {
			parts := strings.SplitN(rest, "/", 3)
			if len(parts) >= 2 && parts[0] == parts[1] {
				p = flow.Root + "/" + strings.Join(parts[2:], "/")
			}
		}
	}
	rest, found := strings.CutPrefix(p, flow.Root)
	if !found || rest != "" && rest[0] != '/' {
		return "", false
	}
	rest = path.Clean(strings.TrimPrefix(rest, "/"))
	if rest == "." {
		rest = ""
	}
	return rest, rest != ".." && !strings.HasPrefix(rest, "../")
}

// Find finds what a word names, as a program finds it from a working directory. folders says
// that a folder with artifacts counts.
func (j *Job) Find(dir, word string, folders bool) (t Target, ok bool) {
	if word == "" || len(word) > 1024 || strings.ContainsAny(word, "\n\x00") {
		return Target{}, false
	}
	full := flow.Join(dir, word)
	if rel, inside := InWorkspace(full); inside && !strings.Contains(full, words.Hole) {
		rel, ours := j.InRepository(rel)
		if !ours {
			return Target{}, false
		}
		if t, ok := j.Known(dir, word, rel, folders); ok {
			return t, true
		}
		// A folder that is not the repository's may be one into which it is checked out.
		for first, rest, ok := strings.Cut(rel, "/"); ok && strings.Contains(rest, "/") && !j.Exists(first); _, rest, ok = strings.Cut(rest, "/") {
			if !strings.ContainsAny(rest, "*?[") && j.Is(rest) {
				return Target{rest, facts.UseHowSuffix}, true
			}
		}
		return Target{}, false
	}
	if !strings.Contains(full, words.Hole) {
		return Target{}, false
	}
	if rel, inside := InWorkspace(full); inside { // a part of it is not known
		pattern := strings.ReplaceAll(rel, words.Hole, "*")
		if rel, ours := j.InRepository(pattern); ours && literal(rel) && j.Artifacts.Matches(rel) {
			return Target{rel, facts.UseHowGlob}, true
		}
	}
	tail := full[strings.LastIndex(full, words.Hole)+len(words.Hole):]
	tail = strings.TrimPrefix(path.Clean(tail), "/")
	if strings.Contains(tail, "/") && !strings.ContainsAny(tail, "*?[") && j.Artifacts.Is(tail) {
		return Target{tail, facts.UseHowSuffix}, true
	}
	return Target{}, false
}

// literal reports whether enough of a pattern is known to say that it means artifacts.
func literal(pattern string) bool {
	folder, _, found := strings.Cut(pattern, "*")
	return found && len(strings.ReplaceAll(pattern, "*", "")) >= 3 && strings.Contains(folder, "/")
}

// Known finds what a path of the repository names.
func (j *Job) Known(dir, word, rel string, folders bool) (t Target, ok bool) {
	switch {
	case rel != "" && !strings.ContainsAny(rel, "*?[{") && j.Artifacts.Is(rel):
		how := facts.UseHowExact
		if !strings.HasPrefix(word, flow.Root) && !strings.HasPrefix(word, "/") && dir != flow.Root {
			how = facts.UseHowWorkdir
		}
		return Target{rel, how}, true
	case strings.ContainsAny(rel, "*?["):
		if j.Artifacts.Matches(rel) {
			return Target{rel, facts.UseHowGlob}, true
		}
	case folders:
		if rel == "" {
			rel = "."
		}
		if j.Artifacts.Holds(rel) {
			return Target{rel, facts.UseHowFolder}, true
		}
	}
	return Target{}, false
}

// use records a use.
func (j *Job) use(kind facts.UseKind, t Target, at Place, offset int, verified facts.Verification, by string) {
	line, column := at.Position(offset)
	j.Found.Add(facts.ArtifactUse{
		File: at.File, Line: line, Column: column, Site: j.Site, Job: j.ID, Kind: kind, Path: t.Path, How: t.How, Verified: verified, By: by,
	})
}
