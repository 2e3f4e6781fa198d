package measure

import (
	"context"
	"fmt"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A baseRecord is the artifact's record in the base commit.
type baseRecord struct {
	state  facts.RecordState
	record *vaulttime.Record // nil: none can be read; of two, the one approved last
	all    []*vaulttime.Record
	unread [][]byte       // the texts that cannot be read; nil for a file whose bytes are unknown
	text   facts.Sameness // its bytes and the head's
	placed bool           // it is the head's, byte for byte and at the same path
}

// has reports whether the record had a field: present, absent, or unknown if the record cannot
// be read and may have had it. An unreadable record never counts as weaker than the content
// that it may hide.
func (b baseRecord) has(field string, in func(*vaulttime.Record) bool) facts.FieldState {
	for _, r := range b.all {
		if in(r) {
			return "present"
		}
	}
	for _, text := range b.unread {
		if vaulttime.MayHave(text, field) {
			return "unknown"
		}
	}
	return "absent"
}

// readBaseRecord reads the artifact's record in the base, from both possible paths.
func (c *Collector) readBaseRecord(ctx context.Context, s *subject) (baseRecord, error) {
	b := baseRecord{state: "absent", text: "absent"}
	id := c.blobID(&s.recordFile)
	found := 0
	places, n := c.inBase(s.path, artifact.VaultTime)
	for _, p := range places[:n] {
		entry, there, err := c.o.Base.Lookup(ctx, p)
		if err != nil {
			return b, fmt.Errorf("look up the base's %s: %w", p, err)
		}
		if !there {
			continue
		}
		found++
		if id != "" && b.text == "absent" {
			b.text = "differs"
		}
		if same := id != "" && entry.Kind == trees.File && entry.OID == id; same {
			b.text = "same"
			b.placed = b.placed || s.recordFile.Path == p.String()
			if s.record != nil {
				b.add(s.record)
				continue
			}
		}
		if err := c.readBase(ctx, p, &b); err != nil {
			return b, err
		}
	}
	switch {
	case len(b.unread) > 0:
		b.state = "unread"
	case found > 1:
		b.state = "twice"
	case found == 1:
		b.state = "valid"
	}
	return b, nil
}

func (c *Collector) readBase(ctx context.Context, p artifact.Path, b *baseRecord) error {
	file, err := document.Read(ctx, c.o.Base, p, document.MaxCompanionBytes)
	if err != nil {
		return fmt.Errorf("read the base's %s: %w", p, err)
	}
	if file.State != "valid" {
		b.unread = append(b.unread, nil)
		return nil
	}
	r, _, err := vaulttime.DecodeRecord(file.Data)
	if err != nil {
		b.unread = append(b.unread, append([]byte{}, file.Data...))
		return nil
	}
	b.add(&r)
	return nil
}

func (b *baseRecord) add(r *vaulttime.Record) {
	b.all = append(b.all, r)
	if b.record == nil || compareTimes(b.record, r) < 0 {
		b.record = r
	}
}

// compareTimes orders records by the time of their approval, then by that of their renewal.
func compareTimes(a, b *vaulttime.Record) int {
	if order := a.ApprovedAt().Compare(b.ApprovedAt().Time); order != 0 {
		return order
	}
	return a.Timestamp.Compare(b.Timestamp.Time)
}

// inBase returns the paths, n of them, at which the base may have a companion.
func (c *Collector) inBase(p artifact.Path, kind artifact.Companion) (places [2]artifact.Path, n int) {
	places[0] = p.Companion(kind)
	if !c.BaseMirrored {
		return places, 1
	}
	places[1] = p.MirroredCompanion(kind)
	return places, 2
}

// blobID returns the object id of a file that was read, or "" if its bytes are unknown.
func (c *Collector) blobID(f *document.File) string {
	switch {
	case f.State == "twice", f.Entry.Kind != trees.File:
		return ""
	case f.Entry.OID != "":
		return f.Entry.OID
	case f.Data == nil:
		return ""
	}
	if f.ID == "" {
		f.ID = c.o.Repository.BlobID(f.Data)
	}
	return f.ID
}

// companionChange compares a companion's bytes with the base's, at either of its two paths:
// same, differs, or absent if one side has none.
func (c *Collector) companionChange(ctx context.Context, s *subject, kind artifact.Companion, f *document.File) (facts.Sameness, error) {
	if f.State == "absent" || f.Path == "" {
		return "absent", nil
	}
	id, change := c.blobID(f), facts.SamenessAbsent
	places, n := c.inBase(s.path, kind)
	for _, p := range places[:n] {
		entry, there, err := c.o.Base.Lookup(ctx, p)
		if err != nil {
			return "", fmt.Errorf("look up the base's %s: %w", p, err)
		}
		switch {
		case !there:
		case id != "" && entry.Kind == trees.File && entry.OID == id:
			return "same", nil
		default:
			change = "differs"
		}
	}
	return change, nil
}

// rollback compares the times of the record in the tree with those of the base's record. A
// renewal in the ref does not count: it would hide that a change brings an earlier record back.
func (c *Collector) rollback(s *subject) facts.Rollback {
	b, record := s.in.Base, s.inTree
	switch {
	case b == nil:
		return "new"
	case b.Attested != "absent" && record.AttestedAt == nil:
		return "undated"
	case s.before.record != nil:
		if compareTimes(record, s.before.record) < 0 {
			return "back"
		}
		return "forward"
	case s.before.state != "unread":
		return "new"
	}
	// The base's record cannot be read. Its ledger entry was written at the same time.
	verified, err := vaulttime.ParseTime(b.VerifiedAt)
	switch {
	case err != nil:
		return "new"
	case record.ApprovedAt().Before(verified.Time):
		return "back"
	}
	return "forward"
}

// signedDigest compares a companion's bytes with the digest in the record.
func signedDigest(recorded *artifact.Digest, there bool, actual artifact.Digest) facts.Comparison {
	if recorded == nil || !there {
		return "absent"
	}
	return facts.Match(actual == *recorded)
}
