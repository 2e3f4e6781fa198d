package uses

import (
	"path"
	"strings"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/flow"
	"github.com/codexlock/codexlock/internal/uses/commands"
	"github.com/codexlock/codexlock/internal/yamltree"
)

// A service reads one service of a compose file.
type service struct {
	*reader
	file   string
	source *yamltree.Source
	dir    string // of the file, from which its paths are
	job    *commands.Job
	mounts []commands.Mount
}

// compose reads a compose file.
func (r *reader) compose(name, text string) {
	root, ok := r.yaml(name, text)
	if !ok {
		return
	}
	source := yamltree.NewSource(text)
	of := func(id string) *service {
		return &service{
			reader: r, file: name, source: source, dir: path.Dir(name),
			job: &commands.Job{Artifacts: r.side, Site: facts.UseSiteCompose, ID: id, Roots: []string{""}, Found: r.out},
		}
	}
	for _, p := range root.Get("services").Pairs() {
		of(p.Key).read(p.Value)
	}
	for _, section := range []string{"configs", "secrets"} {
		for _, p := range root.Get(section).Pairs() {
			of(p.Key).loads(p.Get("file"), p.Get("file").Text(), false)
		}
	}
}

// read reads the service.
func (s *service) read(v yamltree.Value) {
	for _, volume := range v.Merged("volumes").Items() {
		s.volume(volume)
	}
	for _, file := range v.Merged("env_file").Items() {
		s.loads(file, file.Text(), false)
		s.loads(file.Get("path"), file.Get("path").Text(), false)
	}
	s.loads(v.Merged("env_file"), v.Merged("env_file").Text(), false)
	build := v.Merged("build")
	if docker := build.Get("dockerfile"); !docker.IsZero() {
		s.loads(docker, path.Join(build.Get("context").Text(), docker.Text()), false)
	}
	dir := v.Merged("working_dir").Text()
	if dir == "" {
		dir = "/"
	}
	s.runs(v.Merged("entrypoint"), dir, 0)
	s.runs(v.Merged("command"), dir, 0)
	test := v.Merged("healthcheck").Get("test")
	if kind := test.Items(); len(kind) > 0 && (kind[0].Text() == "CMD" || kind[0].Text() == "CMD-SHELL") {
		s.runs(test, dir, 1)
	} else {
		s.runs(test, dir, 0)
	}
}

// interpolate replaces variables as Compose does.
func interpolate(text string) string {
	return strings.ReplaceAll(expandDocker(strings.ReplaceAll(text, "$$", "\x00"), nil), "\x00", "$")
}

// volume reads a volume: what of the repository the container has, and where.
func (s *service) volume(v yamltree.Value) {
	from, to := v.Get("source").Text(), v.Get("target").Text()
	if v.Get("type").Text() != "" && v.Get("type").Text() != "bind" {
		return
	}
	if text := interpolate(v.Text()); text != "" {
		parts := strings.Split(text, ":")
		if len(parts) < 2 {
			return
		}
		from, to = parts[0], parts[1]
	}
	from = interpolate(from)
	if from == "" || to == "" || !strings.HasPrefix(from, ".") && !strings.Contains(from, "/") {
		return // the name of a volume
	}
	rel, inside := commands.InWorkspace(flow.Join(flow.Join(flow.Root, s.dir), from))
	if !inside {
		return
	}
	if rel == "" {
		rel = "."
	}
	s.mounts = append(s.mounts, commands.Mount{Inside: path.Clean(to), There: rel})
	s.loads(v, from, true)
}

// loads records a file that Compose, or the container, reads.
func (s *service) loads(v yamltree.Value, text string, folders bool) {
	if v.IsZero() || text == "" {
		return
	}
	if t, is := s.job.Find(flow.Join(flow.Root, s.dir), interpolate(text), folders); is {
		sh := &commands.Shell{Job: s.job, At: commands.Place{File: s.file, Source: s.source}}
		sh.RecordAt(facts.UseKindLoad, t, s.source.Offset(v.Line(), v.Node.Column), commands.State{})
	}
}

// runs follows a command of the service: a text, or a list of words.
func (s *service) runs(v yamltree.Value, dir string, from int) {
	script, places := interpolate(v.Text()), s.source.Places(v)
	if items := v.Items(); len(items) > from {
		if from == 1 && items[0].Text() == "CMD-SHELL" {
			script, places = interpolate(items[1].Text()), s.source.Places(items[1])
		} else {
			var list []string
			for _, item := range items[from:] {
				list = append(list, interpolate(item.Text()))
			}
			script, places = quotedWords(list), []int{s.source.Offset(items[from].Line(), items[from].Node.Column)}
		}
	}
	if script == "" || len(places) == 0 {
		return
	}
	sh := &commands.Shell{
		Job: s.job, Container: true, Mounts: s.mounts,
		At: commands.Place{File: s.file, Source: s.source, At: func(offset int) int { return places[min(max(offset, 0), len(places)-1)] }},
	}
	if _, err := flow.Follow[commands.State](flow.Script{Text: script, Dir: dir, Vars: map[string]string{}}, sh, commands.State{}); err != nil {
		s.unread(s.file, "the command cannot be parsed: "+err.Error(), v.Line(), script)
	}
}
