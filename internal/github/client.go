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
	// maxBody bounds an answer: a page of a hundred check runs is some hundred KB.
	maxBody = 32 << 20
	// requestTimeout bounds one request; GitHub itself ends one after ten seconds.
	requestTimeout = 30 * time.Second
	// maxTries is how often one request is made. With the waits between them a
	// fault of a minute is ridden out.
	maxTries = 6
	// maxWait is the longest that a rate limit is waited for: past it a run that
	// says so beats one that hangs.
	maxWait = 10 * time.Minute
	// secondaryWait is waited where a limit names no time ("at least one minute":
	// GitHub docs, rate limits for the REST API).
	secondaryWait = time.Minute
)

// A Clock is how time passes for a client: tests have one of their own.
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

// NewClient speaks to the API at a base URL (GITHUB_API_URL), as the holder of a
// token. Only https is spoken, except to this machine itself.
func NewClient(apiURL, token, owner, repo string, clock Clock) (*Client, error) {
	base, err := url.Parse(strings.TrimSuffix(apiURL, "/") + "/")
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("GITHUB_API_URL is %q, want a URL such as https://api.github.com", apiURL)
	}
	if base.Scheme != "https" && (base.Scheme != "http" || !loopback(base.Hostname())) {
		return nil, fmt.Errorf("GITHUB_API_URL is %q, want https: the token would be sent in the open", apiURL)
	}
	c := &http.Client{
		Timeout:       0, // each try has its own
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

// sameHost follows a redirect only where it stays with the host that was asked.
func sameHost(req *http.Request, via []*http.Request) error {
	if len(via) >= 5 || req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
		return fmt.Errorf("refused the redirect to %s", req.URL.Host)
	}
	return nil
}

// A ReadOnlyTokenError is a token that may not write check runs: a fork's.
type ReadOnlyTokenError struct{ Status int }

func (e *ReadOnlyTokenError) Error() string {
	return fmt.Sprintf("the token may not write check runs (HTTP %d); give the job permissions: checks: write, or expect annotations by workflow commands", e.Status)
}

// A transport makes a request until it is accepted or refused for good. It makes
// again only what the server surely did not carry out: a request that a limit
// turned away, and reads. Whether a write that went wrong was carried out is for
// its caller to find out.
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
		wait, again := t.again(req, answer, err, try)
		if !again || try == maxTries || waited+wait > maxWait || req.Body != nil && req.GetBody == nil {
			return answer, err
		}
		if answer != nil {
			io.Copy(io.Discard, answer.Body) //nolint:errcheck // only to use the connection again
			answer.Body.Close()
		}
		if err := t.clock.Sleep(req.Context(), wait); err != nil {
			return nil, err
		}
		waited += wait
	}
}

// once makes the request one time.
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

// again says whether a request is to be made again, and how long to wait first.
func (t *transport) again(req *http.Request, answer *http.Response, err error, try int) (time.Duration, bool) {
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

// limitWait is what a limit asks for: Retry-After in seconds or as a date, the
// time of its reset, or a minute and more.
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

// readOnly turns a refusal for want of permission into its own error.
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
