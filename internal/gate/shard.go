package gate

import (
	"fmt"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
)

// shard describes the part of the artifacts that was judged; nil: all of them were.
func (g *Gate) shard(e Evaluation, part decision.Part) *report.Shard {
	s := e.Facts.Shard
	if s.Total <= 1 {
		return nil
	}
	paths, o := e.Change.Artifacts, g.options
	return &report.Shard{
		Index: s.Index, Total: s.Total, Artifacts: len(paths), Paths: artifact.HashPaths(paths).String(), Part: part,
		// Every other option is a fact that the reports have: commits, rules and the time.
		Settings: artifact.HashBytes(fmt.Appendf(nil, "minimum level %s, layout %s, warnings deny: %t, valid for %s, tests %t, at most %d denials",
			e.Policy.MinimumLevel, o.Settings.Layout.Value, o.Settings.FailOnWarn.Value, o.Settings.ValidFor, e.Facts.Tests != nil, o.Settings.MaxDenials)).String(),
	}
}
