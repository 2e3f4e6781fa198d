// Package lfs finds the Git LFS pointers of a tree that do not stand for their content: not
// canonical, not covered by a filter, or in the place of a text that rules have to read. It
// fetches nothing.
package lfs

import (
	"context"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/content"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script"
	"github.com/codexlock/codexlock/internal/trees"
)

// Limits on what is read about Git LFS.
const (
	// maxOpaqueText is the size from which a pointer may stand for a text: nothing that the
	// script and content rules are about is as large.
	maxOpaqueText = 1 << 20
	// maxAttributes is the largest .gitattributes that is read. Git's limit is 100 MB; those of
	// the largest repositories have some kilobytes.
	maxAttributes = 1 << 20
)

// Pointers finds the Git LFS pointers of a tree that do not stand for their content.
type Pointers struct {
	tree       trees.Tree
	lfs        facts.LFSHash
	attributes sync.Map // folder: the text of its .gitattributes
}

// New returns the Pointers of a tree, with lfs of the configuration.
func New(tree trees.Tree, lfs facts.LFSHash) *Pointers { return &Pointers{tree: tree, lfs: lfs} }

// Problem returns why a file that is like a Git LFS pointer, and has the bytes text, does not
// stand for its content; "" if its oid does.
func (p *Pointers) Problem(ctx context.Context, entry trees.Entry, text []byte) (facts.PointerProblem, error) {
	_, size, ok := artifact.ParsePointer(text)
	if !ok {
		return "malformed", nil
	}
	if p.lfs != "oid" {
		return "content", nil
	}
	filter, err := p.filter(ctx, entry.Path)
	switch {
	case err != nil:
		return "", err
	case filter != "lfs":
		return "unfiltered", nil
	case size < maxOpaqueText && (entry.Mode == "100755" || script.Is(entry.Path, nil) || content.IsTextName(entry.Path)):
		return "script", nil
	}
	return "", nil
}

// filter returns the attribute filter of a path in the tree (gitattributes(5)): of the files
// from the root to the path's folder, the last line that matches decides.
func (p *Pointers) filter(ctx context.Context, name string) (string, error) {
	filter := ""
	macros := map[string]string{}
	for dir := ""; ; {
		text, err := p.read(ctx, dir)
		if err != nil {
			return "", err
		}
		for line := range strings.Lines(text) {
			readAttributes(strings.TrimSpace(line), strings.TrimPrefix(name, dir), macros, &filter)
		}
		next, _, deeper := strings.Cut(strings.TrimPrefix(name, dir), "/")
		if !deeper {
			return filter, nil
		}
		dir += next + "/"
	}
}

// read reads the .gitattributes of a folder, which many pointers share.
func (p *Pointers) read(ctx context.Context, dir string) (string, error) {
	if known, ok := p.attributes.Load(dir); ok {
		return known.(string), nil
	}
	text := ""
	entry, there, err := p.tree.Lookup(ctx, artifact.Path(dir+".gitattributes"))
	if err != nil {
		return "", err
	}
	if there && entry.Kind == trees.File {
		data, err := p.tree.Read(ctx, entry, maxAttributes)
		if err != nil {
			return "", fmt.Errorf("read %s: %w", entry.Path, err)
		}
		text = string(data)
	}
	p.attributes.Store(dir, text)
	return text, nil
}

// readAttributes sets filter if a line sets that of a name, which is relative to the file's
// folder. macros has the definitions such as "[attr]lfs filter=lfs".
func readAttributes(line, name string, macros map[string]string, filter *string) {
	if line == "" || line[0] == '#' {
		return
	}
	pattern, rest, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
	if line[0] == '"' {
		end := strings.IndexByte(line[1:], '"')
		if end < 0 {
			return
		}
		pattern, rest = line[1:end+1], line[end+2:]
	}
	macro, isMacro := strings.CutPrefix(pattern, "[attr]")
	if !isMacro && !attributesMatch(pattern, name) {
		return
	}
	for _, word := range strings.Fields(rest) {
		value, found := strings.CutPrefix(word, "filter=")
		if !found {
			switch bare := strings.TrimLeft(word, "-!"); {
			case bare == "filter": // set to no name, or unset
			case macros[bare] != "" && bare == word:
				value = macros[bare]
			default:
				continue
			}
		}
		if isMacro {
			macros[macro] = value
		} else {
			*filter = value
		}
	}
}

// attributesMatch reports whether a pattern of a .gitattributes matches: without a slash the name
// of a file anywhere below, with a slash the path from there.
func attributesMatch(pattern, name string) bool {
	if strings.HasSuffix(pattern, "/") {
		return false // a folder, to which attributes do not apply
	}
	pattern = strings.NewReplacer("{", "\\{", "}", "\\}").Replace(pattern) // no alternatives in Git
	if rooted := strings.TrimPrefix(pattern, "/"); strings.Contains(pattern, "/") {
		return config.MatchAny([]string{rooted}, name)
	}
	return config.MatchAny([]string{pattern}, path.Base(name))
}
