package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/codexlock/codexlock/internal/bundle/archive"
)

// Bounds of one request, each well inside timeout.
const (
	connectTimeout = 10 * time.Second
	headerTimeout  = 15 * time.Second
	maxHeaderBytes = 64 << 10
	maxRedirects   = 5 // registries redirect once, to their blob storage
	attempts       = 3 // of a request that a busy server rejects
	firstPause     = 500 * time.Millisecond
)

// network is the transport of every request. It requests no compression,
// because the digest is that of the served bytes.
func network() http.RoundTripper {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true,
		DisableKeepAlives:      true, // a run fetches a bundle or two
		ForceAttemptHTTP2:      true,
	}
}

func (c *Client) http() *http.Client {
	from := c.transport
	if from == nil {
		from = network()
	}
	return &http.Client{Transport: &httpsTransport{from: from, pause: cmp.Or(c.pause, firstPause)}, CheckRedirect: follow}
}

// follow follows redirects to https only: the bytes are pinned, but with http others could
// read the request. auth.Client removes the credentials when a redirect leads to another
// host.
func follow(next *http.Request, before []*http.Request) error {
	if len(before) >= maxRedirects {
		return &problem{reason: fmt.Sprintf("is redirected over %d times", maxRedirects)}
	}
	if next.URL.Scheme != "https" {
		return &problem{
			reason: fmt.Sprintf("is redirected to %s://%s, want https", next.URL.Scheme, next.URL.Host),
			hint:   "name the address that serves it over https",
		}
	}
	return nil
}

// guarded sends only https requests, repeats them when a server is busy, and hides the
// challenge of a server that was reached by a redirect: credentials are only for the
// registry in the configuration.
type httpsTransport struct {
	from  http.RoundTripper
	pause time.Duration
}

func (g *httpsTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, &problem{reason: fmt.Sprintf("is asked for at %s://%s, want https", r.URL.Scheme, r.URL.Host)}
	}
	for attempt := 1; ; attempt++ {
		response, err := g.from.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		if r.Response != nil {
			response.Header.Del("WWW-Authenticate")
		}
		if attempt == attempts || r.Method != http.MethodGet || !later(response.StatusCode) {
			return response, nil
		}
		response.Body.Close()
		wait := time.NewTimer(time.Duration(attempt) * g.pause)
		select {
		case <-wait.C:
		case <-r.Context().Done():
			wait.Stop()
			return nil, r.Context().Err()
		}
	}
}

func later(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// download reads a file from a server, with no credentials.
func (c *Client) download(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, &problem{reason: "is no address of a file", cause: err}
	}
	response, err := c.http().Do(request)
	if err != nil {
		return nil, unreachable(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, &problem{
			reason: fmt.Sprintf("%s answers %d %s, want 200", response.Request.URL.Host, response.StatusCode, http.StatusText(response.StatusCode)),
			hint:   "see that the bundle is there and can be read without credentials",
		}
	}
	return readAtMost(response.Body, archive.MaxBytes)
}

// readAtMost reads to the end, or fails beyond the limit.
func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, unreachable(fmt.Errorf("the answer broke off after %d bytes: %w", len(data), err))
	}
	if int64(len(data)) > limit {
		return nil, &problem{reason: fmt.Sprintf("is over %d bytes, the most that is read", limit)}
	}
	return data, nil
}

// unreachable describes why there was no response, without the address, whose query may
// contain a token.
func unreachable(err error) error {
	var known *problem
	if errors.As(err, &known) {
		return known
	}
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	return &problem{
		reason: "cannot be fetched: " + err.Error(),
		hint:   "see that its server can be reached from here; a run that fetched it once needs no network afterwards",
		cause:  err,
	}
}
