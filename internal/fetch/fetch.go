// Package fetch fetches rule bundles that are not in the repository, over https or from a
// container registry. It returns only bytes with the pinned digest; everything else is an
// error. It caches bundles by digest, and uses no network for a cached one. It opens no
// archive.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/bundle"
	"github.com/codexlock/codexlock/internal/bundle/archive"
)

// timeout bounds one bundle, however its server behaves: the whole gate has 60
// seconds, and a bundle of MaxBytes takes 2 over a line of 100 Mbit/s.
const timeout = 30 * time.Second

// A Client fetches bundles. Its zero value has no cache and no credentials.
type Client struct {
	Cache       string                      // a directory, created on demand; "": no cache
	Offline     bool                        // the cache only
	Credentials func() (Credentials, error) // of registries, read on the first request
	Warn        func(error)                 // called with problems of the cache; nil: ignored

	transport http.RoundTripper // nil: the network
	pause     time.Duration     // before a request is repeated; 0: firstPause
}

// An Error is a bundle that could not be fetched with its pinned digest.
type Error struct {
	Bundle string // its source and digest
	Reason string
	hint   string
	cause  error
}

func (e *Error) Error() string { return e.Bundle + ": " + e.Reason }

// Hint is the next step, or "".
func (e *Error) Hint() string { return e.hint }

// Unwrap returns the error of the network or the registry, or nil.
func (e *Error) Unwrap() error { return e.cause }

// A problem is a reason and a next step, without the bundle's name.
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
		data, err = c.pinned(ctx, r.Digest, archive.MaxBytes, func(ctx context.Context) ([]byte, error) { return c.download(ctx, r.URL) })
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

// pinned returns the bytes of a digest from the cache, or fetches them with get and caches
// them. It hashes the bytes in both cases, so that neither source is trusted.
func (c *Client) pinned(ctx context.Context, want artifact.Digest, limit int, get func(context.Context) ([]byte, error)) ([]byte, error) {
	if data, ok := c.cached(want); ok && len(data) <= limit {
		return data, nil
	}
	if c.Offline {
		return nil, &problem{reason: fmt.Sprintf("sha256:%s is not in the cache, and the network is not to be used", want), hint: "run it once without --offline, or without CODEXLOCK_OFFLINE"}
	}
	data, err := get(ctx)
	if err == nil {
		err = ctx.Err() // a response cut off by the deadline can look complete
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
