package txn

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/artifact"
)

// planMoves refuses what is in the way, and finds out which moves have to copy.
func (w writer) planMoves(moves []Move) ([]Move, error) {
	planned := make([]Move, 0, len(moves))
	devices := map[string]uint64{}
	for _, m := range moves {
		if _, there, err := w.work.Lstat(m.To); err != nil {
			return nil, err
		} else if there && !m.Replace {
			return nil, &RefusedError{Path: m.To.String(), Reason: "exists, and a verified file is not replaced"}
		}
		from, err := w.work.device(m.From.Path().Dir(), devices)
		if err != nil {
			return nil, err
		}
		to, err := w.work.device(m.To.Dir(), devices)
		if err != nil {
			return nil, err
		}
		linked, err := w.work.linked(m.From.Path())
		if err != nil {
			return nil, err
		}
		m.Copy = m.Copy || from != to || linked
		planned = append(planned, m)
	}
	return planned, nil
}

// device is the file system of a folder, or of the one above it that is there.
func (t Tree) device(folder string, known map[string]uint64) (uint64, error) {
	if dev, ok := known[folder]; ok {
		return dev, nil
	}
	dir, err := t.enter(folder)
	if errors.Is(err, fs.ErrNotExist) && folder != "." {
		return t.device(path.Dir(folder), known)
	}
	if err != nil {
		return 0, err
	}
	defer dir.leave()
	var st unix.Stat_t
	if err := uninterrupted(func() error { return unix.Fstat(dir.fd, &st) }); err != nil {
		return 0, pathError("stat", folder, err)
	}
	known[folder] = uint64(st.Dev)
	return known[folder], nil
}

// linked reports whether a file has another name as well. Its bytes are copied
// then: what is verified must not change through a name that nobody watches.
func (t Tree) linked(p artifact.Path) (bool, error) {
	f, seen, err := t.Open(p)
	if err != nil {
		return false, err
	}
	return seen.Links > 1, f.Close()
}

// settle makes the bytes that are to be moved durable, and refuses those that
// are no more the ones that were looked at.
func (w writer) settle(ctx context.Context, moves []Move) error {
	together, folders := len(moves) >= Hooks.AtOnce, map[string]bool{}
	for _, m := range moves {
		folders[m.From.Path().Dir()] = true
		if err := ctx.Err(); err != nil {
			return err
		}
		f, now, err := w.work.Open(m.From.Path())
		if err != nil {
			return err
		}
		if m.Seen != nil && !m.Seen.Same(now) {
			err = &RefusedError{Path: string(m.From), Reason: "changed after it was read; run it again once it is finished", Unsettled: true}
		}
		if err == nil && !together {
			err = f.Sync()
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	if together {
		return w.work.syncAll(slices.Sorted(maps.Keys(folders)))
	}
	return nil
}

// stageMoves copies what is on another file system, so that it is known to fit
// before anything is decided.
func (w writer) stageMoves(ctx context.Context, moves []Move) error {
	for _, m := range moves {
		if !m.Copy {
			continue
		}
		if _, there, err := w.work.Lstat(m.From.Path()); err != nil {
			return err
		} else if !there {
			continue // an earlier run moved it
		}
		if err := w.work.copy(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// finishMoves moves what is still at its old place, and adds the folders that
// changed. A file that somebody else took away meanwhile is left to the gate to
// find.
func (w writer) finishMoves(moves []Move, folders map[string]bool) error {
	for _, m := range moves {
		folders[m.From.Path().Dir()], folders[m.To.Dir()] = true, true
		if _, there, err := w.work.Lstat(m.From.Path()); err != nil {
			return err
		} else if !there {
			continue
		}
		if err := w.finishMove(m); err != nil {
			return err
		}
	}
	return nil
}

func (w writer) finishMove(m Move) error {
	if !m.Copy {
		// Its mode comes first, so that it is never at its new place with the old one.
		if err := w.work.chmod(m.From.Path(), m.Mode); err != nil {
			return err
		}
		err := w.work.move(string(m.From), m.To.String())
		if !errors.Is(err, unix.EXDEV) {
			return err
		}
		// One file system, mounted twice, is like two.
		if err := w.work.copy(context.Background(), m); err != nil {
			return err
		}
	}
	if err := w.work.Rename(Staged(m.To), m.To.String()); err != nil {
		return err
	}
	if err := w.work.Sync(m.To.Dir()); err != nil { // before the other one goes
		return err
	}
	return w.work.Remove(string(m.From))
}

// move gives a file a name in another folder.
func (t Tree) move(from, to string) error {
	source, err := t.enter(path.Dir(from))
	if err != nil {
		return err
	}
	defer source.leave()
	return t.inFolder("move", to, func(dir int, base string) error {
		return unix.Renameat(source.fd, path.Base(from), dir, base)
	})
}

func (t Tree) chmod(p artifact.Path, mode fs.FileMode) error {
	f, _, err := t.Open(p)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := before("chmod", p.String()); err != nil {
		return err
	}
	return f.chmod(mode)
}

// copy writes the bytes of a move where it is staged.
func (t Tree) copy(ctx context.Context, m Move) error {
	from, _, err := t.Open(m.From.Path())
	if err != nil {
		return err
	}
	defer from.Close()
	return t.fill(Staged(m.To), m.Mode, true, func(f *OpenFile) error {
		if err := before("write", Staged(m.To)); err != nil {
			return err
		}
		buf := make([]byte, artifact.BufferSize)
		_, err := io.CopyBuffer(f, &patient{ctx, from}, buf)
		return err
	})
}

// A patient reader stops when nobody waits for it any more.
type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}
