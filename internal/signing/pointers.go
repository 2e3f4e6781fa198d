package signing

import (
	"context"
	"fmt"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/lfs"
	"github.com/codexlock/codexlock/internal/shellquote"
	"github.com/codexlock/codexlock/internal/trees"
)

// RefusePointers adds to refused the Git LFS pointers that the gate would deny whatever
// is recorded of them.
func RefusePointers(ctx context.Context, tree trees.Tree, mode string, paths []artifact.Path, refused map[artifact.Path]error) error {
	pointers := lfs.New(tree, facts.LFSHash(mode))
	for _, p := range paths {
		if refused[p] != nil {
			continue
		}
		entry, ok, err := tree.Lookup(ctx, p)
		if err != nil {
			return err
		}
		if !ok || entry.Kind != trees.File || entry.Size >= artifact.MaxPointerBytes {
			continue
		}
		text, err := tree.Read(ctx, entry, artifact.MaxPointerBytes)
		if err != nil {
			return err
		}
		if !artifact.LikePointer(text) {
			continue
		}
		fault, err := pointers.Problem(ctx, entry, text)
		if err != nil {
			return err
		}
		if fault != "" {
			refused[p] = pointerRefusal(p, fault)
		}
	}
	return nil
}

// pointerRefusal says why a pointer cannot be attested, and what to do.
func pointerRefusal(p artifact.Path, fault facts.PointerProblem) error {
	quoted := shellquote.Word(p.String())
	e := &attest.RefusedError{Path: p.String()}
	switch fault {
	case "malformed":
		e.Reason = "is like a Git LFS pointer and does not have its canonical form"
		e.Next = fmt.Sprintf("have Git LFS write it: git lfs pull --include=%s && git add --renormalize -- %[1]s", quoted)
	case "unfiltered":
		e.Reason = "is a Git LFS pointer without the attribute filter=lfs, so Git hands out the pointer itself"
		e.Next = "track it: git lfs track --filename " + quoted
	case "content":
		e.Reason = "is a Git LFS pointer, and the configuration wants the content (lfs: content)"
		e.Next = "fetch the content: git lfs pull --include=" + quoted
	default: // script
		e.Reason = "is a Git LFS pointer to what may be a script or a text, whose content the gate could not check"
		e.Next = fmt.Sprintf("take it out of Git LFS: git lfs pull --include=%s && git lfs untrack %[1]s && git add --renormalize -- %[1]s", quoted)
	}
	return e
}
