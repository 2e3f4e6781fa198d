// Package githubtest is a server for tests that answers as GitHub's API does for
// check runs. It checks every request and every response against GitHub's
// OpenAPI description, and against the limits that only the text of the description states.
// A violation is an error of the test.
package githubtest

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

//go:embed testdata/api.github.com.cut.json
var description []byte

// A CheckRun is what the server keeps of one.
type CheckRun struct {
	ID          int64        `json:"id"`
	StartedAt   string       `json:"started_at"`
	CompletedAt string       `json:"completed_at,omitempty"`
	Name        string       `json:"name"`
	HeadSHA     string       `json:"head_sha"`
	ExternalID  string       `json:"external_id"`
	Status      string       `json:"status"`
	Conclusion  string       `json:"conclusion,omitempty"`
	Title       string       `json:"title"`
	Summary     string       `json:"summary"`
	Annotations []Annotation `json:"annotations"`
}

// An Annotation is one as it was posted.
type Annotation struct {
	Path        string `json:"path"`
	StartLine   int    `json:"start_line"`
	EndLine     int    `json:"end_line"`
	StartColumn int    `json:"start_column,omitempty"`
	EndColumn   int    `json:"end_column,omitempty"`
	Level       string `json:"annotation_level"`
	Title       string `json:"title"`
	Message     string `json:"message"`
	RawDetails  string `json:"raw_details,omitempty"`
}

// A Fault is something that goes wrong with one request.
type Fault string

// The faults.
const (
	DropBefore   Fault = "drop before"   // the connection ends, and nothing was done
	DropAfter    Fault = "drop after"    // it was done, and the connection ends
	Truncated    Fault = "truncated"     // it was done, and the connection ends within the answer
	Error500     Fault = "500"           // nothing was done
	Error502     Fault = "502 after"     // it was done, and a proxy says 502
	Error503     Fault = "503 html"      // nothing was done, and a page of HTML says so
	HTML         Fault = "html"          // 200, and a page of a proxy; nothing was done
	HTMLAfter    Fault = "html after"    // 200, and a page of a proxy; it was done
	Limit429     Fault = "429"           // too many requests, no time named
	Limit429For  Fault = "429 for 7"     // too many requests, for seven seconds
	Limit429Long Fault = "429 for a day" // too many requests, for longer than any run
	Limit403     Fault = "403 secondary" // a secondary limit, for three seconds
	Limit403Bare Fault = "403 bare"      // a secondary limit, no time named
	LimitHour    Fault = "403 primary"   // the limit of an hour, whose reset is in twenty seconds
	LimitLast    Fault = "last"          // it was done, and is the last one of the hour
	Forbidden    Fault = "403"           // Resource not accessible by integration
	Barred       Fault = "403 barred"    // another reason
	Unauthorized Fault = "401"
	NotFound     Fault = "404"
	Invalid      Fault = "422"
	Elsewhere    Fault = "redirect" // to another host
	Garbage      Fault = "garbage"  // 200, and no JSON
	Hang         Fault = "hang"     // no answer for twenty seconds; nothing was done
)

// Faults are those that a client may ride out, or has to end with an error.
var Faults = []Fault{
	DropBefore, DropAfter, Truncated, Error500, Error502, Error503, HTML, HTMLAfter,
	Limit429, Limit429For, Limit429Long, Limit403, Limit403Bare, LimitHour, LimitLast,
	Forbidden, Barred, Unauthorized, NotFound, Invalid, Elsewhere, Garbage,
}

// Transient are the faults that pass by themselves within a few minutes.
var Transient = []Fault{
	DropBefore, DropAfter, Truncated, Error500, Error502, Error503, HTML, HTMLAfter,
	Limit429, Limit429For, Limit403, Limit403Bare, LimitHour, LimitLast, Garbage,
}

// A Server is GitHub, as far as check runs go.
type Server struct {
	*httptest.Server
	// Fault says what goes wrong with the n-th request, from 0; "" is nothing.
	Fault func(n int, r *http.Request) Fault
	// Now is the server's clock.
	Now func() time.Time
	// PageSize bounds the pages of lists, below what the client asks for.
	PageSize int

	mu       sync.Mutex
	router   routers.Router
	runs     []*CheckRun
	requests int
	bodies   bytes.Buffer // all that was sent here, to look for secrets in
	errors   []string
}

// Start begins to listen on this machine's loopback.
func Start() (*Server, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(description)
	if err != nil {
		return nil, fmt.Errorf("read GitHub's description: %w", err)
	}
	doc.Servers = nil
	if err := doc.Validate(context.Background(), openapi3.DisableExamplesValidation()); err != nil {
		return nil, fmt.Errorf("GitHub's description: %w", err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	s := &Server{router: router, PageSize: 100, Now: time.Now, Fault: func(int, *http.Request) Fault { return "" }}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	return s, nil
}

// Runs are the check runs, as they stand.
func (s *Server) Runs() []CheckRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	runs := make([]CheckRun, len(s.runs))
	for i, r := range s.runs {
		runs[i] = *r
	}
	return runs
}

// Requests is how many there were.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Bodies is all that was sent in requests.
func (s *Server) Bodies() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bodies.String()
}

// Errors are the breaches of the description and of the limits.
func (s *Server) Errors() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.errors...)
}

// Add puts a check run there that somebody else posted.
func (s *Server) Add(r CheckRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.ID = int64(len(s.runs) + 1)
	s.runs = append(s.runs, &r)
}

func (s *Server) breach(format string, args ...any) {
	s.errors = append(s.errors, fmt.Sprintf(format, args...))
}

// serve answers one request, or does to it what the fault says.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fault := s.Fault(s.requests, r)
	s.requests++
	if fault == Hang {
		s.mu.Unlock()
		defer s.mu.Lock()
		io.Copy(io.Discard, r.Body) // or the end of the connection is not noticed
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
		}
		panic(http.ErrAbortHandler)
	}
	body, err := io.ReadAll(r.Body)
	s.bodies.Write(body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away meanwhile
	}
	w.Header().Set("Date", s.Now().UTC().Format(http.TimeFormat))
	if status, header, page, early := s.before(fault, r); early {
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		for k, v := range header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(status)
		io.WriteString(w, page)
		return
	}
	status, answer, next := s.carryOut(r, body)
	switch fault {
	case DropAfter:
		panic(http.ErrAbortHandler)
	case Error502:
		w.WriteHeader(http.StatusBadGateway)
		return
	case HTMLAfter:
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<html>Unicorn!</html>")
		return
	case LimitLast:
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(s.Now().Add(time.Hour).Unix(), 10))
	}
	if next > 0 {
		q := r.URL.Query()
		q.Set("page", strconv.Itoa(next))
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next"`, s.URL, r.URL.Path, q.Encode()))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if fault == Truncated {
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		w.Write(answer[:len(answer)/2])
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	w.Write(answer)
}

// before is what is answered without anything being done; status 0 ends the
// connection.
func (s *Server) before(f Fault, r *http.Request) (status int, header map[string]string, page string, early bool) {
	const refused = `{"message":"Resource not accessible by integration","documentation_url":"https://docs.github.com/rest"}`
	const limited = `{"message":"You have exceeded a secondary rate limit","documentation_url":"https://docs.github.com/rest#secondary-rate-limits"}`
	switch f {
	case DropBefore:
		return 0, nil, "", true
	case Error500:
		return 500, nil, `{"message":"Server Error"}`, true
	case Error503:
		return 503, map[string]string{"Content-Type": "text/html"}, "<html>Unicorn!</html>", true
	case Limit429:
		return 429, nil, limited, true
	case Limit429For:
		return 429, map[string]string{"Retry-After": "7"}, limited, true
	case Limit429Long:
		return 429, map[string]string{"Retry-After": "86400"}, limited, true
	case Limit403:
		return 403, map[string]string{"Retry-After": "3"}, limited, true
	case Limit403Bare:
		return 403, nil, limited, true
	case LimitHour:
		reset := strconv.FormatInt(s.Now().Add(20*time.Second).Unix(), 10)
		return 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, `{"message":"API rate limit exceeded for installation ID 1."}`, true
	case Barred:
		return 403, nil, `{"message":"Although you appear to have the correct authorization credentials, the ` + "`o`" + ` organization has an IP allow list enabled"}`, true
	case Forbidden:
		return 403, nil, refused, true
	case Unauthorized:
		return 401, nil, `{"message":"Bad credentials"}`, true
	case NotFound:
		return 404, nil, `{"message":"Not Found"}`, true
	case Elsewhere:
		return 307, map[string]string{"Location": "http://localhost:1" + r.URL.Path}, "", true
	case Invalid:
		return 422, nil, `{"message":"Invalid request.\n\nFor 'properties/annotations', too long."}`, true
	case HTML:
		return 200, map[string]string{"Content-Type": "text/html"}, "<html>Unicorn!</html>", true
	case Garbage:
		return 200, nil, "<!-- not JSON", true
	}
	return 0, nil, "", false
}

// carryOut does what a request asks for, checked against the description.
func (s *Server) carryOut(r *http.Request, body []byte) (status int, answer []byte, next int) {
	route, params, err := s.router.FindRoute(r)
	if err != nil {
		s.breach("%s %s: %v", r.Method, r.URL.Path, err)
		return 404, []byte(`{"message":"Not Found"}`), 0
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
		s.breach("%s %s: %v", r.Method, r.URL.Path, err)
		return 422, []byte(`{"message":"Validation Failed"}`), 0
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		s.breach("%s %s: no token", r.Method, r.URL.Path)
	}
	var value any
	switch {
	case r.Method == http.MethodPost:
		status, value = s.create(body)
	case r.Method == http.MethodPatch:
		status, value = s.update(params["check_run_id"], body)
	case params["ref"] != "":
		status = 200
		value, next = s.list(params["ref"], r)
	default:
		status, value = s.get(params["check_run_id"])
	}
	if answer, err = json.Marshal(value); err != nil {
		s.breach("answer: %v", err)
	}
	if status < 300 {
		out := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: in, Status: status, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(bytes.NewReader(answer)),
		}
		if err := openapi3filter.ValidateResponse(r.Context(), out); err != nil {
			s.breach("answer to %s %s: %v", r.Method, r.URL.Path, err)
		}
	}
	return status, answer, next
}

// sent is the part of a request's body that the server keeps.
type sent struct {
	Name       string `json:"name"`
	HeadSHA    string `json:"head_sha"`
	ExternalID string `json:"external_id"`
	Status     string `json:"status"`
	Conclusion string `json:"conclusion"`
	Started    string `json:"started_at"`
	Completed  string `json:"completed_at"`
	Output     *struct {
		Title       string       `json:"title"`
		Summary     string       `json:"summary"`
		Annotations []Annotation `json:"annotations"`
	} `json:"output"`
}

func (s *Server) create(body []byte) (int, any) {
	run := &CheckRun{ID: int64(len(s.runs) + 1)}
	if status, refusal := s.apply(run, body); refusal != nil {
		return status, refusal
	}
	s.runs = append(s.runs, run)
	return 201, s.shown(run)
}

func (s *Server) update(id string, body []byte) (int, any) {
	run := s.find(id)
	if run == nil {
		return 404, map[string]any{"message": "Not Found"}
	}
	if status, refusal := s.apply(run, body); refusal != nil {
		return status, refusal
	}
	return 200, s.shown(run)
}

func (s *Server) get(id string) (int, any) {
	if run := s.find(id); run != nil {
		return 200, s.shown(run)
	}
	return 404, map[string]any{"message": "Not Found"}
}

func (s *Server) find(id string) *CheckRun {
	for _, r := range s.runs {
		if strconv.FormatInt(r.ID, 10) == id {
			return r
		}
	}
	return nil
}

// apply changes a check run as a request says, within the limits that the
// description names in prose.
func (s *Server) apply(run *CheckRun, body []byte) (int, any) {
	var in sent
	if err := json.Unmarshal(body, &in); err != nil {
		s.breach("body: %v", err)
	}
	if in.Status == "in_progress" && run.Status != "" {
		s.breach("an update makes check run %d in_progress: a completed one would be open again", run.ID)
	}
	if o := in.Output; o != nil {
		if len(o.Annotations) > 0 && in.Status+in.Conclusion != "" {
			s.breach("a batch of annotations has the status %q and the conclusion %q", in.Status, in.Conclusion)
		}
		if len(o.Summary) > 65535 || len(o.Annotations) > 50 {
			s.breach("a summary of %d bytes and %d annotations", len(o.Summary), len(o.Annotations))
			return 422, map[string]any{"message": "Validation Failed"}
		}
		for _, a := range o.Annotations {
			if len(a.Message) > 64<<10 || len([]rune(a.Title)) > 255 || a.StartLine < 1 || a.EndLine < a.StartLine ||
				a.StartLine != a.EndLine && (a.StartColumn != 0 || a.EndColumn != 0) {
				s.breach("an annotation that GitHub refuses: %.200v", a)
				return 422, map[string]any{"message": "Validation Failed"}
			}
		}
		run.Title, run.Summary = o.Title, o.Summary
		run.Annotations = append(run.Annotations, o.Annotations...)
	}
	for _, f := range []struct{ to, from *string }{
		{&run.Name, &in.Name}, {&run.HeadSHA, &in.HeadSHA}, {&run.ExternalID, &in.ExternalID},
		{&run.Status, &in.Status}, {&run.Conclusion, &in.Conclusion}, {&run.StartedAt, &in.Started}, {&run.CompletedAt, &in.Completed},
	} {
		if *f.from != "" {
			*f.to = *f.from
		}
	}
	return 0, nil
}

func (s *Server) list(ref string, r *http.Request) (value any, next int) {
	q := r.URL.Query()
	page, size := max(atoi(q.Get("page")), 1), min(max(atoi(q.Get("per_page")), 1), s.PageSize)
	var all []any
	for _, run := range s.runs {
		if run.HeadSHA == ref && (q.Get("check_name") == "" || run.Name == q.Get("check_name")) {
			all = append(all, s.shown(run))
		}
	}
	from, to := min((page-1)*size, len(all)), min(page*size, len(all))
	if to < len(all) {
		next = page + 1
	}
	return map[string]any{"total_count": len(all), "check_runs": append([]any{}, all[from:to]...)}, next
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// shown is a check run as GitHub answers with one.
func (s *Server) shown(run *CheckRun) map[string]any {
	var conclusion, completed any
	if run.Conclusion != "" {
		conclusion, completed = run.Conclusion, cmp.Or(run.CompletedAt, "2026-01-01T12:00:00Z")
	}
	here := fmt.Sprintf("%s/repos/o/r/check-runs/%d", s.URL, run.ID)
	return map[string]any{
		"id": run.ID, "node_id": "CR_1", "head_sha": run.HeadSHA, "external_id": run.ExternalID, "name": run.Name,
		"url": here, "html_url": fmt.Sprintf("https://github.com/o/r/runs/%d", run.ID), "details_url": "https://github.com/o/r",
		"status": run.Status, "conclusion": conclusion, "started_at": cmp.Or(run.StartedAt, "2026-01-01T12:00:00Z"), "completed_at": completed,
		"output": map[string]any{
			"title": run.Title, "summary": run.Summary, "text": nil,
			"annotations_count": len(run.Annotations), "annotations_url": here + "/annotations",
		},
		"check_suite": map[string]any{"id": 5}, "app": nil, "pull_requests": []any{},
	}
}
