package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/schemas"
)

// maxLine bounds a line: a path of 1,024 bytes and the name of the verifier, with every
// character escaped, and a reserve.
const maxLine = 64 << 10

// A Log is the result of reading a log.
type Log struct {
	Lines int
	Root  tlog.Hash // RFC 6962, over the lines without their line ends
	Chain string    // Intact, Broken, Unchained
	Break int       // the line at which the chain is broken, counted from 1
	tail  tail
}

// Origin is the name of this log in its checkpoints.
func (l Log) Origin() string { return l.tail.origin() }

// A LineError is a line that does not match schemas/integrity.json.
type LineError struct {
	Line     int // counts from 1
	Problems []schemas.Problem
}

func (e *LineError) Error() string {
	if len(e.Problems) == 0 {
		return fmt.Sprintf("line %d is no entry of the log", e.Line)
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Problems[0].Message)
}

// Read reads a whole log. Its error for bad input is a *LineError.
func Read(data []byte) (Log, error) { return Walk(bytes.NewReader(data), nil) }

// Walk reads a log line by line, in constant memory. visit may be nil; it gets the text of
// each line without its line end, which is valid only during the call, and its entry. An
// error of visit ends the walk.
func Walk(r io.Reader, visit func(line []byte, e Entry) error) (Log, error) {
	return walk(r, func(line []byte, e Entry, _ *tail) error {
		if visit == nil {
			return nil
		}
		return visit(line, e)
	})
}

// walk is Walk with the state of the log after each line.
func walk(r io.Reader, visit func(line []byte, e Entry, end *tail) error) (Log, error) {
	log, chained := Log{Chain: Intact, tail: newTail()}, 0
	for in := bufio.NewReaderSize(r, maxLine); ; {
		line, err := in.ReadSlice('\n')
		if err == io.EOF && len(line) == 0 {
			break
		}
		log.Lines++
		switch {
		case err == io.EOF:
			return Log{}, badLine(log.Lines, "ends without a line end: the log is cut off")
		case errors.Is(err, bufio.ErrBufferFull):
			return Log{}, badLine(log.Lines, fmt.Sprintf("is longer than %d bytes", maxLine))
		case err != nil:
			return Log{}, err
		}
		line = line[:len(line)-1]
		var e Entry
		if _, err := schemas.Decode(kinds.Integrity, line, &e); err != nil {
			return Log{}, lineError(log.Lines, err)
		}
		if e.Seq != nil || e.Prev != "" {
			chained++
			if log.Break == 0 && (e.Seq == nil || *e.Seq != int64(log.Lines-1) || e.Prev != log.tail.prev) {
				log.Chain, log.Break = Broken, log.Lines
			}
		}
		log.tail.add(line)
		if err := visit(line, e, &log.tail); err != nil {
			return Log{}, err
		}
	}
	switch {
	case chained == 0 && log.Lines > 0:
		log.Chain = Unchained
	case chained < log.Lines && log.Break == 0:
		log.Chain, log.Break = Broken, log.Lines
	}
	log.Root = log.tail.tree.root()
	return log, nil
}

func badLine(line int, message string) error {
	return &LineError{Line: line, Problems: []schemas.Problem{{Message: message}}}
}

func lineError(line int, err error) error {
	var bad *schemas.Error
	if !errors.As(err, &bad) {
		return fmt.Errorf("line %d: %w", line, err)
	}
	return &LineError{Line: line, Problems: bad.Problems}
}

// Extends reports whether longer is shorter with only whole lines added.
func Extends(longer, shorter []byte) bool {
	return bytes.HasPrefix(longer, shorter) && (len(shorter) == 0 || shorter[len(shorter)-1] == '\n')
}
