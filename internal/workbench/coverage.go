package workbench

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/cover"
)

// A Coverage is the share of the rules that the tests evaluate.
type Coverage struct {
	Percent float64        `json:"percent"`
	Files   []FileCoverage `json:"files"` // of rules, by name
}

// A FileCoverage is the share of one file that the tests evaluate.
type FileCoverage struct {
	File       string   `json:"file"`
	Percent    float64  `json:"percent"`
	NotCovered []string `json:"not_covered"` // lines, as 12 or 14-16
}

// coverageOf counts the lines with expressions.
func coverageOf(r cover.Report, files []string) *Coverage {
	c := &Coverage{Percent: 100, Files: []FileCoverage{}}
	covered, all := 0, 0
	for _, file := range files {
		f := FileCoverage{File: file, Percent: 100, NotCovered: []string{}}
		if found := r.Files[file]; found != nil {
			covered += found.CoveredLines
			all += found.CoveredLines + found.NotCoveredLines
			if n := found.CoveredLines + found.NotCoveredLines; n > 0 {
				f.Percent = percent(found.CoveredLines, n)
			}
			for _, span := range found.NotCovered {
				f.NotCovered = append(f.NotCovered, lines(span.Start.Row, span.End.Row))
			}
		}
		c.Files = append(c.Files, f)
	}
	if all > 0 {
		c.Percent = percent(covered, all)
	}
	return c
}

// percent is rounded down, so that only complete coverage is 100.
func percent(part, whole int) float64 { return float64(part*1000/whole) / 10 }

func lines(from, to int) string {
	if to <= from {
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d-%d", from, to)
}

// uncovered formats the lines that are not covered.
func (f FileCoverage) uncovered() string { return strings.Join(f.NotCovered, ", ") }
