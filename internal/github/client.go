package github

import (
	"bytes"
	"context"
	"encoding/json"
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
	// secondaryWait is the wait for a limit without a time ("at least one minute":
	// GitHub docs, rate limits for the REST API).
	secondaryWait = time.Minute
	// closeTimeout bounds closing a check run without a verdict: a runner kills a cancelled
	// step after 7.5 seconds (actions/runner, ProcessInvoker).
	closeTimeout = 5 * time.Second
	// closeRequestTimeout bounds one request meanwhile, so that there is a second try.
	closeRequestTimeout = 2 * time.Second
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
	transport   *transport
}

// NewClient returns a client for the API at a base URL (GITHUB_API_URL) with a token. It
// requires https, except for loopback addresses. It neither waits nor tries again after the
// time until.
func NewClient(apiURL, token, owner, repo string, clock Clock, until time.Time) (*Client, error) {
	base, err := url.Parse(strings.TrimSuffix(apiURL, "/") + "/")
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("GITHUB_API_URL is %q, want a URL such as https://api.github.com", apiURL)
	}
	if base.Scheme != "https" && (base.Scheme != "http" || !loopback(base.Hostname())) {
		return nil, fmt.Errorf("GITHUB_API_URL is %q, want https: the token would be sent in the open", apiURL)
	}
	t := &transport{next: http.DefaultTransport.(*http.Transport).Clone(), token: token, host: base.Host, clock: clock, until: until, timeout: requestTimeout}
	return newClient(base, owner, repo, t), nil
}

func newClient(base *url.URL, owner, repo string, t *transport) *Client {
	api := gh.NewClient(&http.Client{Transport: t, CheckRedirect: sameHost}) // no timeout: each try has its own
	api.BaseURL = base
	return &Client{api: api, owner: owner, repo: repo, clock: t.clock, transport: t}
}

// hurried returns a client for what has to be done within closeTimeout, even if the time of
// the run is over.
func (c *Client) hurried() *Client {
	t := *c.transport
	t.until, t.timeout = c.clock.Now().Add(closeTimeout), closeRequestTimeout
	return newClient(c.api.BaseURL, c.owner, c.repo, &t)
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
	return fmt.Sprintf("the token may not write check runs (HTTP %d)", e.Status)
}

// Hint is the next step.
func (e *ReadOnlyTokenError) Hint() string { return "give the job the permission checks: write" }

// A LimitError is a rate limit that does not end while there is time to wait for it.
type LimitError struct{ Wait, Left time.Duration }

func (e *LimitError) Error() string {
	return fmt.Sprintf("GitHub's rate limit asks to wait %s, and this run has %s left", e.Wait, max(e.Left, 0).Round(time.Second))
}

// Hint is the next step.
func (e *LimitError) Hint() string { return "run the job again later" }

// A notJSONError is an answer that is not the API's, such as a page of a proxy. What it
// says about the request is unknown.
type notJSONError struct {
	status int
	kind   string // of the content
}

func (e *notJSONError) Error() string {
	return fmt.Sprintf("the answer is not JSON (HTTP %d, content type %q)", e.status, e.kind)
}

// A transport sends a request until it is accepted or finally refused. It repeats only
// reads and requests that a limit rejected, which the server surely did not carry out.
// After a failed write the caller must find out whether it was carried out.
type transport struct {
	next    http.RoundTripper
	token   string
	host    string
	clock   Clock
	until   time.Time     // when waiting and trying again ends
	timeout time.Duration // of one try
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	for try := 1; ; try++ {
		answer, body, err := t.once(req)
		limited := err == nil && isLimit(answer, body)
		wait := time.Second << (try - 1)
		switch {
		case limited:
			wait = t.limitWait(answer.Header, try)
		case req.Method != http.MethodGet || req.Context().Err() != nil || err == nil && answer.StatusCode < 500:
			return answer, err
		}
		left := t.until.Sub(t.clock.Now())
		if try == maxTries || wait > left || req.Body != nil && req.GetBody == nil {
			if limited {
				return nil, &LimitError{Wait: wait, Left: left}
			}
			return answer, err
		}
		if err := t.clock.Sleep(req.Context(), wait); err != nil {
			return nil, err
		}
	}
}

// once sends the request once and reads the whole answer. Its body is JSON, unless the
// server refused the request or redirects it.
func (t *transport) once(req *http.Request) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(req.Context(), t.timeout)
	defer cancel()
	try := req.Clone(ctx)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, nil, err
		}
		try.Body = body
	}
	if try.URL.Host == t.host && t.token != "" {
		try.Header.Set("Authorization", "Bearer "+t.token)
	}
	answer, err := t.next.RoundTrip(try)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("read the answer: %w", err)
	case len(body) > maxBody:
		return nil, nil, fmt.Errorf("the answer has over %d bytes", maxBody)
	case answer.StatusCode < 300 && !json.Valid(body):
		return nil, nil, &notJSONError{status: answer.StatusCode, kind: answer.Header.Get("Content-Type")}
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	if answer.StatusCode < 300 {
		answer.Header.Del("X-RateLimit-Reset") // or go-github refuses the next request itself, by its own clock
	}
	return answer, body, nil
}

// isLimit reports whether a rate limit rejected a request (GitHub docs, rate limits for the
// REST API): status 429, or 403 with a header or a text that names the limit.
func isLimit(answer *http.Response, body []byte) bool {
	switch answer.StatusCode {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		var refusal struct {
			Message string `json:"message"`
			Page    string `json:"documentation_url"`
		}
		_ = json.Unmarshal(body, &refusal)
		return answer.Header.Get("Retry-After") != "" || answer.Header.Get("X-RateLimit-Remaining") == "0" ||
			strings.Contains(strings.ToLower(refusal.Message), "rate limit") || strings.HasSuffix(refusal.Page, "rate-limits")
	}
	return false
}

// limitWait returns the wait that a limit requires: Retry-After in seconds or as a date,
// the time of its reset, or at least a minute. Times are the server's, and so is the clock
// that they are compared with.
func (t *transport) limitWait(h http.Header, try int) time.Duration {
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = t.clock.Now()
	}
	const longest = 365 * 24 * time.Hour // no number of seconds overflows
	if s := h.Get("Retry-After"); s != "" {
		if n, err := strconv.ParseUint(s, 10, 64); err == nil {
			return max(time.Duration(min(n, uint64(longest/time.Second)))*time.Second, time.Second)
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

// readOnly turns a refusal for missing permission into a *ReadOnlyTokenError. Only what
// GitHub says to a token without the permission is one: a token that has expired, or that an
// organisation bars, is not.
func readOnly(err error) error {
	var refused *gh.ErrorResponse
	if errors.As(err, &refused) && status(err) == http.StatusForbidden && strings.Contains(refused.Message, "Resource not accessible by integration") {
		return &ReadOnlyTokenError{Status: http.StatusForbidden}
	}
	return err
}

// status returns the HTTP status that refused a request, 0 where none did.
func status(err error) int {
	var answer *gh.ErrorResponse
	if errors.As(err, &answer) && answer.Response != nil {
		return answer.Response.StatusCode
	}
	return 0
}

// refused reports whether the server surely did not carry a request out.
func refused(err error) bool {
	var limit *LimitError
	code := status(err)
	return errors.As(err, &limit) || code >= 300 && code < 500
}
