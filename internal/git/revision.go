package git

import (
	"context"
	"fmt"
	"strings"
)

// An AmbiguousRevision is a name that is a tag, and also a branch or the beginning of a commit's
// id, at different commits. Git takes the tag, which anyone who may push tags can create;
// Commit takes the other.
type AmbiguousRevision struct {
	Revision string
	Tag      string // its full name
	Taken    string // the full name of the branch, or the commit's id
}

// String says which of the two was taken, and how to name the other.
func (a AmbiguousRevision) String() string {
	kind := "a branch"
	if !strings.HasPrefix(a.Taken, "refs/") {
		kind = "a commit's abbreviated id"
	}
	return fmt.Sprintf("%q is both a tag and %s, at different commits: %s was taken; write %s for the tag", a.Revision, kind, a.Taken, a.Tag)
}

// Ambiguous reports whether a revision begins with a name that is a tag, and also
// a branch (local or remote-tracking) or the beginning of a commit's id, and that
// these are different commits.
func (r *Repository) Ambiguous(ctx context.Context, rev string) (AmbiguousRevision, bool, error) {
	name, _ := cutRevision(rev)
	if name == "" || name == "HEAD" || name == "@" || r.format.valid(name) || strings.HasPrefix(name, "refs/") || strings.ContainsAny(name, "*?[\\\x00\n") {
		return AmbiguousRevision{}, false, nil
	}
	out, err := r.git.output(ctx, "for-each-ref", "--format=%(refname) %(objectname) %(*objectname)",
		"refs/tags/"+name, "refs/heads/"+name, "refs/remotes/"+name)
	if err != nil {
		return AmbiguousRevision{}, false, fmt.Errorf("look for refs named %q: %w", name, err)
	}
	found := map[string]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) > 1 {
			found[fields[0]] = fields[len(fields)-1] // of an annotated tag, what it is of
		}
	}
	a := AmbiguousRevision{Revision: name, Tag: "refs/tags/" + name}
	if found[a.Tag] == "" {
		return AmbiguousRevision{}, false, nil
	}
	for _, branch := range []string{"refs/heads/" + name, "refs/remotes/" + name} {
		if found[branch] != "" {
			a.Taken = branch
			return a, found[branch] != found[a.Tag], nil
		}
	}
	a.Taken, err = r.abbreviated(ctx, name)
	return a, err == nil && a.Taken != "" && a.Taken != found[a.Tag], err
}

// minAbbreviation is the fewest characters that Git abbreviates an id to by
// itself: a shorter name is a word that happens to be hexadecimal.
const minAbbreviation = 7

// abbreviated is the one commit whose id begins with a name, "" where none does,
// or several do.
func (r *Repository) abbreviated(ctx context.Context, name string) (string, error) {
	if len(name) < minAbbreviation || strings.Trim(name, "0123456789abcdef") != "" {
		return "", nil
	}
	out, err := r.git.output(ctx, "rev-parse", "--disambiguate="+name)
	if err != nil {
		return "", fmt.Errorf("look for commits %s…: %w", name, err)
	}
	found := ""
	for id := range strings.FieldsSeq(string(out)) {
		kind, err := r.git.output(ctx, "cat-file", "-t", id)
		switch {
		case err != nil:
			return "", fmt.Errorf("look for commits %s…: %w", name, err)
		case strings.TrimSpace(string(kind)) != "commit":
		case found != "":
			return "", nil
		default:
			found = id
		}
	}
	return found, nil
}

// cutRevision splits a revision into the name that it begins with and what
// follows: main~1 is "main" and "~1" (gitrevisions(7)).
func cutRevision(rev string) (name, rest string) {
	at := len(rev)
	if i := strings.IndexAny(rev, "~^:"); i >= 0 {
		at = i
	}
	if i := strings.Index(rev, "@{"); i >= 0 {
		at = min(at, i)
	}
	return rev[:at], rev[at:]
}
