package commands

import (
	"path"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/flow"
	"github.com/codexlock/codexlock/internal/script/words"
)

// A Mount is a file or folder of the repository that a container has at a path.
type Mount struct {
	Inside string // the path in the container
	There  string // the path in the repository, "." for the top folder; "" for what is another's
}

// below returns the rest of a path below another one.
func below(p, folder string) (rest string, ok bool) {
	if folder == "/" {
		return strings.TrimPrefix(p, "/"), strings.HasPrefix(p, "/")
	}
	rest, found := strings.CutPrefix(p, folder)
	return strings.TrimPrefix(rest, "/"), found && (rest == "" || rest[0] == '/')
}

// places are the paths in the repository that a path may be, the likeliest first.
func (s *Shell) places(full string) []string {
	if !s.Container {
		if rel, inside := InWorkspace(full); inside {
			if rel, ours := s.InRepository(rel); ours {
				return []string{rel}
			}
		}
		return nil
	}
	var all []string
	for _, m := range slices.Backward(s.Mounts) {
		rest, found := below(full, m.Inside)
		if !found {
			continue
		}
		if m.There == "" {
			if rest == "" {
				return all // another's file hides what was there before
			}
			continue
		}
		rel := path.Join(m.There, rest)
		if rel == "." {
			rel = ""
		}
		if rel != ".." && !strings.HasPrefix(rel, "../") {
			all = append(all, rel)
		}
	}
	return all
}

// located returns the path in the repository of a path; ok is false for what is not of it.
func (s *Shell) located(full string) (rel string, ok bool) {
	all := s.places(full)
	if len(all) == 0 {
		return "", false
	}
	return all[0], true
}

// commandFolders are the folders in which a container looks for commands.
var commandFolders = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// find finds what a word names: in a container by what it has of the repository.
func (s *Shell) find(c *command, word string, folders bool) (Target, bool) {
	if !s.Container {
		return s.Find(c.Dir, word, folders)
	}
	full := flow.Join(c.Dir, word)
	if word == "" || strings.Contains(full, words.Hole) {
		return Target{}, false
	}
	for _, rel := range s.places(full) {
		if t, is := s.Known(flow.Root, word, rel, folders); is {
			return inImage(t), true
		}
	}
	if rel := path.Clean(word); strings.Contains(rel, "/") && !strings.HasPrefix(rel, "/") && !strings.ContainsAny(rel, "*?[") && s.Is(rel) {
		return Target{rel, facts.UseHowSuffix}, true // where the repository is in the container is not known
	}
	// A path of another machine may end with that of an artifact.
	for rest := strings.TrimPrefix(full, "/"); !s.Built && strings.HasPrefix(full, "/"); {
		_, after, ok := strings.Cut(rest, "/")
		if !ok || !strings.Contains(after, "/") {
			break
		}
		if rest = after; !strings.ContainsAny(rest, "*?[") && s.Is(rest) {
			return Target{rest, facts.UseHowSuffix}, true
		}
	}
	return Target{}, false
}

// inImage is a target that is found in a container.
func inImage(t Target) Target {
	if t.How == facts.UseHowExact || t.How == facts.UseHowWorkdir {
		t.How = facts.UseHowImage
	}
	return t
}

// onPath finds the file of the repository that a container executes by the name of a command.
func (s *Shell) onPath(c *command, name string) (Target, bool) {
	if !s.Container || name == "" || strings.Contains(name, "/") {
		return Target{}, false
	}
	for _, folder := range commandFolders {
		if t, is := s.find(c, folder+"/"+name, false); is {
			return t, true
		}
	}
	return Target{}, false
}

// away is the shell for commands in a container, or on another machine.
func (s *Shell) away(mounts []Mount) *Shell {
	inner := *s
	inner.Container, inner.Built, inner.Mounts = true, false, mounts
	return &inner
}

// mount adds a folder or file of the workspace that a container is given. A name without a slash
// is that of a volume.
func (s *Shell) mount(c *command, mounts []Mount, from, to string, v State) []Mount {
	if s.Container || to == "" || !strings.ContainsAny(from, "/.~") && !strings.HasPrefix(from, flow.Root) {
		return mounts
	}
	rel, ours := s.located(flow.Join(c.Dir, from))
	if !ours {
		return mounts
	}
	if t, is := s.Known(c.Dir, from, rel, false); is {
		s.recordAtWord(c, from, t, v)
	}
	if rel == "" {
		rel = "."
	}
	return append(mounts, Mount{path.Clean(to), rel})
}

// recordAtWord records that a container is given a file, at the word that says so.
func (s *Shell) recordAtWord(c *command, text string, t Target, v State) {
	at := slices.IndexFunc(c.Args, func(a words.Argument) bool {
		return strings.Contains(a.Code, text+":") || strings.Contains(a.Code, "="+text)
	})
	s.record(facts.UseKindLoad, t, c, max(at, 0), v)
}
