package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	gh "github.com/google/go-github/v66/github"
)

const (
	// maxBody bounds a response: a page of a hundred check runs is some hundred KB.
	maxBody = 32 << 20
	// requestTimeout bounds one request; GitHub itself ends one after ten seconds.
	requestTimeout = 30 * time.Second
	// maxTries is the number of tries of one request. With the waits between them, an
	// outage of a minute is survived.
	maxTries = 6
	// maxWait is the longest wait for a rate limit: beyond that a run that fails
	// is better than one that hangs.
	maxWait = 10 * time.Minute
	// secondaryWait is the wait for a limit without a time ("at least one minute":
	// GitHub docs, rate limits for the REST API).
	secondaryWait = time.Minute
)

// A Clock is a client's source of time; tests use their own.
type Clock struct {
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

// Sleep waits, or ends with the context's error.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// A Client posts to one repository.
type Client struct {
	api         *gh.Client
	owner, repo string
	clock       Clock
}

// NewClient returns a client for the API at a base URL (GITHUB_API_URL) with a token. It
// requires https, except for loopback addresses.
func NewClient(apiURL, token, owner, repo string, clock Clock) (*Client, error) {
	base, err := url.Parse(strings.TrimSuffix(apiURL, "/") + "/")
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("GITHUB_API_URL is %q, want a URL such as https://api.github.com", apiURL)
	}
	if base.Scheme != "https" && (base.Scheme != "http" || !loopback(base.Hostname())) {
		return nil, fmt.Errorf("GITHUB_API_URL is %q, want https: the token would be sent in the open", apiURL)
	}
	c := &http.Client{
		Timeout:       0, // each try has its own timeout
		Transport:     &transport{next: http.DefaultTransport.(*http.Transport).Clone(), token: token, host: base.Host, clock: clock},
		CheckRedirect: sameHost,
	}
	api := gh.NewClient(c)
	api.BaseURL = base
	return &Client{api: api, owner: owner, repo: repo, clock: clock}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// sameHost follows a redirect only to the host of the request.
func sameHost(req *http.Request, via []*http.Request) error {
	if len(via) >= 5 || req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
		return fmt.Errorf("refused the redirect to %s", req.URL.Host)
	}
	return nil
}

// A ReadOnlyTokenError is a token that may not write check runs, such as that of a fork.
type ReadOnlyTokenError struct{ Status int }

func (e *ReadOnlyTokenError) Error() string {
	return fmt.Sprintf("the token may not write check runs (HTTP %d); give the job permissions: checks: write, or expect annotations by workflow commands", e.Status)
}

// A transport sends a request until it is accepted or finally refused. It repeats only
// reads and requests that a limit rejected, which the server surely did not carry out.
// After a failed write the caller must find out whether it was carried out.
type transport struct {
	next  http.RoundTripper
	token string
	host  string
	clock Clock
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var waited time.Duration
	for try := 1; ; try++ {
		answer, err := t.once(req)
		wait, again := t.retry(req, answer, err, try)
		if !again || try == maxTries || waited+wait > maxWait || req.Body != nil && req.GetBody == nil {
			return answer, err
		}
		if answer != nil {
			io.Copy(io.Discard, answer.Body) //nolint:errcheck // only to reuse the connection
			answer.Body.Close()
		}
		if err := t.clock.Sleep(req.Context(), wait); err != nil {
			return nil, err
		}
		waited += wait
	}
}

// once sends the request once.
func (t *transport) once(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), requestTimeout)
	try := req.Clone(ctx)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			cancel()
			return nil, err
		}
		try.Body = body
	}
	if try.URL.Host == t.host && t.token != "" {
		try.Header.Set("Authorization", "Bearer "+t.token)
	}
	answer, err := t.next.RoundTrip(try)
	if err != nil {
		cancel()
		return nil, err
	}
	answer.Body = &limited{r: io.LimitReader(answer.Body, maxBody+1), close: answer.Body, cancel: cancel}
	return answer, nil
}

// retry reports whether to repeat a request, and how long to wait first.
func (t *transport) retry(req *http.Request, answer *http.Response, err error, try int) (time.Duration, bool) {
	backoff := time.Second << (try - 1)
	read := req.Method == http.MethodGet
	switch {
	case err != nil:
		return backoff, read && req.Context().Err() == nil
	case answer.StatusCode >= 500:
		return backoff, read
	case answer.StatusCode == http.StatusTooManyRequests,
		answer.StatusCode == http.StatusForbidden && (answer.Header.Get("Retry-After") != "" || answer.Header.Get("X-RateLimit-Remaining") == "0"):
		return t.limitWait(answer.Header, try), true
	}
	return 0, false
}

// limitWait returns the wait that a limit requires: Retry-After in seconds or as a date,
// the time of its reset, or at least a minute.
func (t *transport) limitWait(h http.Header, try int) time.Duration {
	now := t.clock.Now()
	if s := h.Get("Retry-After"); s != "" {
		if n, err := strconv.Atoi(s); err == nil {
			return max(time.Duration(min(n, 86400))*time.Second, time.Second)
		}
		if at, err := http.ParseTime(s); err == nil {
			return max(at.Sub(now), time.Second)
		}
	}
	if s := h.Get("X-RateLimit-Reset"); s != "" && h.Get("X-RateLimit-Remaining") == "0" {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return max(time.Unix(n, 0).Sub(now)+time.Second, time.Second)
		}
	}
	return secondaryWait << (try - 1)
}

// limited is a body of at most maxBody bytes.
type limited struct {
	r      io.Reader
	n      int64
	close  io.Closer
	cancel context.CancelFunc
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.n += int64(n); l.n > maxBody {
		return n, fmt.Errorf("answer has over %d bytes", maxBody)
	}
	return n, err
}

func (l *limited) Close() error {
	defer l.cancel()
	return l.close.Close()
}

// readOnly turns a refusal for missing permission into a *ReadOnlyTokenError.
func readOnly(err error) error {
	var refused *gh.ErrorResponse
	if errors.As(err, &refused) && refused.Response != nil {
		switch code := refused.Response.StatusCode; code {
		case http.StatusUnauthorized, http.StatusForbidden:
			return &ReadOnlyTokenError{Status: code}
		}
	}
	return err
}

// refused reports whether the server surely did not carry a request out.
func refused(err error) bool {
	var answer *gh.ErrorResponse
	return errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode < 500
}
