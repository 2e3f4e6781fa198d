package repo

import (
	"bytes"
	"context"
	"io"
	"strings"
)

// headRevision is what HEAD is resolved as.
const headRevision = "HEAD^{commit}"

// headCommit asks the process that reads objects for the commit of HEAD: every command
// needs both, and a process takes 2 to 4 ms. ok is false where git did not answer with
// a commit: git rev-parse then says what is wrong.
func (o *objects) headCommit(ctx context.Context) (id string, ok bool) {
	select {
	case o.slots <- struct{}{}:
		defer func() { <-o.slots }()
	case <-ctx.Done():
		return "", false
	}
	p, err := o.take()
	if err != nil {
		return "", false
	}
	stop := context.AfterFunc(ctx, p.kill)
	id, end := p.headCommit()
	if !stop() || p.left() || end != inStep {
		p.end()
	} else {
		o.release(p)
	}
	return id, o.format.valid(id) && ctx.Err() == nil
}

// headCommit is the id of HEAD's commit, "" where git knows none.
func (p *objectReader) headCommit() (string, ending) {
	p.heard()
	if _, err := io.WriteString(p.stdin, info+headRevision+flush); err != nil {
		return "", lost
	}
	line, err := p.stdout.ReadSlice('\n')
	if err != nil || len(line) > maxHeader {
		return "", lost
	}
	fields := strings.Split(string(bytes.TrimSuffix(line, []byte("\n"))), " ")
	switch {
	case len(fields) == 3 && fields[1] == "commit":
		return fields[0], inStep
	case len(fields) == 2 && fields[0] == headRevision && fields[1] == "missing":
		return "", inStep
	}
	return "", lost
}
