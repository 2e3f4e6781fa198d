package use

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/owned"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A state is a file that remembers the newest times of each artifact that was used, so that
// an older artifact is not taken again though its record has not expired. Each line has the
// timestamp of a record, the time when its content was approved, and the path of the
// artifact. Lines are only added.
type state struct {
	name  string
	times map[artifact.Path]times
}

// times are the newest times of an artifact.
type times struct{ timestamp, approved vaulttime.Time }

// maxStateBytes bounds a state file: some 500,000 lines.
const maxStateBytes = 64 << 20

// openState reads a state file; a missing one is empty.
func openState(name string) (*state, error) {
	s := &state{name: name, times: map[artifact.Path]times{}}
	f, err := owned.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("state file: %w", err)
	}
	defer f.Close()
	_, err = s.read(f)
	return s, err
}

// read reads the lines, and returns the length of the whole ones. A last line without its
// end was not written to its end, so the use that it is of did not begin.
func (s *state) read(f io.Reader) (whole int64, err error) {
	data, err := io.ReadAll(io.LimitReader(f, maxStateBytes+1))
	if err != nil {
		return 0, fmt.Errorf("state file: %w", err)
	}
	if len(data) > maxStateBytes {
		return 0, hinted("keep the last line of each path", "state file %s: has over %d bytes", s.name, maxStateBytes)
	}
	end := bytes.LastIndexByte(data, '\n') + 1
	for n, line := range strings.Split(strings.TrimSuffix(string(data[:end]), "\n"), "\n") {
		if end == 0 {
			break
		}
		p, t, err := parseState(line)
		if err != nil {
			return 0, hinted("correct the line, or begin a new file", "state file %s:%d: %w", s.name, n+1, err)
		}
		s.add(p, t)
	}
	return int64(end), nil
}

func parseState(line string) (artifact.Path, times, error) {
	parts := strings.SplitN(line, " ", 3)
	if len(parts) != 3 {
		return "", times{}, errors.New("want a timestamp, a time of approval and a path")
	}
	timestamp, err := vaulttime.ParseTime(parts[0])
	if err != nil {
		return "", times{}, err
	}
	approved, err := vaulttime.ParseTime(parts[1])
	if err != nil {
		return "", times{}, err
	}
	p, err := artifact.ParsePath(parts[2])
	return p, times{timestamp, approved}, err
}

// add takes the later times.
func (s *state) add(p artifact.Path, t times) {
	known := s.times[p]
	if t.timestamp.After(known.timestamp.Time) {
		known.timestamp = t.timestamp
	}
	if t.approved.After(known.approved.Time) {
		known.approved = t.approved
	}
	s.times[p] = known
}

// checkRollback denies a record that is older than one that was used before.
func (v *Verifier) checkRollback(h *Held) error {
	if v.state == nil {
		return nil
	}
	known, ok := v.state.times[h.Path]
	switch r := h.Record; {
	case !ok:
	case r.Timestamp.Before(known.timestamp.Time):
		return v.deny(h, "vaulttime.rollback", "find out who put the older record there", "its VaultTime record is dated %s, and one of %s was used here before", r.Timestamp, known.timestamp)
	case r.ApprovedAt().Before(known.approved.Time):
		return v.deny(h, "vaulttime.rollback", "find out who put the older content there", "its content was attested at %s, and one of %s was used here before", r.ApprovedAt(), known.approved)
	}
	return nil
}

// remember adds the times of a record that is about to be used, on the disk.
func (s *state) remember(p artifact.Path, r vaulttime.Record) error {
	now := times{r.Timestamp, r.ApprovedAt()}
	if known, ok := s.times[p]; ok && known == now {
		return nil
	}
	f, err := owned.Append(s.name)
	if err != nil {
		return fmt.Errorf("state file: %w", err)
	}
	defer f.Close()
	whole, err := s.read(f)
	if err == nil {
		err = f.Truncate(whole)
	}
	if err == nil {
		_, err = f.WriteAt(fmt.Appendf(nil, "%s %s %s\n", now.timestamp, now.approved, p), whole)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return fmt.Errorf("state file %s: %w", s.name, err)
	}
	s.add(p, now)
	return nil
}
