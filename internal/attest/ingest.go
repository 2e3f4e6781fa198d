package attest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/incoming"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/txn"
)

// maxNameBytes is the longest name of a file on the file systems in use.
const maxNameBytes = 255

// A Judge returns the denials of artifacts, in the work tree after the change. Artifacts without
// a denial are imported.
type Judge func(ctx context.Context, c txn.Change, paths []artifact.Path) (map[artifact.Path][]incoming.Finding, error)

// An Ingestion has the files of one ingest, and the judge.
type Ingestion struct {
	Incoming []incoming.File
	Resolve  func(artifact.Path) (Options, error)
	Judge    Judge
	Now      time.Time
	// NewID names a quarantine: no two calls give the same.
	NewID func() (string, error)
	// Strict means that nothing is quarantined: denied files stay where they are.
	Strict bool
	// Also returns a file to write together with an imported one.
	Also func(Attested) (txn.File, error)
}

// An Ingested is the result for every incoming file.
type Ingested struct {
	Attested    []Attested
	Quarantined []incoming.Quarantined
	Denied      []incoming.Quarantined // denied files that stay where they are
	Left        []incoming.Left
}

// Ingest attests each file for its new path, has the resulting tree judged, and moves files
// without denials there, read-only; the others go to quarantine with the reasons. Everything
// is done, or nothing.
func Ingest(ctx context.Context, root, gitDir string, in Ingestion) (Ingested, error) {
	w, err := txn.Begin(ctx, root, gitDir)
	if err != nil {
		return Ingested{}, err
	}
	defer w.End()
	g := ingest{Ingestion: in}
	if g.batch, err = newBatch(root, gitDir); err != nil {
		return Ingested{}, err
	}
	for _, a := range in.Incoming {
		g.batch.named[a.To] = true
		g.batch.from[a.To] = a.From
	}
	if err := g.stage(ctx); err != nil {
		return Ingested{}, err
	}
	if err := g.judge(ctx); err != nil {
		return Ingested{}, err
	}
	c, err := g.change()
	if err == nil && !c.Empty() {
		err = w.Commit(ctx, c)
	}
	if err != nil {
		return Ingested{}, err
	}
	return g.result, nil
}

// A candidate is an incoming file with the files to write for it.
type candidate struct {
	incoming.File
	came     []txn.File // its companions as they came, where they are to stand
	test     []txn.File // its test as it came, which the record that came may sign
	files    []txn.File
	removes  []txn.RawPath
	inputs   []artifact.Path
	entry    ledger.Entry
	attested Attested
	seen     txn.State // the file that was hashed
	gone     bool      // there was none any more
}

// A reject is an incoming file that is not imported.
type reject struct {
	incoming.File
	reason   string
	findings []incoming.Finding
	taken    bool // nothing is wrong with it: its path is taken
}

type ingest struct {
	Ingestion
	batch      *batch
	candidates []candidate
	rejects    []reject
	result     Ingested
}

// stage attests the incoming files in memory, on all cores, and classifies them in order.
func (g *ingest) stage(ctx context.Context) error {
	options, unresolved := make([]Options, len(g.Incoming)), make([]error, len(g.Incoming))
	for i, a := range g.Incoming {
		if err := ctx.Err(); err != nil {
			return err
		}
		options[i], unresolved[i] = g.Resolve(a.To)
	}
	candidates := make([]candidate, len(g.Incoming))
	all, moved := g.batch.composeAll(ctx, len(g.Incoming), func(i int, buf []byte) (c composed) {
		candidates[i], c.err = g.compose(g.Incoming[i], options[i], unresolved[i], buf)
		return c
	})
	if moved != nil {
		return moved
	}
	for i := range all {
		if err := g.classify(candidates[i], all[i].err); err != nil {
			return err
		}
	}
	return nil
}

// classify makes an incoming file a candidate. A file that cannot be attested is rejected; one
// that is still being written is skipped.
func (g *ingest) classify(c candidate, err error) error {
	a := c.File
	if c.gone {
		g.result.Left = append(g.result.Left, incoming.Left{Path: incoming.Quote(string(a.From)), Reason: "is there no more; another run took it"})
		return err
	}
	if err == nil {
		g.candidates = append(g.candidates, c)
		return nil
	}
	var refused *RefusedError
	var named *artifact.PathError
	var taken *takenError
	switch {
	case errors.As(err, &taken):
		g.rejects = append(g.rejects, reject{File: a, reason: taken.Error(), taken: true})
	case errors.As(err, &refused) && refused.Unsettled:
		g.result.Left = append(g.result.Left, incoming.Left{Path: incoming.Quote(string(a.From)), Reason: refused.Reason})
	case errors.Is(err, fs.ErrPermission):
		g.result.Left = append(g.result.Left, incoming.Left{Path: incoming.Quote(string(a.From)), Reason: "cannot be read: permission denied"})
	case errors.As(err, &refused):
		g.reject(a, refused.Path+" "+refused.Reason, nil)
	case errors.As(err, &named):
		g.reject(a, named.Error(), nil)
	case errors.Is(err, unix.ENAMETOOLONG), errors.Is(err, unix.ENOTDIR):
		g.reject(a, "there is no place for it: "+err.Error(), nil)
	default:
		return err
	}
	return nil
}

func (g *ingest) reject(a incoming.File, reason string, findings []incoming.Finding) {
	g.rejects = append(g.rejects, reject{File: a, reason: reason, findings: findings})
}

// compose attests an incoming file as if it were at its new path.
func (g *ingest) compose(a incoming.File, o Options, unresolved error, buf []byte) (candidate, error) {
	b := g.batch
	c := candidate{File: a}
	if _, there, err := b.work.Lstat(a.From.Path()); err != nil || !there {
		c.gone = true
		return c, err
	}
	if _, err := artifact.ParsePath(a.To.String()); err != nil {
		return c, err
	}
	if len(path.Base(string(a.From)))+len(txn.Staged("x.vaulttime.json")) > maxNameBytes {
		return c, &RefusedError{Path: a.To.String(), Reason: "has a name that is too long for its companions' names"}
	}
	if unresolved != nil {
		return c, unresolved
	}
	made := b.compose(a.To, o, a.Companions, buf)
	if made.err != nil {
		return c, made.err
	}
	c.files, c.inputs, c.attested, c.entry, c.seen = made.files, made.inputs, made.attested, made.entry, made.seen
	if err := g.refuseOther(a, c.attested.SHA256, buf); err != nil {
		return c, err
	}
	if a.Anew {
		return c, nil
	}
	for _, kind := range slices.Sorted(maps.Keys(a.Companions)) {
		c.removes = append(c.removes, a.Companions[kind])
		data, _, _, err := b.work.Read(a.Companions[kind].Path(), maxCompanionBytes)
		if err != nil {
			return c, err
		}
		if kind == artifact.Test { // what it does is judged where it stands
			c.test = []txn.File{{Path: a.To.Companion(kind), Mode: 0o755, Data: data}}
			continue
		}
		c.came = append(c.came, txn.File{Path: a.To.Companion(kind), Mode: 0o644, Data: data})
	}
	return c, nil
}

// refuseOther refuses to replace verified content by another one (P3).
func (g *ingest) refuseOther(a incoming.File, want artifact.Digest, buf []byte) error {
	f, before, err := g.batch.work.Open(a.To)
	if errors.Is(err, fs.ErrNotExist) || err == nil && a.Replace {
		if err == nil {
			f.Close()
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	standing, _, err := f.Digest(before, buf, g.batch.count)
	if err == nil && standing != want {
		err = &takenError{a.To}
	}
	return err
}

// A takenError is an incoming file whose path has a file with other content.
type takenError struct{ to artifact.Path }

func (e *takenError) Error() string {
	return fmt.Sprintf("%s exists with other content, and a verified file is not replaced", e.to)
}

// judge rejects denied files: first with the companions that came with them, then with the new
// ones. Files that were made from a rejected one are judged again.
func (g *ingest) judge(ctx context.Context) error {
	if err := g.judgeOnce(ctx, true); err != nil {
		return err
	}
	for again := true; again; {
		before := len(g.rejects)
		if err := g.judgeOnce(ctx, false); err != nil {
			return err
		}
		gone := map[artifact.Path]bool{}
		for _, r := range g.rejects {
			gone[r.To] = true
		}
		again = len(g.rejects) > before && slices.ContainsFunc(g.candidates, func(c candidate) bool {
			return slices.ContainsFunc(c.inputs, func(p artifact.Path) bool { return gone[p] })
		})
	}
	return nil
}

// The kinds of findings that count differently for companions as they came.
const (
	incomplete = "incomplete" // the manifest leaves something out: attesting adds it, and it is judged then
	otherTest  = "test"       // the test is not the one that the record that came along signs
)

func (g *ingest) judgeOnce(ctx context.Context, asCame bool) error {
	var paths []artifact.Path
	for _, c := range g.candidates {
		if !asCame || len(c.came) > 0 {
			paths = append(paths, c.To)
		}
	}
	if len(paths) == 0 {
		return nil
	}
	staged, err := g.staged(asCame)
	if err != nil {
		return err
	}
	findings, err := g.Judge(ctx, staged, paths)
	if err != nil {
		return err
	}
	var left []candidate
	for _, c := range g.candidates {
		against := findings[c.To]
		if asCame {
			against = slices.DeleteFunc(slices.Clone(against), func(f incoming.Finding) bool {
				asked := c.came
				if f.Kind == otherTest {
					asked = slices.Concat(c.came, c.test)
				}
				return f.Kind == incomplete || !slices.ContainsFunc(asked, func(came txn.File) bool { return came.Path.String() == f.File })
			})
		}
		if len(against) == 0 {
			left = append(left, c)
			continue
		}
		g.reject(c.File, against[0].Message, against)
	}
	g.candidates = left
	return nil
}

// staged returns the change that imports all candidates; with asCame, with the companions that
// came with them and without ledger entries.
func (g *ingest) staged(asCame bool) (txn.Change, error) {
	var c txn.Change
	listed := g.candidates
	if asCame {
		listed = nil
	}
	file, err := g.ledger(listed)
	if err != nil {
		return c, err
	}
	c.Files = append(c.Files, file)
	for i, x := range g.candidates {
		c.Moves = append(c.Moves, txn.Move{From: x.From, To: x.To, Mode: 0o444, Replace: true, Seen: &g.candidates[i].seen})
		if asCame {
			c.Files = append(c.Files, slices.Concat(x.came, x.test)...)
			continue
		}
		c.Files = append(c.Files, x.files...)
		c.Removes = append(c.Removes, x.removes...)
	}
	return c, nil
}

// ledger is the one that lists the candidates too, and no reject.
func (g *ingest) ledger(listed []candidate) (txn.File, error) {
	l, err := readLedger(g.batch.work)
	if err != nil {
		return txn.File{}, err
	}
	for _, c := range listed {
		l.Set(c.entry)
	}
	text := l.Encode()
	if _, _, err := ledger.Decode(text); err != nil {
		return txn.File{}, fmt.Errorf("write %s: %w", ledger.Path, err)
	}
	return txn.File{Path: ledger.Path, Mode: 0o644, Data: text}, nil
}

// change returns the whole change, and fills in the result.
func (g *ingest) change() (txn.Change, error) {
	var c txn.Change
	var err error
	if len(g.candidates) > 0 {
		if c, err = g.staged(false); err != nil {
			return c, err
		}
	}
	for _, x := range g.candidates {
		g.result.Attested = append(g.result.Attested, x.attested)
		if g.Also != nil {
			f, err := g.Also(x.attested)
			if err != nil {
				return c, err
			}
			c.Files = append(c.Files, f)
		}
	}
	slices.SortFunc(g.rejects, func(a, b reject) int { return strings.Compare(string(a.From), string(b.From)) })
	mover := incoming.Mover{Work: g.batch.work, NewID: g.NewID}
	for _, r := range g.rejects {
		if g.Strict || r.taken {
			d := incoming.Quarantined{Path: incoming.Quote(string(r.From)), Reason: r.reason, Findings: r.findings}
			if r.taken {
				d.Taken = r.To.String()
			}
			g.result.Denied = append(g.result.Denied, d)
			continue
		}
		q, err := mover.Add(&c, incoming.Rejected{
			From: r.From, To: r.To, Companions: r.Companions, By: "ingest", Reason: r.reason, Findings: r.findings, Now: g.Now,
		})
		var refused *RefusedError
		if errors.As(err, &refused) && refused.Unsettled { // it changed since
			g.result.Left = append(g.result.Left, incoming.Left{Path: incoming.Quote(string(r.From)), Reason: refused.Reason})
			continue
		}
		if err != nil {
			return c, err
		}
		g.result.Quarantined = append(g.result.Quarantined, q)
	}
	return c, nil
}
