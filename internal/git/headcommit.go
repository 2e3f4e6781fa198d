package git

import (
	"bytes"
	"context"
	"io"
	"strings"
)

// headRevision is what HEAD is resolved as.
const headRevision = "HEAD^{commit}"

// refObject asks the process that reads objects for what a ref names: "" for nothing that is
// here. ok is false where git did not answer.
func (o *Objects) refObject(ctx context.Context, name string) (id string, ok bool) {
	return o.lookUp(ctx, name, "")
}

// headCommit asks the process that reads objects for the commit of HEAD: every command
// needs both, and a process takes 2 to 4 ms. ok is false where git did not answer with
// a commit: git rev-parse then says what is wrong.
func (o *Objects) headCommit(ctx context.Context) (id string, ok bool) {
	id, ok = o.lookUp(ctx, headRevision, "commit")
	return id, ok && id != ""
}

// lookUp asks for the id of an object of a kind, "" for any.
func (o *Objects) lookUp(ctx context.Context, rev, kind string) (id string, ok bool) {
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
	id, end := p.lookUp(rev, kind)
	if !stop() || p.left() || end != inStep {
		p.end()
	} else {
		o.release(p)
	}
	return id, end == inStep && (id == "" || o.format.valid(id)) && ctx.Err() == nil
}

// lookUp is the id of what a revision names, "" where git knows none. kind is what it has to
// be, "" for anything.
func (p *objectReader) lookUp(rev, kind string) (string, ending) {
	p.heard()
	if _, err := io.WriteString(p.stdin, info+rev+flush); err != nil {
		return "", lost
	}
	line, err := p.stdout.ReadSlice('\n')
	if err != nil || len(line) > maxHeader {
		return "", lost
	}
	fields := strings.Split(string(bytes.TrimSuffix(line, []byte("\n"))), " ")
	switch {
	case len(fields) == 3 && (kind == "" || fields[1] == kind):
		return fields[0], inStep
	case len(fields) == 2 && fields[0] == rev && fields[1] == "missing":
		return "", inStep
	}
	return "", lost
}
