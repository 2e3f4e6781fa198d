package signing

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/attributes"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/shellquote"
)

// RefuseObstacles asks Git of every path what a commit would hold, and adds to refused what
// would not be the bytes that are attested: the gate, which reads commits, would deny
// them for ever. What is not tracked yet is no obstacle. A ledger that a commit would
// not hold is an error.
func RefuseObstacles(ctx context.Context, view *repo.View, paths []artifact.Path, refused map[artifact.Path]error) error {
	owner := map[artifact.Path]artifact.Path{} // of each companion
	asked := []artifact.Path{ledger.Path}
	for _, p := range paths {
		if refused[p] != nil {
			continue
		}
		asked = append(asked, p)
		for _, kind := range artifact.Companions {
			c := p.Companion(kind)
			owner[c] = p
			asked = append(asked, c)
		}
	}
	found, err := view.Obstacles(ctx, asked)
	if err != nil {
		return err
	}
	for _, p := range asked {
		o, is := found[p]
		if !is || o.Kind == repo.Untracked {
			continue
		}
		err := Refusal(o, Pattern(p, owner[p]))
		switch {
		case p == ledger.Path && o.Kind == repo.LineEnds: // attest writes it anew, and it reads the same with either
		case p == ledger.Path:
			return err
		case owner[p] == "" || found[owner[p]].Kind == o.Kind:
			refused[p] = err
		case refused[owner[p]] == nil:
			refused[owner[p]] = err
		}
	}
	return nil
}

// Pattern is a path as Git's patterns match it, and no other path; of a
// companion one that matches all companions of its artifact.
func Pattern(p, owner artifact.Path) string {
	if owner != "" {
		return attributes.Literal(owner.String()) + ".*"
	}
	return attributes.Literal(p.String())
}

// Refusal says what is in a commit's way, and what to do. The pattern is the path's.
func Refusal(o repo.Obstacle, pattern string) error {
	e := &attest.RefusedError{Path: o.Path}
	quoted := shellquote.Word(o.Path)
	unset := func(attribute string) string {
		in, below := o.Attributes, pattern
		if path.Base(in) == ".gitattributes" && path.Dir(in) != "." {
			below = strings.TrimPrefix(pattern, attributes.Literal(path.Dir(in))+"/")
		}
		return fmt.Sprintf("echo %s >> %s", shellquote.Word(attributes.Quote("/"+below)+" "+attribute), shellquote.Word(in))
	}
	switch o.Kind {
	case repo.Ignored:
		e.Reason = fmt.Sprintf("is ignored by %s, so a commit would leave it out", o.Detail)
		e.Next = "remove that pattern"
		e.Cause = attest.Cause{Reason: fmt.Sprintf("are ignored by %s, so a commit would leave them out", o.Detail), Next: e.Next}
		if !o.Folder {
			e.Next += fmt.Sprintf(", or overrule it: echo %s >> .gitignore", shellquote.Word("!/"+ignorePattern(pattern)))
		}
	case repo.InSubmodule:
		e.Next = fmt.Sprintf("attest its files in that repository: cd %s", shellquote.Word(o.Detail))
		if o.Detail == o.Path {
			e.Reason = "is a submodule, want a regular file of this repository"
			break
		}
		e.Reason = fmt.Sprintf("is inside the submodule %s, whose files a commit of this repository does not hold", o.Detail)
		e.Cause = attest.Cause{Reason: fmt.Sprintf("are inside the submodule %s, whose files a commit of this repository does not hold", o.Detail), Next: e.Next}
	case repo.NotCheckedOut:
		e.Reason = "is not checked out (sparse checkout)"
		e.Next = fmt.Sprintf("check it out: git sparse-checkout add %s", shellquote.Word(o.Detail))
		e.Cause = attest.Cause{Reason: "are not checked out (sparse checkout)", Next: "check them out: git sparse-checkout disable, or git sparse-checkout add and their folders"}
	case repo.Unmerged:
		e.Reason = "holds conflict markers of a merge"
		e.Next = fmt.Sprintf("resolve it, then: git add %s", quoted)
		if Resolvable(artifact.Path(o.Path)) {
			e.Next = "resolve it: codexlock lock resolve"
		}
	case repo.Filtered:
		e.Reason = fmt.Sprintf("has the attribute %s, so a commit would hold what that filter makes of it", o.Detail)
		e.Next = "keep its bytes: " + unset("-filter")
		e.Cause = attest.Cause{Reason: fmt.Sprintf("have the attribute %s, so a commit would hold what that filter makes of them", o.Detail), Next: keepBytes("-filter")}
	case repo.Identified:
		e.Reason = "has the attribute ident and holds $Id$, which Git rewrites in every checkout"
		e.Next = "keep its bytes: " + unset("-ident")
		e.Cause = attest.Cause{Reason: "have the attribute ident and hold $Id$, which Git rewrites in every checkout", Next: keepBytes("-ident")}
	case repo.Encoded:
		e.Reason = fmt.Sprintf("has the attribute %s, so a commit would hold it in another encoding", o.Detail)
		e.Next = "keep its bytes: " + unset("!working-tree-encoding")
		e.Cause = attest.Cause{Reason: fmt.Sprintf("have the attribute %s, so a commit would hold them in another encoding", o.Detail), Next: keepBytes("!working-tree-encoding")}
	case repo.LineEnds:
		e.Reason = fmt.Sprintf("would be committed or checked out with other line endings (%s)", o.Detail)
		e.Next = "keep its bytes: " + unset("-text")
		e.Cause = attest.Cause{Reason: fmt.Sprintf("would be committed or checked out with other line endings (%s)", o.Detail), Next: keepBytes("-text")}
	}
	return e
}

// Resolvable reports whether codexlock lock resolve knows a file of this name.
func Resolvable(p artifact.Path) bool {
	return p == ledger.Path || strings.HasSuffix(p.String(), artifact.VaultTime.Suffix()) || strings.HasSuffix(p.String(), artifact.Manifest.Suffix())
}

// keepBytes is how all files of a kind escape an attribute.
func keepBytes(attribute string) string {
	return fmt.Sprintf("keep their bytes: add a line to .gitattributes that matches them and ends in %s, as '*.EXTENSION %[1]s' does", attribute)
}

// ignorePattern writes a pattern as .gitignore takes it, in which a space at the end
// is dropped.
func ignorePattern(pattern string) string {
	trimmed := strings.TrimRight(pattern, " ")
	return trimmed + strings.Repeat(`\ `, len(pattern)-len(trimmed))
}
