package artifacttest

import (
	_ "embed"

	"github.com/codexlock/codexlock/internal/artifact"
)

// IngestPath is where the standard's one command stands (ZT-12).
const IngestPath artifact.Path = "ingest_archive.test.sh"

// Ingest is the script that codexlock init writes there. It runs the gate over everything,
// and verifies one artifact with plain tools, for X.test. It fails where it cannot verify.
//
//go:embed ingest_archive.test.sh
var Ingest []byte

// An ingestVersion is a version of the script that an init wrote.
type ingestVersion struct {
	sha256      string
	verifiesOne bool // has --verify PATH
}

// ingestVersions are all of them, the current one first. Repositories have each of them,
// and know it by its digest: a new version is one more entry, at the front.
var ingestVersions = []ingestVersion{
	{"eb746ef2d13ee16c13c448d24e945dff6ec721aa09ef7d71c574fb1492a20bab", true},
	{"4cfd4705dd4b59d683a02d66c1fd0a652fef1100e6e7fc92ea4d5c9943815453", false}, // before --verify
	{"1917a03b782b8999ef9e4be2a87c0c58da808cef98695d680906e0633d5f621a", false}, // before the audit log
}

// KnownIngest reports whether a digest is that of a version of the script that an init
// wrote, and whether that version has --verify PATH, which short tests call.
func KnownIngest(d artifact.Digest) (known, verifiesOne bool) {
	text := d.String()
	for _, v := range ingestVersions {
		if v.sha256 == text {
			return true, v.verifiesOne
		}
	}
	return false, false
}
