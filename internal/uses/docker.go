package uses

import (
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/flow"
	"github.com/codexlock/codexlock/internal/script/words"
	"github.com/codexlock/codexlock/internal/shellquote"
	"github.com/codexlock/codexlock/internal/uses/commands"
	"github.com/codexlock/codexlock/internal/uses/dockerfile"
	"github.com/codexlock/codexlock/internal/yamltree"
)

// A stage is one stage of a Dockerfile as far as it is built.
type stage struct {
	name   string
	from   string // the stage that it begins with, "" for an image
	mounts []commands.Mount
	dir    string
	vars   map[string]string
	shell  shellKind
	state  commands.State
	starts []dockerfile.Instruction // what a container of it executes
}

// maxMounts bounds what a stage is known to have of the repository: each stage can have all that
// earlier ones have, several times.
const maxMounts = 2_000

// add adds what the stage has from then on.
func (s *stage) add(mounts ...commands.Mount) {
	if len(s.mounts)+len(mounts) <= maxMounts {
		s.mounts = append(s.mounts, mounts...)
	}
}

// A docker reads one Dockerfile.
type docker struct {
	*reader
	file   string
	source *yamltree.Source
	stages []*stage
	global map[string]string // of ARG before the first FROM
	// contexts are the folders that may be the context of the build: the top folder, and that of
	// the file.
	contexts []string
}

// dockerfile reads a Dockerfile.
func (r *reader) dockerfile(name, text string) {
	all, err := dockerfile.Parse(text)
	if err != nil {
		line := 0
		var bad *dockerfile.Error
		if errors.As(err, &bad) {
			line = bad.Line
		}
		r.unread(name, err.Error(), line, text)
		return
	}
	d := docker{reader: r, file: name, source: yamltree.NewSource(text), global: map[string]string{}, contexts: []string{"."}}
	if dir := path.Dir(name); dir != "." {
		d.contexts = append(d.contexts, dir)
	}
	for _, in := range all {
		d.instruction(in)
	}
	d.starts()
}

// starts follows what a container of the last stage executes, once all of it is built.
func (d *docker) starts() {
	if s := d.last(); s != nil {
		for _, in := range s.starts {
			d.runs(s, in, s.state)
		}
	}
}

// last is the stage that is being built.
func (d *docker) last() *stage {
	if len(d.stages) == 0 {
		return nil
	}
	return d.stages[len(d.stages)-1]
}

// instruction follows one instruction.
func (d *docker) instruction(in dockerfile.Instruction) {
	s := d.last()
	switch {
	case in.Name == "FROM":
		d.starts()
		d.from(in)
		return
	case in.Name == "ARG":
		vars := d.global
		if s != nil {
			vars = s.vars
		}
		for _, field := range strings.Fields(in.Text) {
			name, value, given := strings.Cut(field, "=")
			switch global, known := d.global[name]; {
			case given: // --build-arg may give another one
				vars[name] = expandDocker(strings.Trim(value, `"'`), vars)
			case known && s != nil:
				vars[name] = global
			}
		}
		return
	case s == nil:
		return
	}
	switch in.Name {
	case "ENV":
		d.env(s, in.Text)
	case "WORKDIR":
		s.dir = flow.Join(s.dir, expandDocker(strings.Trim(in.Text, `"`), s.vars))
	case "SHELL":
		if len(in.JSON) > 0 {
			s.shell = readShell(strings.Join(in.JSON, " "), false)
			s.shell.unknown = !commands.IsShell(path.Base(in.JSON[0]))
		}
	case "COPY", "ADD":
		d.copies(s, in)
	case "RUN":
		s.state = d.runs(s, in, s.state)
	case "CMD", "ENTRYPOINT":
		s.starts = append(s.starts, in)
	case "HEALTHCHECK":
		if text, ok := strings.CutPrefix(in.Text, "CMD"); ok {
			rest := strings.TrimLeft(text, " \t")
			inner := dockerfile.Instruction{Name: "CMD", Offset: in.Offset, Text: rest, At: in.At + len(in.Text) - len(rest)}
			s.starts = append(s.starts, relisted(inner))
		}
	case "ONBUILD": // for the build of another image, with another context
		if text, ok := strings.CutPrefix(strings.ToUpper(in.Text), "RUN"); ok {
			rest := strings.TrimLeft(in.Text[len(in.Text)-len(text):], " \t")
			d.runs(s, relisted(dockerfile.Instruction{Name: "RUN", Offset: in.Offset, Text: rest, At: in.At + len(in.Text) - len(rest)}), s.state)
		}
	}
}

// relisted reads the JSON form of an instruction in another one.
func relisted(in dockerfile.Instruction) dockerfile.Instruction {
	if all, err := dockerfile.Parse(in.Name + " " + in.Text); err == nil && len(all) == 1 {
		in.JSON = all[0].JSON
	}
	return in
}

// from begins a stage.
func (d *docker) from(in dockerfile.Instruction) {
	s := &stage{name: strconv.Itoa(len(d.stages)), dir: "/", vars: map[string]string{}, shell: shellKind{language: "bash"}}
	fields := strings.Fields(in.Text)
	if len(fields) > 0 {
		s.from = expandDocker(fields[0], d.global)
	}
	if len(fields) >= 3 && strings.EqualFold(fields[1], "as") {
		s.name = fields[2]
	}
	if base := d.stage(s.from); base != nil {
		s.mounts, s.dir, s.shell, s.state = slices.Clone(base.mounts), base.dir, base.shell, base.state
		for name, value := range base.vars {
			s.vars[name] = value
		}
	}
	d.stages = append(d.stages, s)
}

// stage returns an earlier stage by its name or number.
func (d *docker) stage(name string) *stage {
	for i, s := range slices.Backward(d.stages) {
		if strings.EqualFold(s.name, name) || strconv.Itoa(i) == name {
			return s
		}
	}
	return nil
}

// env reads NAME=VALUE..., or NAME VALUE.
func (d *docker) env(s *stage, text string) {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return
	}
	if !strings.Contains(fields[0], "=") {
		rest := strings.TrimSpace(strings.TrimPrefix(text, fields[0]))
		d.setEnv(s, fields[0], rest)
		return
	}
	for _, field := range fields {
		if name, value, ok := strings.Cut(field, "="); ok {
			d.setEnv(s, name, strings.Trim(value, `"'`))
		}
	}
}

func (d *docker) setEnv(s *stage, name, value string) {
	if name == "PATH" {
		value = strings.ReplaceAll(strings.ReplaceAll(value, "${PATH}", "/usr/bin"), "$PATH", "/usr/bin")
	}
	value = expandDocker(value, s.vars)
	if name != "PATH" && commands.Risky(name, value) || name == "PATH" && strings.Contains(value, words.Hole) {
		s.state = s.state.Spoil("ENV sets " + name)
	}
	s.vars[name] = value
}

// job is the job that a stage is.
func (d *docker) job(s *stage) *commands.Job {
	return &commands.Job{Artifacts: d.side, VerifyingScript: d.side.trusted, Site: facts.UseSiteDocker, ID: s.name, Roots: []string{""}, Found: d.out}
}

// copies follows COPY and ADD.
func (d *docker) copies(s *stage, in dockerfile.Instruction) {
	list := in.JSON
	if list == nil {
		text := in.Text
		if len(in.Documents) > 0 {
			text, _, _ = strings.Cut(text, "\n")
		}
		list = strings.Fields(text)
	}
	if len(list) < 2 {
		return
	}
	for i := range list {
		list[i] = expandDocker(strings.Trim(list[i], `"'`), s.vars)
	}
	sources, to := list[:len(list)-1], list[len(list)-1]
	dest := flow.Join(s.dir, to)
	if strings.Contains(dest, words.Hole) {
		dest = "/" + words.Hole
	}
	intoFolder := len(sources) > 1 || strings.HasSuffix(to, "/") || to == "." || dest == s.dir
	from, fromStage := (*stage)(nil), false
	parents := false
	for _, f := range in.Flags {
		switch f.Name {
		case "from":
			fromStage = true
			from = d.stage(expandDocker(f.Value, s.vars))
		case "parents":
			parents = true
		}
	}
	job := d.job(s)
	sh := &commands.Shell{Job: job, At: commands.Place{File: d.file, Source: d.source}, Container: true, Built: true}
	for i, source := range sources {
		if strings.Contains(source, "://") || strings.HasPrefix(source, "<<") || strings.HasPrefix(source, "git@") {
			s.add(commands.Mount{Inside: path.Join(dest, path.Base(source))})
			continue
		}
		offset := in.At
		if at := strings.Index(in.Text, lastElement(sources[i])); at >= 0 {
			offset = in.At + at
		}
		if fromStage {
			d.copiedFrom(s, from, source, dest, intoFolder)
			continue
		}
		contexts := d.contexts
		found := false
		for k, context := range contexts {
			rel := path.Join(context, strings.TrimPrefix(path.Clean("/"+source), "/"))
			if rel == "." {
				rel = ""
			}
			if t, is := job.Known(flow.Root, flow.Root, rel, true); is && !found {
				found = true
				if k > 0 && t.How == facts.UseHowExact {
					t.How = facts.UseHowWorkdir
				}
				sh.RecordAt(facts.UseKindCopy, t, offset, s.state)
			}
		}
		for _, context := range slices.Backward(contexts) {
			rel := path.Join(context, strings.TrimPrefix(path.Clean("/"+source), "/"))
			s.add(d.placed(rel, source, dest, intoFolder, parents)...)
		}
	}
}

// lastElement is a text to look a source up by, without what was expanded in it.
func lastElement(source string) string {
	text, _, _ := strings.Cut(source, words.Hole)
	return text
}

// placed are the paths of an image at which a source is then.
func (d *docker) placed(rel, source, dest string, intoFolder, parents bool) []commands.Mount {
	base := path.Base(rel)
	switch {
	case parents:
		return []commands.Mount{{Inside: path.Join(dest, path.Clean(source)), There: rel}}
	case strings.ContainsAny(base, "*?["):
		return []commands.Mount{{Inside: dest, There: path.Dir(rel)}}
	case d.side.isDirectory(rel):
		return []commands.Mount{{Inside: dest, There: rel}}
	case intoFolder:
		return []commands.Mount{{Inside: path.Join(dest, base), There: rel}}
	}
	// The destination may be a folder that is there.
	return []commands.Mount{{Inside: path.Join(dest, base), There: rel}, {Inside: dest, There: rel}}
}

// copiedFrom follows COPY --from.
func (d *docker) copiedFrom(s, from *stage, source, dest string, intoFolder bool) {
	if from == nil { // an image, or a context that is not known
		s.add(commands.Mount{Inside: path.Join(dest, path.Base(source))})
		if !intoFolder {
			s.add(commands.Mount{Inside: dest})
		}
		return
	}
	full := flow.Join("/", source)
	for _, m := range from.mounts {
		switch {
		case m.Inside == full || strings.HasPrefix(m.Inside, strings.TrimSuffix(full, "/")+"/"):
			rest := strings.TrimPrefix(strings.TrimPrefix(m.Inside, full), "/")
			if rest == "" && intoFolder {
				rest = path.Base(source)
			}
			s.add(commands.Mount{Inside: path.Join(dest, rest), There: m.There})
		case m.There != "" && (m.Inside == "/" || strings.HasPrefix(full, m.Inside+"/")):
			there := path.Join(m.There, strings.TrimPrefix(full, strings.TrimSuffix(m.Inside, "/")))
			if intoFolder && !d.side.isDirectory(there) {
				s.add(commands.Mount{Inside: path.Join(dest, path.Base(source)), There: there})
			} else {
				s.add(commands.Mount{Inside: dest, There: there})
			}
		}
	}
}

// runs follows RUN, CMD and ENTRYPOINT, and returns what holds after the first.
func (d *docker) runs(s *stage, in dockerfile.Instruction, v commands.State) commands.State {
	mounts := s.mounts
	for _, f := range in.Flags {
		if f.Name == "mount" {
			mounts = d.mounted(mounts, f.Value, s)
		}
	}
	sh := &commands.Shell{
		Job: d.job(s), At: commands.Place{File: d.file, Source: d.source, At: func(offset int) int { return in.At + offset }},
		Container: true, Built: true, Mounts: mounts,
	}
	script := flow.Script{Text: in.Text, Dir: s.dir, Vars: s.vars, ErrExit: s.shell.errexit, PipeFail: s.shell.pipefail}
	switch {
	case in.JSON != nil:
		script.Text = quotedWords(in.JSON)
		sh.At.At = func(offset int) int { return in.At }
		script.ErrExit, script.PipeFail = false, false
	case len(in.Documents) == 1 && strings.HasPrefix(in.Text, "<<"):
		body := in.Documents[0]
		script.Text = body.Body
		sh.At.At = func(offset int) int { return body.At + offset }
		if strings.HasPrefix(body.Body, "#!") {
			line, _, _ := strings.Cut(body.Body, "\n")
			k := readShell(strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(line, "#!")), "/usr/bin/env "), false)
			script.ErrExit, script.PipeFail = k.errexit && strings.Contains(line, "-"), k.pipefail
			if k.language == "other" {
				return v
			}
		}
	case s.shell.language != "bash":
		script.Text = foreignLines(in.Text)
	}
	if s.shell.unknown && in.JSON == nil {
		v = v.SpoilScript("the shell is not known")
	}
	end, err := flow.Follow[commands.State](script, sh, v)
	if err != nil {
		first, _, _ := strings.Cut(strings.ToLower(in.Text), " ")
		if s.shell.language != "bash" || slices.Contains([]string{"powershell", "pwsh", "cmd", "powershell.exe", "cmd.exe"}, first) {
			return v
		}
		offset := 0
		var bad *flow.Error
		if errors.As(err, &bad) {
			offset = bad.Offset
		}
		line, _ := sh.At.Position(offset)
		d.unread(d.file, "the command cannot be parsed: "+err.Error(), line, in.Text)
		return v.Change("")
	}
	if !end.Reached {
		return v
	}
	return end.OK.EndScript()
}

// mounted adds what RUN --mount mounts of the context.
func (d *docker) mounted(mounts []commands.Mount, value string, s *stage) []commands.Mount {
	kind, from, source, target := "bind", "", ".", ""
	for field := range strings.SplitSeq(value, ",") {
		key, text, _ := strings.Cut(field, "=")
		text = expandDocker(text, s.vars)
		switch key {
		case "type":
			kind = text
		case "from":
			from = text
		case "source", "src":
			source = text
		case "target", "dst", "destination":
			target = text
		}
	}
	if kind != "bind" || target == "" || from != "" {
		return mounts
	}
	mounts = slices.Clone(mounts)
	for _, context := range slices.Backward(d.contexts) {
		rel := path.Join(context, strings.TrimPrefix(path.Clean("/"+source), "/"))
		mounts = append(mounts, commands.Mount{Inside: flow.Join(s.dir, target), There: rel})
	}
	return mounts
}

// expandDocker replaces variables as a Dockerfile does; those that are not known are holes.
func expandDocker(text string, vars map[string]string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 >= len(text) {
			b.WriteByte(text[i])
			continue
		}
		name, end, fallback, hasFallback := "", i+1, "", false
		if text[i+1] == '{' {
			closed := strings.IndexByte(text[i:], '}')
			if closed < 0 {
				b.WriteString(words.Hole)
				break
			}
			name, end = text[i+2:i+closed], i+closed+1
			if n, f, ok := strings.Cut(name, ":-"); ok {
				name, fallback, hasFallback = n, f, true
			} else if strings.ContainsAny(name, ":#%/") {
				name = ""
			}
		} else {
			for end < len(text) && (text[end] == '_' || text[end] >= '0' && text[end] <= '9' || text[end] >= 'A' && text[end] <= 'Z' || text[end] >= 'a' && text[end] <= 'z') {
				end++
			}
			name = text[i+1 : end]
		}
		switch value, known := vars[name]; {
		case known && b.Len()+len(value) < 4096:
			b.WriteString(value)
		case hasFallback:
			b.WriteString(fallback)
		default:
			b.WriteString(words.Hole)
		}
		i = end - 1
	}
	return b.String()
}

// quotedWords writes words as a command of the shell.
func quotedWords(list []string) string {
	quoted := make([]string, len(list))
	for i, word := range list {
		quoted[i] = shellquote.Word(word)
	}
	return strings.Join(quoted, " ")
}
