package fetch_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/bundle"
	"github.com/codexlock/codexlock/internal/bundle/archive"
	"github.com/codexlock/codexlock/internal/fetch"
	"github.com/codexlock/codexlock/internal/fetch/fetchtest"
)

var packed = fetchtest.Archive("/acme/names.rego", "package acme.names\n\ndeny contains \"x\" if input.artifact.path == \"y\"\n")

func start(t *testing.T) *fetchtest.Server {
	t.Helper()
	s := fetchtest.Start()
	t.Cleanup(s.Close)
	return s
}

// client believes the server's certificate and keeps bundles in a directory.
func client(t *testing.T, s *fetchtest.Server) *fetch.Client {
	t.Helper()
	c := &fetch.Client{Cache: filepath.Join(t.TempDir(), "bundles"), Warn: func(err error) { t.Logf("warning: %v", err) }}
	fetch.SetTransport(c, s.Client().Transport)
	return c
}

func parse(t *testing.T, written string) bundle.Ref {
	t.Helper()
	r, ok, err := bundle.Parse(written)
	if err != nil || !ok {
		t.Fatalf("parse %q: %v, %v", written, ok, err)
	}
	return r
}

func pinned(t *testing.T, address string, d artifact.Digest) bundle.Ref {
	t.Helper()
	return parse(t, address+"#sha256="+d.String())
}

func image(t *testing.T, s *fetchtest.Server, repository string, d artifact.Digest) bundle.Ref {
	t.Helper()
	return parse(t, "oci://"+s.Host+"/"+repository+":v1@sha256:"+d.String())
}

func published(t *testing.T, s *fetchtest.Server) []bundle.Ref {
	t.Helper()
	d, err := s.Push("acme/rules", packed)
	if err != nil {
		t.Fatal(err)
	}
	return []bundle.Ref{pinned(t, s.Put("/files/acme.tar.gz", packed), artifact.HashBytes(packed)), image(t, s, "acme/rules", d)}
}

// refused asks for a bundle and wants an error that says so.
func refused(t *testing.T, c *fetch.Client, r bundle.Ref, want string) *fetch.Error {
	t.Helper()
	data, err := c.Fetch(context.Background(), r)
	var told *fetch.Error
	if data != nil || !errors.As(err, &told) {
		t.Fatalf("got %d bytes and %v, want a *fetch.Error that says %q", len(data), err, want)
	}
	if !strings.Contains(err.Error(), want) {
		t.Fatalf("got %q, want it to say %q", err, want)
	}
	if !strings.Contains(err.Error(), r.Digest.String()) {
		t.Errorf("%q does not name the bundle by its digest", err)
	}
	return told
}

func TestFetchAndCache(t *testing.T) {
	s := start(t)
	for _, r := range published(t, s) {
		c := client(t, s)
		for i := range 2 {
			data, err := c.Fetch(context.Background(), r)
			if err != nil || !bytes.Equal(data, packed) {
				t.Fatalf("%s: got %d bytes and %v, want the %d of the archive", r, len(data), err, len(packed))
			}
			if n := len(s.Requests()); (n == 0) != (i == 1) {
				t.Errorf("%s: %d requests the %d. time; the second is answered by the cache", r, n, i+1)
			}
		}
		c.Offline = true
		if data, err := c.Fetch(context.Background(), r); err != nil || !bytes.Equal(data, packed) {
			t.Errorf("%s: offline with a cache: %v", r, err)
		}
	}
}

func TestOffline(t *testing.T) {
	s := start(t)
	for _, r := range published(t, s) {
		c := client(t, s)
		c.Offline = true
		refused(t, c, r, "not in the cache")
		if n := len(s.Requests()); n > 0 {
			t.Errorf("%s: %d requests of a client that is offline", r, n)
		}
	}
}

func TestServerDown(t *testing.T) {
	s := start(t)
	refs := published(t, s)
	full, empty := client(t, s), client(t, s)
	for _, r := range refs {
		if _, err := full.Fetch(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	for _, r := range refs {
		if data, err := full.Fetch(context.Background(), r); err != nil || !bytes.Equal(data, packed) {
			t.Errorf("%s: a cached bundle with the server down: %v", r, err)
		}
		if told := refused(t, empty, r, "cannot be fetched"); told.Hint() == "" {
			t.Errorf("%v has no next step", told)
		}
	}
}

// TestPoisonedCache: what stands in the cache under a digest and does not have
// it is fetched again, and with no network is an error.
func TestPoisonedCache(t *testing.T) {
	poisons := map[string]func(name string) error{
		"other bytes": func(name string) error { return os.WriteFile(name, fetchtest.Archive("/x.rego", "package x"), 0o600) },
		"nothing":     func(name string) error { return os.WriteFile(name, nil, 0o600) },
		"cut off":     func(name string) error { return os.Truncate(name, int64(len(packed)/2)) },
		"huge":        func(name string) error { return os.Truncate(name, archive.MaxBytes+1) },
		"a folder":    func(name string) error { return os.Mkdir(name, 0o700) },
		"a pipe":      func(name string) error { return syscall.Mkfifo(name, 0o600) },
	}
	s := start(t)
	r := published(t, s)[0]
	for name, poison := range poisons {
		t.Run(name, func(t *testing.T) {
			c := client(t, s)
			warnings := 0
			c.Warn = func(error) { warnings++ }
			if _, err := c.Fetch(context.Background(), r); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(c.Cache, "sha256", r.Digest.String())
			if strings.HasPrefix(name, "a ") {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			}
			if err := poison(file); err != nil {
				t.Fatal(err)
			}
			c.Offline = true
			refused(t, c, r, "not in the cache")
			c.Offline = false
			if data, err := c.Fetch(context.Background(), r); err != nil || !bytes.Equal(data, packed) {
				t.Errorf("got %d bytes and %v, want those of the server", len(data), err)
			}
			if warnings == 0 {
				t.Error("nobody was told")
			}
		})
	}
}

// TestUnusableCache costs downloads, and nothing else.
func TestUnusableCache(t *testing.T) {
	s := start(t)
	for _, r := range published(t, s) {
		c := client(t, s)
		if err := os.WriteFile(c.Cache, []byte("no folder"), 0o600); err != nil {
			t.Fatal(err)
		}
		warned := ""
		c.Warn = func(err error) { warned += err.Error() }
		if data, err := c.Fetch(context.Background(), r); err != nil || !bytes.Equal(data, packed) {
			t.Errorf("%s: %v", r, err)
		}
		if !strings.Contains(warned, "write the cache") {
			t.Errorf("told %q, want that the cache takes nothing", warned)
		}
		c = client(t, s)
		c.Cache, c.Warn = "", nil
		if data, err := c.Fetch(context.Background(), r); err != nil || !bytes.Equal(data, packed) {
			t.Errorf("%s with no cache: %v", r, err)
		}
	}
}

func TestCacheIsPrivateAndWhole(t *testing.T) {
	s := start(t)
	r := published(t, s)[0]
	c := client(t, s)
	if _, err := c.Fetch(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(filepath.Join(c.Cache, "sha256"))
	if err != nil || len(files) != 1 || files[0].Name() != r.Digest.String() {
		t.Fatalf("the cache holds %v, %v; want one file named by its digest", files, err)
	}
	if info, err := files[0].Info(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
}

func TestWrongDigest(t *testing.T) {
	s := start(t)
	other := artifact.HashBytes([]byte("another bundle"))
	got := artifact.HashBytes(packed).String()
	told := refused(t, client(t, s), pinned(t, s.Put("/files/acme.tar.gz", packed), other), "sha256 "+got+", want "+other.String())
	if !strings.Contains(told.Hint(), "pin") {
		t.Errorf("hint %q says not what to pin", told.Hint())
	}
	if entries, err := os.ReadDir(filepath.Join(t.TempDir(), "bundles")); err == nil && len(entries) > 0 {
		t.Error("what has the wrong digest went into the cache")
	}
}

// TestRegistryLies: a registry that serves other bytes than are pinned.
func TestRegistryLies(t *testing.T) {
	s := start(t)
	r := published(t, s)[1]
	otherLayer := fetchtest.Archive("/evil.rego", "package evil\n\ndeny contains \"x\" if false\n")
	for name, c := range map[string]struct {
		path string
		body []byte
		want string
	}{
		"manifest": {"/manifests/", fetchtest.Manifest(fetchtest.Describe(fetchtest.MediaTypeLayer, otherLayer)), "digest mismatch"},
		"layer":    {"/blobs/", append(bytes.Clone(packed[:len(packed)-1]), 'x'), "want " + artifact.HashBytes(packed).String()},
		"more":     {"/blobs/", append(bytes.Clone(packed), 0), "Content-Length"},
	} {
		t.Run(name, func(t *testing.T) {
			s.Answer(func(w http.ResponseWriter, r *http.Request) {
				if !strings.Contains(r.URL.Path, c.path) {
					s.Registry(w, r)
					return
				}
				w.Header().Set("Content-Type", fetchtest.MediaTypeManifest)
				w.Write(c.body) //nolint:errcheck // a test's server
			})
			refused(t, client(t, s), r, c.want)
		})
	}
}

// TestImagesThatAreNoBundle have the pinned digest and are refused.
func TestImagesThatAreNoBundle(t *testing.T) {
	s := start(t)
	layer := fetchtest.Describe(fetchtest.MediaTypeLayer, packed)
	huge, odd, sha512 := layer, layer, layer
	huge.Size, odd.MediaType = archive.MaxBytes+1, "application/vnd.oci.image.layer.v1.tar"
	sha512.Digest = "sha512:" + strings.Repeat("0", 128)
	index := []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`)
	for name, c := range map[string]struct {
		mediaType string
		text      []byte
		want      string
	}{
		"no layer":         {fetchtest.MediaTypeManifest, fetchtest.Manifest(), "0 layers"},
		"two layers":       {fetchtest.MediaTypeManifest, fetchtest.Manifest(layer, layer), "2 layers"},
		"not zipped":       {fetchtest.MediaTypeManifest, fetchtest.Manifest(odd), "v1.tar\""},
		"too large":        {fetchtest.MediaTypeManifest, fetchtest.Manifest(huge), "at most"},
		"another digest":   {fetchtest.MediaTypeManifest, fetchtest.Manifest(sha512), "by sha256"},
		"an index":         {"application/vnd.oci.image.index.v1+json", index, "index"},
		"a layer is gone":  {fetchtest.MediaTypeManifest, fetchtest.Manifest(fetchtest.Describe(fetchtest.MediaTypeLayer, []byte("never pushed"))), "not in the registry"},
		"not JSON":         {fetchtest.MediaTypeManifest, []byte("{"), "not JSON"},
		"a negative layer": {fetchtest.MediaTypeManifest, fetchtest.Manifest(fetchtest.Descriptor{MediaType: layer.MediaType, Digest: layer.Digest, Size: -1}), "-1 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			d := artifact.HashBytes(c.text)
			s.Answer(func(w http.ResponseWriter, r *http.Request) {
				if !strings.Contains(r.URL.Path, "/manifests/") {
					s.Registry(w, r)
					return
				}
				w.Header().Set("Content-Type", c.mediaType)
				w.Write(c.text) //nolint:errcheck // a test's server
			})
			refused(t, client(t, s), image(t, s, "acme/rules", d), c.want)
		})
	}
}

func TestAnswersThatAreNoBundle(t *testing.T) {
	s := start(t)
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(packed) })) //nolint:errcheck // a test's server
	t.Cleanup(plain.Close)
	answer := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	}
	to := func(address string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, address, http.StatusFound) }
	}
	cases := map[string]struct {
		answer      http.HandlerFunc
		file, image string // what is said of each
	}{
		"missing":          {answer(404), "404 Not Found", "not in the registry"},
		"unauthorized":     {answer(401), "401 Unauthorized", "wants credentials"},
		"forbidden":        {answer(403), "403 Forbidden", "wants credentials"},
		"broken":           {answer(500), "500 Internal Server Error", "500 Internal Server Error"},
		"later, for ever":  {answer(503), "503 Service Unavailable", "503 Service Unavailable"},
		"redirect to http": {to(plain.URL + "/acme.tar.gz"), "redirected to http://", "redirected to http://"},
		"redirect to file": {to("file:///etc/passwd"), "redirected to file://", "redirected to file://"},
		"redirects around": {to("/again"), "redirected over 5 times", "redirected over 5 times"},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			zeros := make([]byte, 1<<20)
			for range archive.MaxBytes>>20 + 2 {
				if _, err := w.Write(zeros); err != nil {
					return
				}
			}
		}, "over 16777216 bytes", ""},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(packed)))
			w.Header().Set("Content-Type", fetchtest.MediaTypeManifest)
			w.Write(packed[:10]) //nolint:errcheck // a test's server
		}, "broke off after 10 bytes", "unexpected EOF"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			refs := published(t, s)
			s.Answer(c.answer)
			defer s.Answer(nil)
			refused(t, client(t, s), pinned(t, s.URL+"/elsewhere.tar.gz", refs[0].Digest), c.file)
			if c.image != "" {
				refused(t, client(t, s), refs[1], c.image)
			}
		})
	}
}

// TestServerPutsOff: a busy server is asked again.
func TestServerPutsOff(t *testing.T) {
	s := start(t)
	for _, r := range published(t, s) {
		n := 0
		s.Answer(func(w http.ResponseWriter, r *http.Request) {
			if n++; n < 3 {
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			if r.URL.Path == "/files/acme.tar.gz" {
				w.Write(packed) //nolint:errcheck // a test's server
				return
			}
			s.Registry(w, r)
		})
		if data, err := client(t, s).Fetch(context.Background(), r); err != nil || !bytes.Equal(data, packed) {
			t.Errorf("%s: %v", r, err)
		}
	}
}

func TestCancelled(t *testing.T) {
	s := start(t)
	for _, r := range published(t, s) {
		ctx, cancel := context.WithCancel(context.Background())
		s.Answer(func(http.ResponseWriter, *http.Request) { cancel() })
		if data, err := client(t, s).Fetch(ctx, r); err == nil || data != nil {
			t.Errorf("%s: got %d bytes of a fetch that was ended", r, len(data))
		}
	}
}

// TestSlowServer: the whole fetch has a deadline, whatever comes byte by byte.
func TestSlowServer(t *testing.T) {
	s := start(t)
	s.Answer(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := client(t, s).Fetch(ctx, pinned(t, s.URL+"/x", artifact.HashBytes(packed)))
	if err == nil || !strings.Contains(err.Error(), "is not here after") {
		t.Errorf("got %v, want that the bundle is not here", err)
	}
}

// TestUnknownCertificate: the client believes the system's authorities.
func TestUnknownCertificate(t *testing.T) {
	s := start(t)
	for _, r := range published(t, s) {
		refused(t, &fetch.Client{}, r, "certificate")
	}
}

// TestNoPlainRegistry: a registry on loopback is reached over https like others.
func TestNoPlainRegistry(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Errorf("asked over http: %s", r.URL) }))
	t.Cleanup(plain.Close)
	r := parse(t, "oci://"+plain.Listener.Addr().String()+"/acme/rules@sha256:"+artifact.HashBytes(packed).String())
	refused(t, &fetch.Client{}, r, "cannot be fetched")
}

func TestQueryIsNotTold(t *testing.T) {
	s := start(t)
	address := s.URL + "/acme.tar.gz?token=sesame"
	s.Close()
	told := refused(t, client(t, s), pinned(t, address, artifact.HashBytes(packed)), "cannot be fetched")
	if strings.Contains(told.Error()+told.Hint(), "sesame") {
		t.Errorf("%q tells the query", told)
	}
}

const user, password = "reader", "open-sesame-0123"

// wanted answers as a registry that lets in who has the password.
func wanted(s *fetchtest.Server) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.Registry(w, r)
	}
}

func login(t *testing.T, c *fetch.Client, host string) {
	t.Helper()
	text := fmt.Sprintf(`{"auths":{%q:{"auth":%q}},"credsStore":"pass"}`, host, base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	c.Credentials = func() (fetch.Credentials, error) { return fetch.ParseDockerConfig([]byte(text)) }
}

func TestCredentials(t *testing.T) {
	s := start(t)
	r := published(t, s)[1]
	s.Answer(wanted(s))
	c := client(t, s)
	login(t, c, s.Host)
	if data, err := c.Fetch(context.Background(), r); err != nil || !bytes.Equal(data, packed) {
		t.Errorf("with credentials: %v", err)
	}
	c = client(t, s)
	login(t, c, "other.example")
	told := refused(t, c, r, "wants credentials")
	if !strings.Contains(told.Hint(), "docker login") || strings.Contains(fmt.Sprintf("%+v %#v", told, told), password) {
		t.Errorf("hint %q", told.Hint())
	}
	c.Credentials = func() (fetch.Credentials, error) {
		return fetch.Credentials{}, errors.New("config.json cannot be read")
	}
	refused(t, c, r, "config.json cannot be read")
}

// TestCredentialsStayWithTheirHost: neither a redirect nor the challenge of the
// server that it leads to gets them.
func TestCredentialsStayWithTheirHost(t *testing.T) {
	s, other := start(t), start(t)
	r := published(t, s)[1]
	if _, err := other.Push("acme/rules", packed); err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"serves":     func(w http.ResponseWriter, r *http.Request) { other.Registry(w, r) },
		"challenges": wanted(other),
		"asks for a token": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="x"`, other.URL))
			w.WriteHeader(http.StatusUnauthorized)
		},
	} {
		t.Run(name, func(t *testing.T) {
			other.Answer(answer)
			s.Answer(func(w http.ResponseWriter, r *http.Request) {
				if _, _, ok := r.BasicAuth(); ok && strings.Contains(r.URL.Path, "/blobs/") {
					http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
					return
				}
				wanted(s)(w, r)
			})
			c := client(t, s)
			fetch.SetTransport(c, &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}})
			login(t, c, s.Host)
			_, err := c.Fetch(context.Background(), r)
			if (err == nil) != (name == "serves") {
				t.Errorf("got %v", err)
			}
			asked := other.Requests()
			if len(asked) == 0 {
				t.Fatal("nobody was redirected")
			}
			for _, r := range asked {
				if r.Header.Get("Authorization") != "" {
					t.Errorf("%s got the credentials of another host", r.URL)
				}
			}
		})
	}
}

func TestToken(t *testing.T) {
	s := start(t)
	r := published(t, s)[1]
	s.Answer(func(w http.ResponseWriter, r *http.Request) {
		switch u, p, _ := r.BasicAuth(); {
		case r.URL.Path == "/token" && u == user && p == password && r.FormValue("scope") == "repository:acme/rules:pull":
			fmt.Fprint(w, `{"token":"t0ken"}`)
		case r.Header.Get("Authorization") == "Bearer t0ken":
			s.Registry(w, r)
		default:
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="x"`, s.URL))
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	c := client(t, s)
	login(t, c, s.Host)
	if data, err := c.Fetch(context.Background(), r); err != nil || !bytes.Equal(data, packed) {
		t.Errorf("by a token: %v", err)
	}
}

// TestTokenServiceOverHTTP: credentials never travel in the open.
func TestTokenServiceOverHTTP(t *testing.T) {
	s := start(t)
	r := published(t, s)[1]
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	plain := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked for a token over http") })}
	go plain.Serve(listener) //nolint:errcheck // ended below
	t.Cleanup(func() { plain.Close() })
	s.Answer(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="x"`, listener.Addr()))
		w.WriteHeader(http.StatusUnauthorized)
	})
	c := client(t, s)
	login(t, c, s.Host)
	refused(t, c, r, "")
}
