// Package fetch gets a rule bundle that is not in the repository: over https, or
// from a container registry. What it returns has the digest that the bundle is
// pinned by; everything else is an error. It keeps bundles by digest, and where
// it has one it uses no network. It opens no archive.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/bundle"
)

// timeout bounds one bundle, however its server behaves: the whole gate has 60
// seconds, and a bundle of MaxBytes takes 2 over a line of 100 Mbit/s.
const timeout = 30 * time.Second

// A Client fetches bundles. Its zero value has no cache and no credentials.
type Client struct {
	Cache       string                      // a directory, made when it is needed; "": none
	Offline     bool                        // the cache only
	Credentials func() (Credentials, error) // of registries, read when one is asked
	Warn        func(error)                 // is told what is wrong with the cache; nil: nobody is

	transport http.RoundTripper // nil: the network
	pause     time.Duration     // before a busy server is asked again; 0: firstPause
}

// An Error is a bundle that could not be had as it is pinned. Nothing was
// verified with it.
type Error struct {
	Bundle string // its source and digest
	Reason string
	hint   string
	cause  error
}

func (e *Error) Error() string { return e.Bundle + ": " + e.Reason }

// Hint is the next step, "" where there is no plain one.
func (e *Error) Hint() string { return e.hint }

// Unwrap gives what the network or the registry said.
func (e *Error) Unwrap() error { return e.cause }

// A problem is a reason and a next step, before it is known for which bundle.
type problem struct {
	reason, hint string
	cause        error
}

func (p *problem) Error() string { return p.reason }
func (p *problem) Unwrap() error { return p.cause }

// Fetch returns the bytes of a bundle's archive. Its error is an *Error.
func (c *Client) Fetch(ctx context.Context, r bundle.Ref) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var data []byte
	err := error(&problem{reason: "is not of a kind that is fetched"})
	switch r.Kind {
	case bundle.HTTPS:
		data, err = c.pinned(ctx, r.Digest, bundle.MaxBytes, func(ctx context.Context) ([]byte, error) { return c.download(ctx, r.URL) })
	case bundle.OCI:
		data, err = c.pull(ctx, r)
	}
	if err == nil {
		return data, nil
	}
	told := &Error{Bundle: r.String(), Reason: err.Error(), cause: err}
	var known *problem
	if errors.As(err, &known) {
		told.Reason, told.hint = known.reason, known.hint
	}
	if errors.Is(err, context.DeadlineExceeded) {
		told.Reason, told.hint = fmt.Sprintf("is not here after %v", timeout), "run it again; where the server is slow, keep the bundle as a file of the repository"
	}
	return nil, told
}

// pinned returns bytes of a digest: from the cache, or else by get, and then
// into the cache. Both are hashed here, so that neither is believed.
func (c *Client) pinned(ctx context.Context, want artifact.Digest, limit int, get func(context.Context) ([]byte, error)) ([]byte, error) {
	if data, ok := c.cached(want); ok && len(data) <= limit {
		return data, nil
	}
	if c.Offline {
		return nil, &problem{reason: fmt.Sprintf("sha256:%s is not in the cache, and the network is not to be used", want), hint: "run it once without --offline, or without CODEXLOCK_OFFLINE"}
	}
	data, err := get(ctx)
	if err == nil {
		err = ctx.Err() // an answer that the deadline cut off can look whole
	}
	if err != nil {
		return nil, err
	}
	if got := artifact.HashBytes(data); got != want {
		return nil, &problem{
			reason: fmt.Sprintf("what was served has sha256 %s, want %s", got, want),
			hint:   "the bundle was replaced where it is kept, or the pin is of another one: pin the digest that its publisher states",
		}
	}
	c.keep(want, data)
	return data, nil
}
