package artifacttest

import (
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
)

// TestIngestIsListed: repositories have the script, and know it by its digest. To change it,
// add its new digest at the front of ingestVersions, and keep the others.
func TestIngestIsListed(t *testing.T) {
	current := artifact.HashBytes(Ingest)
	if len(ingestVersions) < 3 || ingestVersions[0].sha256 != current.String() {
		t.Errorf("%s has SHA-256 %s: want it first in ingestVersions, before the earlier ones", IngestPath, current)
	}
	if known, verifiesOne := KnownIngest(current); !known || !verifiesOne {
		t.Errorf("the current script: known %v, verifies one artifact %v, want both", known, verifiesOne)
	}
	if known, verifiesOne := KnownIngest(artifact.HashBytes(append(Ingest[:len(Ingest):len(Ingest)], '\n'))); known || verifiesOne {
		t.Error("a script with one more line is known")
	}
	for _, v := range ingestVersions {
		if _, err := artifact.ParseDigest(v.sha256); err != nil {
			t.Errorf("%q: %v", v.sha256, err)
		}
	}
}
