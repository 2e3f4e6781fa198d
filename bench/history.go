package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// changed is how many artifacts differ between the two commits of a history.
const changed = 500

// companions are what stands next to an artifact, in the order of their names.
var companions = []string{".manifest.json", ".test", ".vaulttime.json"}

// A history writes, for `git fast-import`, a repository of n artifacts whose last
// commit changes some of them. Those are attested for real. The companions of the
// others, which a gate of the change never judges, are copies: manifest, record and
// ledger entry with another path and hash, the test as it is. So a repository of
// 100,000 takes seconds to make.
type history struct {
	dir     string // the work tree with the changed artifacts, in their present version
	n       int
	changed []int
	entry   string            // of the ledger, of the first changed artifact
	files   map[string]string // that artifact and its companions, by the name's end
	sha256  string            // of that artifact
}

// change is a history of n artifacts of which some changed in the last commit.
func (b *bench) change(n int) (string, error) {
	return b.history(fmt.Sprintf("change-%d", n), n, b.size(changed))
}

// history is a fixture of n artifacts of which so many changed in the last commit.
func (b *bench) history(name string, n, count int) (string, error) {
	return b.fixture(name, func(dir string) error {
		h := &history{dir: dir, n: n}
		for i := range count {
			h.changed = append(h.changed, i*n/count)
		}
		if err := b.initialize(dir); err != nil {
			return err
		}
		return h.importInto(func(version int) error {
			if err := writeArtifacts(dir, h.changed, version); err != nil {
				return err
			}
			return b.do(dir, []string{b.program, "attest", "--all"})
		})
	})
}

// importInto writes both commits. attest makes the changed artifacts of a version.
func (h *history) importInto(attest func(version int) error) error {
	cmd := exec.Command("git", "-c", "core.compression=1", "fast-import", "--quiet", "--force", "--depth=0")
	cmd.Dir, cmd.Env, cmd.Stderr = h.dir, environment(), os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	stream := bufio.NewWriterSize(input, 1<<16)
	if err = h.commits(stream, attest); err == nil {
		err = stream.Flush()
	}
	_ = input.Close() // then git ends
	if ended := cmd.Wait(); err == nil {
		err = ended
	}
	return err
}

func (h *history) commits(w io.Writer, attest func(version int) error) error {
	for version := 1; version <= 2; version++ {
		if err := attest(version); err != nil {
			return err
		}
		fmt.Fprintf(w, "commit refs/heads/main\ncommitter bench <bench@localhost> %d +0000\ndata 0\n", 1767225600+version)
		if version == 1 {
			fmt.Fprintln(w, "from refs/heads/main^0")
			if err := h.sample(); err != nil {
				return err
			}
			h.others(w)
		}
		for _, i := range h.changed {
			for _, ending := range append([]string{""}, companions...) {
				if err := h.copy(w, artifactName(i)+ending); err != nil {
					return err
				}
			}
		}
		if err := h.ledger(w); err != nil {
			return err
		}
	}
	return nil
}

// sample reads the artifact of which the others are copies.
func (h *history) sample() error {
	h.files = map[string]string{}
	for _, ending := range companions {
		text, err := os.ReadFile(filepath.Join(h.dir, artifactName(h.changed[0])+ending))
		if err != nil {
			return err
		}
		h.files[ending] = string(text)
	}
	h.sha256 = hexDigest(artifactText(h.changed[0], 1))
	return nil
}

// others writes every artifact that does not change.
func (h *history) others(w io.Writer) {
	for i := range h.n {
		if slices.Contains(h.changed, i) {
			continue
		}
		name, text := artifactName(i), artifactText(i, 1)
		put(w, name, "100644", text)
		like := strings.NewReplacer(artifactName(h.changed[0]), name, h.sha256, hexDigest(text))
		for _, ending := range companions {
			text := h.files[ending]
			if ending != ".test" { // the largest
				text = like.Replace(text)
			}
			put(w, name+ending, mode(ending), text)
		}
	}
}

// copy writes a file of the work tree.
func (h *history) copy(w io.Writer, name string) error {
	text, err := os.ReadFile(filepath.Join(h.dir, name))
	if err == nil {
		put(w, name, mode(filepath.Ext(name)), string(text))
	}
	return err
}

// ledger writes the ledger of all: the entries of the work tree, and those of the
// others, sorted by path.
func (h *history) ledger(w io.Writer) error {
	text, err := os.ReadFile(filepath.Join(h.dir, "Codex-Lock.json"))
	if err != nil {
		return err
	}
	entries, err := ledgerEntries(string(text))
	if err != nil {
		return err
	}
	first := artifactName(h.changed[0])
	for i := range h.n {
		if name := artifactName(i); entries[name] == "" {
			if h.entry == "" {
				h.entry = entries[first]
			}
			entries[name] = strings.NewReplacer(first, name, h.sha256, hexDigest(artifactText(i, 1))).Replace(h.entry)
		}
	}
	for name, entry := range entries { // as attest writes it in a ledger of this size
		if h.n >= 1000 && !strings.Contains(entry, `"inputs"`) {
			entries[name] = strings.TrimRight(entry, "\n") + ",\n      \"inputs\": \"none\"\n"
		}
	}
	put(w, "Codex-Lock.json", "100644", ledgerText(entries))
	return nil
}

// ledgerEntries are the entries of a ledger as codexlock writes it, by path.
func ledgerEntries(text string) (map[string]string, error) {
	entries := map[string]string{}
	for _, part := range strings.Split(text, "    {\n")[1:] {
		body, _, _ := strings.Cut(part, "    }")
		_, path, _ := strings.Cut(body, `"path": "`)
		path, _, found := strings.Cut(path, `"`)
		if !found {
			return nil, fmt.Errorf("the ledger has an entry without path: %s", part)
		}
		entries[path] = body
	}
	return entries, nil
}

// ledgerEnd is what follows the last entry.
const ledgerEnd = "\n  ]\n}\n"

// ledgerText is a ledger as codexlock writes it.
func ledgerText(entries map[string]string) string {
	var paths []string
	for path := range entries {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	var s strings.Builder
	s.WriteString("{\n  \"artifacts\": [\n")
	for i, path := range paths {
		if i > 0 {
			s.WriteString(",\n")
		}
		s.WriteString("    {\n" + entries[path] + "    }")
	}
	s.WriteString(ledgerEnd)
	return s.String()
}

// put writes one file into a commit of `git fast-import`.
func put(w io.Writer, name, mode, text string) {
	fmt.Fprintf(w, "M %s inline %s\ndata %d\n%s\n", mode, name, len(text), text)
}

func mode(ending string) string {
	if ending == ".test" {
		return "100755"
	}
	return "100644"
}

func hexDigest(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
