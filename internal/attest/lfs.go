package attest

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/shellquote"
	"github.com/codexlock/codexlock/internal/txn"
)

// An LFS says how a Git LFS pointer may be attested.
type LFS struct {
	// Objects is the folder with the objects that Git LFS has fetched: the content of
	// oid abcd... is ab/cd/abcd.... "" refuses every pointer.
	Objects string
	// AcceptOID takes a pointer's oid for its content's digest where the object is not
	// there.
	AcceptOID bool
}

// pointed is what a pointer stands for. A renewal takes it from the pointer, which was
// verified; otherwise the object is hashed, or its oid is accepted without it.
func (c *composer) pointed(p artifact.Path, text []byte) (content, error) {
	refused := func(next, format string, args ...any) (content, error) {
		return content{}, &RefusedError{Path: p.String(), Reason: fmt.Sprintf(format, args...), Next: next}
	}
	oid, size, ok := artifact.ParsePointer(text)
	named := content{digest: oid, size: size, pointer: true}
	switch {
	case !ok:
		return refused(rewritePointer(p), "is like a Git LFS pointer and does not have its canonical form")
	case c.o.Renewal || c.o.Relocation:
		return named, nil
	case c.o.LFS.Objects == "":
		return refused("fetch the content: git lfs pull", "is a Git LFS pointer, want its content")
	}
	hex := oid.String()
	object := filepath.Join(c.o.LFS.Objects, hex[:2], hex[2:4], hex)
	f, info, err := txn.OpenAnywhere(object)
	if errors.Is(err, fs.ErrNotExist) {
		if c.o.LFS.AcceptOID {
			return named, nil
		}
		return content{}, &RefusedError{
			Path: p.String(), Reason: fmt.Sprintf("is a Git LFS pointer whose content is not here: no %s", object),
			Next: fmt.Sprintf("fetch it: git lfs fetch --include=%s; or accept the oid without the content: codexlock attest --lfs-oid %[1]s", shellquote.Quoted(p.String())),
			Cause: Cause{
				Reason: "are Git LFS pointers whose content is not in " + c.o.LFS.Objects,
				Next:   "fetch the content: git lfs fetch; or accept the oids without it: add --lfs-oid to the command",
			},
		}
	}
	if err != nil {
		return content{}, err
	}
	defer f.Close()
	const check = "find out what changed it: git lfs fsck --objects"
	if !info.Mode.IsRegular() {
		return refused(check, "is a Git LFS pointer, and %s is %s, want a regular file", object, txn.Kind(info.Mode))
	}
	digest, _, err := f.Digest(info, c.buf, c.count)
	switch {
	case err != nil:
		return content{}, err
	case digest != oid:
		return refused(check, "is a Git LFS pointer to oid %s, and the content in %s has sha256 %s", oid, object, digest)
	case info.Size != size:
		return refused(rewritePointer(p), "is a Git LFS pointer to %d bytes, and the content in %s has %d", size, object, info.Size)
	}
	named.hashed = true
	return named, nil
}

// rewritePointer is how Git LFS writes a pointer anew.
func rewritePointer(p artifact.Path) string {
	return fmt.Sprintf("have Git LFS write it: git lfs pull --include=%s && git add --renormalize -- %[1]s", shellquote.Quoted(p.String()))
}

// recordLFS has the manifest record a pointer: its oid, its size, and whether its
// content was hashed. What a renewal finds there is kept; a record of content that is no
// pointer now is brought up to date, since a commit may hold the pointer to it.
func (c *composer) recordLFS(m *manifest.Manifest) error {
	if c.o.Renewal || c.o.Relocation {
		return nil
	}
	if _, recorded := m.LFS(); !c.content.pointer && !recorded {
		return nil
	}
	err := m.SetLFS(c.content.digest, c.content.size, c.content.hashed)
	if errors.Is(err, manifest.ErrLFSTaken) {
		at, _ := c.place(artifact.Manifest) // it was read from there
		return &RefusedError{Path: at.at.String(), Reason: err.Error(), Next: "rename that member of extensions, which codexlock writes for a Git LFS pointer"}
	}
	return err
}
