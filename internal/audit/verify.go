package audit

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"
)

// An Anchor is an earlier checkpoint that was kept out of reach of the log's writer.
type Anchor struct {
	Name    string
	Text    []byte
	Trusted bool // its source is trusted, so its key need not be available
	point   Checkpoint
	root    tlog.Hash // of this log's first lines, as many as the anchor has
	reached bool
}

// A Problem is an error in a log.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"` // counts from 1; 0: the whole file
	Message string `json:"message"`
}

// A Verification is the result of verifying a log.
type Verification struct {
	Log        Log
	Checkpoint *Checkpoint // nil: missing or invalid
	Problems   []Problem
	Unchecked  []Problem // what could not be checked without a key
	Extends    []Anchor  // the checkpoints that this log extends
	Denies     []Anchor  // the checkpoints that it contradicts: two signed notes are evidence
}

// Size is the number of lines of the log at the anchor.
func (a Anchor) Size() int64 { return a.point.Size }

func (v *Verification) addProblem(file string, line int, format string, args ...any) {
	v.Problems = append(v.Problems, Problem{file, line, fmt.Sprintf(format, args...)})
}

// Verify reads the whole log and checks it against its checkpoint, where signed,
// and against earlier ones. It uses constant memory. An error means that the log
// could not be read; problems of the log are in the verification.
func Verify(lines io.Reader, point []byte, signed bool, anchors []Anchor, public func(id string) (ed25519.PublicKey, bool)) (Verification, error) {
	var v Verification
	earlier := v.anchors(anchors, public)
	note := func(t *tail) {
		for i := range earlier {
			if a := &earlier[i]; a.point.Size == t.tree.size {
				a.root, a.reached = t.tree.root(), true
			}
		}
	}
	empty := newTail()
	note(&empty)
	var err error
	v.Log, err = walk(lines, func(_ []byte, _ Entry, t *tail) error { note(t); return nil })
	var bad *LineError
	switch {
	case errors.As(err, &bad):
		message := "is no entry of the log"
		if len(bad.Problems) > 0 {
			message = bad.Problems[0].Message
		}
		v.addProblem(Path.String(), bad.Line, "%s", message)
		return v, nil
	case err != nil:
		return v, err
	}
	if v.Log.Chain == Broken {
		v.addProblem(Path.String(), v.Log.Break, "does not follow the line before it: its seq or prev names another")
	}
	if signed {
		v.checkpoint(point, public)
	}
	v.compare(earlier)
	return v, nil
}

// anchors reads earlier checkpoints, and adds problems for invalid ones.
func (v *Verification) anchors(anchors []Anchor, public func(id string) (ed25519.PublicKey, bool)) []Anchor {
	var good []Anchor
	for _, a := range anchors {
		var err error
		a.point, err = ReadCheckpoint(a.Text, public)
		switch {
		case err != nil:
			v.addProblem(a.Name, 0, "%v", err)
		case a.point.Signature == Invalid:
			v.addProblem(a.Name, 0, "its signature does not hold")
		case a.point.Signature != Valid && !a.Trusted:
			v.Unchecked = append(v.Unchecked, Problem{a.Name, 0, "no key to check its signature"})
		default:
			good = append(good, a)
		}
	}
	return good
}

func (v *Verification) checkpoint(text []byte, public func(id string) (ed25519.PublicKey, bool)) {
	name := CheckpointPath.String()
	c, err := ReadCheckpoint(text, public)
	switch {
	case err != nil:
		v.addProblem(name, 0, "%v", err)
		return
	case c.Signature == Invalid:
		v.addProblem(name, 0, "its signature does not hold")
		return
	case c.Signature == NoKey:
		v.Unchecked = append(v.Unchecked, Problem{name, 0, "no key to check its signature"})
	}
	v.Checkpoint = &c
	switch {
	case c.Size != int64(v.Log.Lines):
		v.addProblem(name, 0, "is of a log of %d lines, %s has %d", c.Size, Path, v.Log.Lines)
	case c.Root != v.Log.Root:
		v.addProblem(name, 0, "is of another log: its root is %s, %s has %s", c.Root, Path, v.Log.Root)
	}
}

// compare adds a problem for each anchor that this log does not extend.
func (v *Verification) compare(anchors []Anchor) {
	for _, a := range anchors {
		if !a.reached || a.root != a.point.Root {
			v.Denies = append(v.Denies, a)
		}
		switch {
		case !a.reached:
			v.addProblem(Path.String(), 0, "was cut off: %s is of a log of %d lines, this one has %d", a.Name, a.point.Size, v.Log.Lines)
		case a.root != a.point.Root:
			v.addProblem(Path.String(), 0, "was rewritten: the root of its first %d lines is %s, %s says %s", a.point.Size, a.root, a.Name, a.point.Root)
		default:
			v.Extends = append(v.Extends, a)
		}
	}
}
