package report

import (
	"fmt"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
)

// A Shard says which part of the artifacts a report is about, and names the whole that it is
// a part of, so that a missing part is noticed.
type Shard struct {
	Index     int    `json:"index"` // from 1
	Total     int    `json:"total"`
	Artifacts int    `json:"artifacts"` // of all shards
	Paths     string `json:"paths"`     // SHA-256 of the paths of all shards
	Settings  string `json:"settings"`  // SHA-256 of the options that all shards must have in common
	decision.Part
}

// Name formats the shard: shard 2 of 3.
func (s Shard) Name() string { return fmt.Sprintf("shard %d of %d", s.Index, s.Total) }

// contradiction returns what is impossible about a shard with these artifacts; "" for
// nothing.
func (s Shard) contradiction(artifacts []decision.Artifact) string {
	if s.Index > s.Total || s.Total > artifact.MaxShards || s.Total < 2 {
		return fmt.Sprintf("shard %d of %d is none", s.Index, s.Total)
	}
	part := artifact.Shard{Index: s.Index, Total: s.Total}
	for _, a := range artifacts {
		if !part.Has(a.Path) {
			return fmt.Sprintf("artifact %q is in another shard", a.Path)
		}
	}
	return ""
}
