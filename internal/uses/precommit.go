package uses

import (
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/flow"
	"github.com/codexlock/codexlock/internal/uses/commands"
	"github.com/codexlock/codexlock/internal/yamltree"
)

// preCommit reads the local hooks of a pre-commit configuration, whose entry is executed in the
// top folder.
func (r *reader) preCommit(name, text string) {
	root, ok := r.yaml(name, text)
	if !ok {
		return
	}
	source := yamltree.NewSource(text)
	for _, repo := range root.Get("repos").Items() {
		if repo.Get("repo").Text() != "local" {
			continue
		}
		for _, hook := range repo.Get("hooks").Items() {
			r.hook(name, hook, source)
		}
	}
}

// hook follows the command of a hook.
func (r *reader) hook(name string, hook yamltree.Value, source *yamltree.Source) {
	switch hook.Get("language").Text() {
	case "pygrep", "fail", "docker_image", "docker":
		return // the entry is no command that is executed here
	}
	entry := hook.Get("entry")
	script, places := entry.Text(), source.Places(entry)
	if script == "" {
		return
	}
	last := len(places) - 1
	for _, arg := range hook.Get("args").Items() {
		script += " " + quotedWords([]string{arg.Text()})
	}
	sh := &commands.Shell{
		Job: &commands.Job{Artifacts: r.side, VerifyingScript: r.side.trusted, Site: facts.UseSitePreCommit, ID: hook.Get("id").Text(), Roots: []string{""}, Found: r.out},
		At:  commands.Place{File: name, Source: source, At: func(offset int) int { return places[min(max(offset, 0), last)] }},
	}
	if _, err := flow.Follow[commands.State](flow.Script{Text: script, Dir: flow.Root, Vars: map[string]string{}}, sh, commands.State{}); err != nil {
		r.unread(name, "the entry cannot be parsed: "+err.Error(), entry.Line(), script)
	}
}
