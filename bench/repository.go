package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const key = "a-key-for-measuring-0123456789abcdef0123456789"

// sources is where the artifacts of every fixture are.
const sources = "assets/sources"

// do runs the commands that prepare something, which are not measured.
func (b *bench) do(dir string, commands ...[]string) error {
	for _, args := range commands {
		if _, err := b.run(&command{dir: dir, args: args}); err != nil {
			return err
		}
	}
	return nil
}

// fixture builds a repository once and returns its folder.
func (b *bench) fixture(name string, build func(dir string) error) (string, error) {
	if dir, ok := b.fixtures[name]; ok {
		return dir, nil
	}
	start := time.Now()
	dir := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Join(dir, sources), 0o755); err != nil {
		return "", err
	}
	if err := build(dir); err != nil {
		return "", fmt.Errorf("fixture %s: %w", name, err)
	}
	if b.fixtures == nil {
		b.fixtures = map[string]string{}
	}
	b.fixtures[name] = dir
	progress("fixture %s built in %s", name, time.Since(start).Round(time.Millisecond))
	return dir, nil
}

// drop removes a fixture that no later case needs.
func (b *bench) drop(name string) error {
	dir := b.fixtures[name]
	delete(b.fixtures, name)
	return os.RemoveAll(dir)
}

// initialize makes an empty repository protected, as `codexlock init` does it.
func (b *bench) initialize(dir string) error {
	return b.do(dir, []string{"git", "init", "-q", "-b", "main"}, []string{b.program, "init"},
		[]string{"git", "add", "-A"}, []string{"git", "commit", "-q", "-m", "protected"})
}

// commit commits everything, in one pack, as `git gc` leaves a repository.
func (b *bench) commit(dir, message string) error {
	return b.do(dir, []string{"git", "add", "-A"}, []string{"git", "-c", "gc.auto=0", "commit", "-q", "-m", message},
		[]string{"git", "repack", "-adq"})
}

// artifactName is the path of artifact i, a hundred folders' worth.
func artifactName(i int) string { return fmt.Sprintf("%s/%03d/a%06d.txt", sources, i%100, i) }

// artifactText is the content of artifact i in one of its versions: half a kilobyte.
func artifactText(i, version int) string {
	return strings.Repeat(fmt.Sprintf("artifact %d, version %d\n", i, version), 20)
}

// writeArtifacts writes the artifacts of the given numbers.
func writeArtifacts(dir string, numbers []int, version int) error {
	for _, i := range numbers {
		name := filepath.Join(dir, artifactName(i))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(artifactText(i, version)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func upTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

// small is a repository of n small attested artifacts, committed, with the list that
// `sha256sum -c` reads in .git/sums.
func (b *bench) small(n int) (string, error) {
	return b.fixture(fmt.Sprintf("small-%d", n), func(dir string) error {
		if err := b.initialize(dir); err != nil {
			return err
		}
		if err := writeArtifacts(dir, upTo(n), 1); err != nil {
			return err
		}
		if err := b.do(dir, []string{b.program, "attest", "--all"},
			[]string{"sh", "-c", "find " + sources + " -name '*.txt' | sort | xargs sha256sum > .git/sums"}); err != nil {
			return err
		}
		return b.commit(dir, "attested")
	})
}

// files is a repository whose attested artifacts, with this ending, are made by write,
// each of so many bytes. They are not committed: git would copy them.
func (b *bench) files(name, ending string, count, bytes int, write func(io.Writer, int) error) (string, error) {
	return b.fixture(name, func(dir string) error {
		if err := b.initialize(dir); err != nil {
			return err
		}
		for i := range count {
			if err := writeFile(filepath.Join(dir, sources, fmt.Sprintf("big%d%s", i, ending)), bytes, write); err != nil {
				return err
			}
		}
		return b.do(dir, []string{b.program, "attest", "--all"})
	})
}

func writeFile(name string, bytes int, write func(io.Writer, int) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := write(f, bytes); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// randomBytes is what a model or an archive looks like.
func randomBytes(w io.Writer, n int) error {
	random, err := os.Open("/dev/urandom")
	if err != nil {
		return err
	}
	defer random.Close()
	_, err = io.CopyN(w, random, int64(n))
	return err
}

// suspiciousText is a log in which every line has words that begin a credential, and
// none has one.
func suspiciousText(w io.Writer, n int) error {
	var lines strings.Builder
	for i := 0; lines.Len() < 1<<20; i++ {
		fmt.Fprintf(&lines, "%07d cache key of the session: token count %d, api key lookup took %d ms\n", i, i%977, i%53)
	}
	return repeat(w, lines.String(), n)
}

// mixedText is a log of requests with identifiers, paths and keys, and code between them
// that assigns keys and tokens.
func mixedText(w io.Writer, n int) error {
	var lines strings.Builder
	for i := 0; lines.Len() < 1<<20; i++ {
		fmt.Fprintf(&lines, `2026-01-%02dT%02d:%02d:%02dZ level=info component=api msg="request done" method=GET path=/v1/items/%d?page=%d status=200 duration=%dms request_id=%08x user=u%d cache_key=item:%d`+"\n",
			1+i%28, i%24, i%60, i/60%60, i, i%7, i%900, i*2654435761%(1<<32), i%999, i)
		if i%40 == 0 {
			lines.WriteString("func (s *Store) find(ctx context.Context, key string) (*Entry, error) {\n\ttoken := s.tokens[key]\n\tif !s.known(token) {\n\t\treturn nil, fmt.Errorf(\"no entry of this key: %w\", errMissing)\n\t}\n\treturn s.load(ctx, token)\n}\n")
		}
	}
	return repeat(w, lines.String(), n)
}

// suspiciousNotebook is a Jupyter notebook of n bytes at least, whose cells have such
// words: prose, code and what it printed.
func suspiciousNotebook(w io.Writer, n int) error {
	var cells strings.Builder
	for i := 0; cells.Len() < 1<<20; i++ {
		fmt.Fprintf(&cells, `  {
   "cell_type": "code",
   "execution_count": %d,
   "metadata": {},
   "outputs": [
    {
     "name": "stdout",
     "output_type": "stream",
     "text": [
`, i)
		for j := range 20 {
			fmt.Fprintf(&cells, `      "%07d cache key of the session: token count %d, api key lookup took %d ms\n",`+"\n", j, i%977, j)
		}
		cells.WriteString(`      "no key\n"
     ]
    }
   ],
   "source": [
    "# the key and the token of the \"api\" are counted\n",
    "for key, token in rows:\n",
    "    print(f\"{key} of {token}\", len(token))\n"
   ]
  },
`)
	}
	if _, err := io.WriteString(w, "{\n \"cells\": [\n"); err != nil {
		return err
	}
	if err := repeat(w, cells.String(), n); err != nil {
		return err
	}
	_, err := io.WriteString(w, `  {
   "cell_type": "markdown",
   "metadata": {},
   "source": []
  }
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 5
}
`)
	return err
}

// repeat writes a text over and over until n bytes are written, and the last one whole.
func repeat(w io.Writer, text string, n int) error {
	block := []byte(text)
	for n > 0 {
		written, err := w.Write(block)
		if err != nil {
			return err
		}
		n -= written
	}
	return nil
}
