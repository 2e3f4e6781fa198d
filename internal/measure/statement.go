package measure

import (
	"context"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/script"
	"github.com/codexlock/codexlock/internal/script/shelltext"
)

// statement finds the statement at a place of one of the files around an artifact.
func (c *Collector) statement(s *subject) func(context.Context, facts.Place) (facts.Statement, error) {
	return func(ctx context.Context, at facts.Place) (facts.Statement, error) {
		switch at.File {
		case ledger.Path.String():
			return facts.Statement{SHA256: c.ledgerStatement(at), Kept: !c.EntriesDiffer(s.path)}, nil
		case s.path.String():
			text, err := c.text(ctx, at.File)
			if err != nil || text == nil {
				return facts.Statement{SHA256: s.digest.String(), Kept: true}, err
			}
			return facts.Statement{SHA256: digestOf(textAt(at, text, nil)), Kept: true}, nil
		}
		p, err := artifact.ParsePath(at.File)
		if err != nil {
			return facts.Statement{}, nil // no file: nothing is the same
		}
		file, err := document.Read(ctx, c.o.Head, p, document.MaxCompanionBytes)
		if err != nil || file.State != "valid" {
			return facts.Statement{SHA256: digestOf(nil), Kept: file.State == "absent"}, err
		}
		same, err := c.sameInBase(ctx, &file)
		doc := s.docs[at.File]
		raw := func(pointer string) (string, bool) {
			if doc == nil {
				return "", false
			}
			return doc.Raw(pointer)
		}
		return facts.Statement{SHA256: digestOf(textAt(at, file.Data, raw)), Kept: same}, err
	}
}

// text is a small file of the head, nil where there is none.
func (c *Collector) text(ctx context.Context, name string) ([]byte, error) {
	file, err := document.Read(ctx, c.o.Head, artifact.Path(name), document.MaxCompanionBytes)
	if err != nil || file.State != "valid" {
		return nil, err
	}
	return file.Data, nil
}

// ledgerStatement is what the ledger says at a place inside one entry. Any other
// place is where an entry is missing, and the rest of the ledger is about others.
func (c *Collector) ledgerStatement(at facts.Place) string {
	if !at.Pointed || !strings.HasPrefix(at.Pointer, "/artifacts/") || c.Ledger.Doc == nil {
		return digestOf(nil)
	}
	raw, _ := c.Ledger.Doc.Raw(at.Pointer)
	return digestOf([]byte(raw))
}

// textAt is the text at a place: a value of a document, a statement of a script, a
// line of any other text, or else the whole of it.
func textAt(at facts.Place, text []byte, raw func(string) (string, bool)) []byte {
	switch {
	case at.Pointed && at.Pointer != "" && raw != nil:
		if value, ok := raw(at.Pointer); ok {
			return []byte(value)
		}
	case at.Line > 0 && script.Is(at.File, text):
		return shelltext.Statement(text, at.Line, at.Column)
	case at.Line > 0:
		return shelltext.Line(text, at.Line)
	}
	return text
}

func digestOf(text []byte) string { return artifact.HashBytes(text).String() }
