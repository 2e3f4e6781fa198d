package measure_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/trees"
)

// A countedTree counts the files that are asked for, manifests left out.
type countedTree struct {
	trees.Tree
	asked *atomic.Int64
}

func (t countedTree) count(name string) {
	if !strings.HasSuffix(name, artifact.Manifest.Suffix()) {
		t.asked.Add(1)
	}
}

func (t countedTree) Open(ctx context.Context, p artifact.Path) (*trees.Handle, bool, error) {
	t.count(p.String())
	return t.Tree.Open(ctx, p)
}

func (t countedTree) Lookup(ctx context.Context, p artifact.Path) (trees.Entry, bool, error) {
	t.count(p.String())
	return t.Tree.Lookup(ctx, p)
}

func (t countedTree) Read(ctx context.Context, e trees.Entry, limit int64) ([]byte, error) {
	t.count(e.Path)
	return t.Tree.Read(ctx, e, limit)
}

func (t countedTree) Hash(ctx context.Context, e trees.Entry, also io.Writer) (artifact.Digest, int64, []byte, error) {
	t.count(e.Path)
	return t.Tree.Hash(ctx, e, also)
}

// TestChangeCostsWhatChanged: in a repository of four times as many artifacts, a change
// of three looks up and reads as many files. Only the manifests are all read.
func TestChangeCostsWhatChanged(t *testing.T) {
	var first int64
	for _, n := range []int{12, 48} {
		f := newFixture(t)
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("assets/sources/%d/%02d.txt", i%3, i))
			f.put(names[i], fmt.Sprint(i))
		}
		f.attest(names...)
		f.commit()
		for _, name := range names[:3] {
			f.put(name, "changed")
		}
		f.attest(names[:3]...)
		head, err := f.repo.CommitAll(t.Context(), "head", f.now)
		f.must(err)
		var asked atomic.Int64
		var trees [2]trees.Tree
		for i, c := range []git.Commit{f.base, head} {
			tree, err := f.repo.Tree(t.Context(), c)
			f.must(err)
			trees[i] = countedTree{tree, &asked}
		}
		c, err := measure.Collect(t.Context(), measure.Options{
			Options: changeset.Options{
				Repository: f.repo, Base: trees[0], Head: trees[1], HeadCommit: head.String(), Scope: facts.Changed, Config: f.conf,
			},
			BaseCommit: f.base.String(), Keys: f.keys, Now: f.now,
		})
		f.must(err)
		if c.Len() != 3 {
			t.Fatalf("%d artifacts are judged, want 3", c.Len())
		}
		for i := range c.Len() {
			_, err := c.Artifact(t.Context(), i)
			f.must(err)
		}
		_, err = c.Repository(t.Context())
		f.must(err)
		if first == 0 {
			first = asked.Load()
		}
		if asked.Load() != first || first == 0 {
			t.Errorf("of %d artifacts, %d files are looked up or read, of a quarter of them %d", n, asked.Load(), first)
		}
	}
}

// TestSameLedgerIsReadOnce: where base and head have one ledger, it is read once.
func TestSameLedgerIsReadOnce(t *testing.T) {
	f := newFixture(t)
	f.put("assets/sources/a.txt", "a")
	f.attest("assets/sources/a.txt")
	f.commit()
	f.put("README", "changed")
	head, err := f.repo.CommitAll(t.Context(), "head", f.now)
	f.must(err)
	var inHead, inBase atomic.Int64
	var trees [2]trees.Tree
	for i, c := range []git.Commit{f.base, head} {
		trees[i], err = f.repo.Tree(t.Context(), c)
		f.must(err)
	}
	_, err = measure.Collect(t.Context(), measure.Options{
		Options: changeset.Options{
			Repository: f.repo, Base: ledgerCounter{trees[0], &inBase}, Head: ledgerCounter{trees[1], &inHead}, HeadCommit: head.String(), Scope: facts.Changed, Config: f.conf,
		},
		BaseCommit: f.base.String(), Keys: f.keys, Now: f.now,
	})
	f.must(err)
	if inHead.Load() != 1 || inBase.Load() != 0 {
		t.Errorf("the head's ledger was opened %d times and the base's %d times, want 1 and 0", inHead.Load(), inBase.Load())
	}
}

// A ledgerCounter counts how often the ledger is opened.
type ledgerCounter struct {
	trees.Tree
	ledgers *atomic.Int64
}

func (t ledgerCounter) Open(ctx context.Context, p artifact.Path) (*trees.Handle, bool, error) {
	if p == "Codex-Lock.json" {
		t.ledgers.Add(1)
	}
	return t.Tree.Open(ctx, p)
}
