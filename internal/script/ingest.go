package script

import (
	_ "embed"

	"github.com/codexlock/codexlock/internal/artifact"
)

// IngestPath is where the standard's one command stands (ZT-12).
const IngestPath artifact.Path = "ingest_archive.test.sh"

// Ingest is the script that codexlock init writes there: it runs the gate over
// everything, and fails where it cannot.
//
//go:embed ingest_archive.test.sh
var Ingest []byte
