package attest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/txn/txntest"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// manyArtifacts is a place with n attested artifacts in a hundredth as many folders.
func manyArtifacts(t testing.TB, n int, o Options) (place, []artifact.Path) {
	t.Helper()
	files, paths := map[string]string{}, make([]artifact.Path, n)
	for i := range paths {
		paths[i] = artifact.Path(fmt.Sprintf("assets/sources/%03d/a%05d.txt", i/100, i))
		files[paths[i].String()] = fmt.Sprint("artifact ", i)
	}
	p := newPlace(t, files)
	p.mustAttest(o, paths...)
	return p, paths
}

func renewal(o Options, after time.Duration) Options {
	o.Now, o.Renewal = o.Now.Add(after), true
	return o
}

// TestRenewOpensEachFileOnce bounds what a renewal opens: the artifact, its three
// companions, the record that is written, and each folder a few times for all of them.
func TestRenewOpensEachFileOnce(t *testing.T) {
	o := options(t)
	o.SignCompanions = true
	const n, folders = 300, 3
	p, paths := manyArtifacts(t, n, o)
	var opened atomic.Int64
	real := txn.Hooks.Openat
	txn.Hooks.Openat = func(dir int, name string, flags int, mode uint32) (int, error) {
		opened.Add(1)
		return real(dir, name, flags, mode)
	}
	defer func() { txn.Hooks.Openat = real }()
	p.mustAttest(renewal(o, time.Hour), paths...)
	if got, most := opened.Load(), int64(5*n+10*folders+50); got > most || got < 5*n {
		t.Errorf("%d files and folders were opened, want at most %d", got, most)
	}
}

// TestRenewVerifiesAtMostOneProof: the caller verified the records. Only a chain that
// the new record goes on with is verified here, once.
func TestRenewVerifiesAtMostOneProof(t *testing.T) {
	o := options(t)
	p, paths := manyArtifacts(t, 20, o)
	old := o.Key
	var verified atomic.Int64
	o.Key = testKey(t, "the key that replaces it, of more than 32 bytes")
	o.VerifyProof = func(r vaulttime.Record) (valid, known bool) {
		verified.Add(1)
		return old.VerifyProof(r), true
	}
	p.mustAttest(renewal(o, time.Hour), paths...)
	if n := verified.Load(); n != 0 {
		t.Errorf("%d proofs of records without a chain were verified, want none", n)
	}
}

// TestChainIsVerifiedOnce is the same for records that came through another domain.
func TestChainIsVerifiedOnce(t *testing.T) {
	first := options(t)
	p := newPlace(t, map[string]string{"x": "one"})
	p.mustAttest(first, "x")
	second, verified := first, 0
	second.Domain, second.Key = "prod", testKey(t, "another domain's key, of more than 32 bytes")
	second.Now, second.Accepts = first.Now.Add(time.Hour), func(string) bool { return true }
	second.VerifyProof = func(r vaulttime.Record) (valid, known bool) {
		verified++
		return first.Key.VerifyProof(r), true
	}
	p.mustAttest(second, "x")
	third := renewal(second, time.Hour)
	third.Key = testKey(t, "the key of prod after that, of more than 32 bytes")
	third.VerifyProof = func(r vaulttime.Record) (valid, known bool) {
		verified++
		return second.Key.VerifyProof(r), true
	}
	p.mustAttest(third, "x")
	if r := p.record("x.vaulttime.json"); verified != 2 || len(r.Chain) != 1 {
		t.Errorf("%d verifications for two attestations, and the chain has %d links", verified, len(r.Chain))
	}
}

// TestComposeAllocations bounds the work of one renewed artifact.
func TestComposeAllocations(t *testing.T) {
	o := options(t)
	o.SignCompanions = true
	p, paths := manyArtifacts(t, 1, o)
	b, err := newBatch(p.Root, p.Git)
	if err != nil {
		t.Fatal(err)
	}
	buf, later := make([]byte, artifact.BufferSize), renewal(o, time.Hour)
	later.KeyEnv = DefaultKeyEnv
	if n := testing.AllocsPerRun(50, func() {
		if c := b.compose(paths[0], later, nil, buf); c.err != nil || len(c.files) != 1 {
			t.Fatalf("%d files, %v", len(c.files), c.err)
		}
	}); n > 300 {
		t.Errorf("%v allocations, want at most 300", n)
	}
}

// TestSeveralAtOnceAreAsOneByOne attests on one core and on several: the same bytes,
// the same order, the same refusals.
func TestSeveralAtOnceAreAsOneByOne(t *testing.T) {
	o := options(t)
	var states []map[string]string
	var results []Result
	var refusals []string
	for _, cores := range []int{1, 8} {
		before := runtime.GOMAXPROCS(cores)
		p, paths := manyArtifacts(t, 250, o)
		for i := 0; i < len(paths); i += 3 {
			p.Write(paths[i].String(), "changed")
		}
		done, err := p.attest(renewed(o), append(slices.Clone(paths), paths[:10]...)...)
		if err != nil {
			t.Fatal(err)
		}
		results, states = append(results, done), append(states, p.State())
		refused := slices.Clone(paths)
		for i := 0; i < len(paths); i += 7 {
			refused[i] = artifact.Path(fmt.Sprintf("assets/sources/none/%d", i))
		}
		for i := 3; i < 200; i += 50 {
			p.Write(paths[i].Companion(artifact.Manifest).String(), "<<<<<<< a\n=======\n>>>>>>> b\n")
		}
		untouched := p.State()
		_, err = p.attest(renewed(o), refused...)
		var all *Refusals
		if !errors.As(err, &all) || len(all.Errs) != 36+4 || txntest.Difference(p.State(), untouched) != "" {
			t.Fatalf("refused: %v", err)
		}
		refusals = append(refusals, strings.ReplaceAll(err.Error(), p.Root, ""))
		runtime.GOMAXPROCS(before)
	}
	if diff := txntest.Difference(states[0], states[1]); diff != "" {
		t.Errorf("the trees differ:\n%s", diff)
	}
	if !reflect.DeepEqual(results[0], results[1]) {
		t.Error("the results differ")
	}
	if refusals[0] != refusals[1] {
		t.Errorf("the refusals differ:\n%s\n%s", refusals[0], refusals[1])
	}
}

func renewed(o Options) Options {
	o.Now = o.Now.Add(time.Hour)
	return o
}

// TestCanceledWhileComposing writes nothing.
func TestCanceledWhileComposing(t *testing.T) {
	o := options(t)
	p, paths := manyArtifacts(t, 20, o)
	before := p.State()
	ctx, cancel := context.WithCancel(context.Background())
	b, err := newBatch(p.Root, p.Git)
	if err != nil {
		t.Fatal(err)
	}
	all, err := b.composeAll(ctx, len(paths), func(i int, buf []byte) composed {
		cancel()
		return b.compose(paths[i], renewed(o), nil, buf)
	})
	if all != nil || !errors.Is(err, context.Canceled) || txntest.Difference(p.State(), before) != "" {
		t.Errorf("%d composed, %v", len(all), err)
	}
}

// TestFolderReplacedWhileComposing: what was read in a folder that did not stay in its
// place does not count, whatever took the place.
func TestFolderReplacedWhileComposing(t *testing.T) {
	for name, replace := range map[string]func(at string) error{
		"a folder":  func(at string) error { return os.Mkdir(at, 0o755) },
		"a symlink": func(at string) error { return os.Symlink("..", at) },
		"nothing":   func(string) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			p, paths := manyArtifacts(t, 3, o)
			b, err := newBatch(p.Root, p.Git)
			if err != nil {
				t.Fatal(err)
			}
			at := p.Root + "/" + paths[0].Dir()
			var done atomic.Int64
			all, err := b.composeAll(context.Background(), len(paths), func(i int, buf []byte) composed {
				c := b.compose(paths[i], renewed(o), nil, buf)
				if done.Add(1) == int64(len(paths)) {
					if err := errors.Join(os.Rename(at, at+"-was"), replace(at)); err != nil {
						t.Error(err)
					}
				}
				return c
			})
			var refused *RefusedError
			if len(all) != len(paths) || !errors.As(err, &refused) && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%d composed, %v", len(all), err)
			}
		})
	}
}
