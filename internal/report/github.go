package report

import (
	"fmt"
	"strings"
)

// Limits of GitHub, with their sources.
const (
	// MaxCheckTextBytes bounds a check run's summary: 65535 characters
	// (REST API, "Create a check run", output.summary).
	MaxCheckTextBytes = 65535
	// MaxStepSummaryBytes bounds a step's summary: 1 MiB, above which the runner
	// drops all of it (GitHub docs, workflow commands).
	MaxStepSummaryBytes = 1 << 20
	maxAnnotationBytes  = 64 << 10 // message: 64 KB (REST API, annotations)
	maxAnnotationTitle  = 255      // title: 255 characters (REST API, annotations)
	maxCommandBytes     = 4096     // actions/runner cuts a command's message here
	maxFieldBytes       = 255      // our own limit: a name, a time, a commit
)

// Title formats the verdict in one line.
func Title(r Report) string {
	c := r.Counts
	if s := r.Shard; s != nil {
		whole := r
		whole.Shard = nil
		if r.Conclusion == Failure {
			return "Shard" + strings.TrimPrefix(s.Name(), "shard") + ": " + Title(whole)
		}
		return fmt.Sprintf("Shard%s: no denial over %d of %s%s, no verdict without the other shards",
			strings.TrimPrefix(s.Name(), "shard"), c.Artifacts, Count(s.Artifacts, "artifact"), warnings(c))
	}
	switch {
	case r.Conclusion == Failure && c.Deny == 0:
		return fmt.Sprintf("Denied for %s", Count(c.Warn, "warning"))
	case r.Conclusion == Failure && c.Artifacts == 0:
		return fmt.Sprintf("Denied: %s%s, no artifact changed", withCauses(r, "finding"), warnings(c))
	case r.Conclusion == Failure:
		return fmt.Sprintf("Denied: %s%s over %s", withCauses(r, "finding"), warnings(c), Count(c.Artifacts, "artifact"))
	case c.Artifacts == 0:
		return "No artifact changed" + warnings(c)
	}
	return "A" + strings.TrimPrefix(passedLine(r), "a") + warnings(r.Counts) // all
}
