package facts

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/content"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/script"
)

// Limits on what is read about Git LFS.
const (
	// maxOpaqueText is from which size on a pointer may stand for a text: nothing that
	// the script and content rules are about is as large.
	maxOpaqueText = 1 << 20
	// maxAttributes bounds one .gitattributes: "larger than 100 MB" is Git's bound,
	// and those of the largest repositories have some kilobytes.
	maxAttributes = 1 << 20
)

// pointer states what speaks against a file that is, or is like, a Git LFS pointer: ""
// where its oid stands for its content; script (the rules about scripts and texts would
// apply to what it stands for, which is not here); content (the configuration wants the
// content); malformed (like a pointer, and none that can be relied on); unfiltered (no
// attribute filter=lfs, so Git hands out the pointer itself).
func (c *Collector) pointer(ctx context.Context, entry repo.Entry, head []byte) (string, error) {
	_, size, ok := artifact.ParsePointer(head)
	if !ok {
		return "malformed", nil
	}
	if c.settings.LFS != "oid" {
		return "content", nil
	}
	filter, err := c.lfsFilter(ctx, entry.Path)
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

// lfsFilter is the attribute filter of a path in the head's tree (gitattributes(5)): of
// the files from the root to the path's folder the last line that matches decides.
func (c *Collector) lfsFilter(ctx context.Context, name string) (string, error) {
	filter := ""
	macros := map[string]string{}
	for dir := ""; ; {
		text, err := c.attributes(ctx, dir)
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

// attributes reads the .gitattributes of a folder, which many pointers share.
func (c *Collector) attributes(ctx context.Context, dir string) (string, error) {
	if known, ok := c.attributeFiles.Load(dir); ok {
		return known.(string), nil
	}
	text := ""
	entry, there, err := c.o.Head.Lookup(ctx, artifact.Path(dir+".gitattributes"))
	if err != nil {
		return "", err
	}
	if there && entry.Kind == repo.File {
		data, err := c.o.Head.Read(ctx, entry, maxAttributes)
		if err != nil {
			return "", fmt.Errorf("read %s: %w", entry.Path, err)
		}
		text = string(data)
	}
	c.attributeFiles.Store(dir, text)
	return text, nil
}

// readAttributes takes from one line what it says of the filter of a name, which is seen
// from the file's folder. macros are what "[attr]lfs filter=lfs" defines.
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

// attributesMatch reports whether a pattern of a .gitattributes matches: without a slash
// the file's name anywhere below, with one the path from there.
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
