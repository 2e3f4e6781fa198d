package measure

import (
	"context"
	"fmt"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
)

// A standardScript is ingest_archive.test.sh of the head. Every short test calls it, so it
// is read and judged once.
type standardScript struct {
	mu          sync.Mutex
	read        bool
	fact        facts.GateScript
	text        []byte // nil where it is no file that can be read
	verifiesOne bool   // an init wrote it, with --verify PATH

	judging        sync.Mutex // held while the script is measured as an artifact, which has a test too
	judged, proved bool       // whether the rules were asked about it as an artifact, and their answer
}

// standardScript returns the script with what is known of it before any rule was asked.
func (c *Collector) standardScript(ctx context.Context) (*standardScript, error) {
	s := &c.standard
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read {
		return s, nil
	}
	file, err := document.Read(ctx, c.o.Head, artifacttest.IngestPath, document.MaxCompanionBytes)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", artifacttest.IngestPath, err)
	}
	s.fact = facts.GateScript{Path: artifacttest.IngestPath.String(), State: facts.GateScriptStatePresent, Mode: file.Entry.Mode, Origin: facts.GateScriptOriginOther}
	switch file.State {
	case "absent":
		s.fact.State, s.fact.Origin = facts.GateScriptStateAbsent, facts.GateScriptOriginAbsent
	case "irregular":
		s.fact.State = facts.GateScriptStateIrregular
	case "valid":
		s.text = file.Data
		known := false
		if known, s.verifiesOne = c.knownIngest(file.Data); known {
			s.fact.Origin = facts.GateScriptOriginInit
		} else if c.ListsContent(artifacttest.IngestPath, artifact.HashBytes(file.Data)) {
			s.fact.Origin = facts.GateScriptOriginAttested
		}
	}
	s.read = true
	return s, nil
}

// knownIngest is script.KnownIngest for a text as a commit would hold it.
func (c *Collector) knownIngest(text []byte) (known, verifiesOne bool) {
	known, verifiesOne = artifacttest.KnownIngest(artifact.HashBytes(text))
	if !known && !c.o.InObjects() {
		return artifacttest.KnownIngest(artifact.HashBytes(document.WithLF(text)))
	}
	return known, verifiesOne
}

// verifier says what verifies the artifact of a test, which delegates or does not.
func (c *Collector) verifier(ctx context.Context, delegates bool) (facts.TestVerifier, error) {
	if !delegates {
		return facts.TestVerifierTest, nil
	}
	s, err := c.standardScript(ctx)
	switch {
	case err != nil:
		return "", err
	case s.fact.Origin == facts.GateScriptOriginInit && !s.verifiesOne:
		return facts.TestVerifierOutdated, nil
	}
	return facts.TestVerifier(s.fact.Origin), nil
}

// provedScript returns the text of the script if it may be executed: an init wrote it, or
// it is an attested artifact by the answer of the rules. Otherwise it returns nil.
func (c *Collector) provedScript(ctx context.Context, judge facts.Judge) ([]byte, error) {
	s, err := c.standardScript(ctx)
	if err != nil {
		return nil, err
	}
	switch s.fact.Origin {
	case facts.GateScriptOriginInit:
		return s.text, nil
	case facts.GateScriptOriginAttested:
	default:
		return nil, nil
	}
	s.judging.Lock()
	defer s.judging.Unlock()
	if !s.judged {
		if s.proved, err = c.testIsAttested(ctx, ownTest{path: artifacttest.IngestPath, text: s.text}, judge); err != nil {
			return nil, err
		}
		s.judged = true
	}
	if !s.proved {
		return nil, nil
	}
	return s.text, nil
}
