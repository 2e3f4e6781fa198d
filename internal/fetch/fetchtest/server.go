// Package fetchtest is a server of rule bundles for tests, on loopback and over
// TLS: files at their paths, a container registry, and their possible errors.
package fetchtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A Server serves /files/… and a registry under /v2/.
type Server struct {
	*httptest.Server
	Host string // host:port

	registry http.Handler
	mu       sync.Mutex
	files    map[string][]byte
	answer   http.HandlerFunc // in place of everything
	requests []*http.Request
}

// Start starts a server, which the caller closes.
func Start() *Server {
	s := &Server{registry: registry.New(registry.Logger(log.New(io.Discard, "", 0))), files: map[string][]byte{}}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	s.Host = s.Listener.Addr().String()
	return s
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Clone(r.Context()))
	answer, data, ok := s.answer, s.files[r.URL.Path], false
	_, ok = s.files[r.URL.Path]
	s.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, r)
	case ok:
		w.Write(data) //nolint:errcheck // the client sees what is missing
	default:
		s.registry.ServeHTTP(w, r)
	}
}

// Registry answers as the registry does, for an Answer that lets requests pass.
func (s *Server) Registry(w http.ResponseWriter, r *http.Request) { s.registry.ServeHTTP(w, r) }

// Answer makes the server answer everything in a way; nil ends it.
func (s *Server) Answer(with http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = with
}

// Requests are those since the last call.
func (s *Server) Requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.requests
	s.requests = nil
	return all
}

// CA is the certificate that a client has to believe, in PEM.
func (s *Server) CA() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

// Put serves a file and returns its address.
func (s *Server) Put(path string, data []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[path] = data
	return s.URL + path
}

// Descriptors of a published bundle, as OPA and oras write them.
const (
	MediaTypeManifest = "application/vnd.oci.image.manifest.v1+json"
	MediaTypeConfig   = "application/vnd.oci.image.config.v1+json"
	MediaTypeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// A Descriptor is one part of an image.
type Descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int    `json:"size"`
}

// Describe is what a manifest says of bytes.
func Describe(mediaType string, data []byte) Descriptor {
	return Descriptor{mediaType, "sha256:" + artifact.HashBytes(data).String(), len(data)}
}

// Manifest is an image of layers.
func Manifest(layers ...Descriptor) []byte {
	text, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": MediaTypeManifest,
		"config": Describe(MediaTypeConfig, []byte("{}")), "layers": slices.Clip(layers),
	})
	if err != nil {
		panic(err)
	}
	return text
}

// Push publishes a bundle as an image of one layer and returns its digest in hex.
func (s *Server) Push(repository string, archive []byte) (artifact.Digest, error) {
	for _, data := range [][]byte{[]byte("{}"), archive} {
		if err := s.PushBlob(repository, data); err != nil {
			return artifact.Digest{}, err
		}
	}
	return s.PushManifest(repository, MediaTypeManifest, Manifest(Describe(MediaTypeLayer, archive)))
}

// PushBlob puts bytes into a repository.
func (s *Server) PushBlob(repository string, data []byte) error {
	d := artifact.HashBytes(data)
	return s.put(http.MethodPost, fmt.Sprintf("/v2/%s/blobs/uploads/?digest=sha256:%s", repository, d), "application/octet-stream", data)
}

// PushManifest puts a manifest into a repository, under its digest and the tag v1.
func (s *Server) PushManifest(repository, mediaType string, text []byte) (artifact.Digest, error) {
	return artifact.HashBytes(text), s.put(http.MethodPut, "/v2/"+repository+"/manifests/v1", mediaType, text)
}

// put asks the registry itself, so that an upload is not among the requests.
func (s *Server) put(method, target, mediaType string, data []byte) error {
	r := httptest.NewRequest(method, target, bytes.NewReader(data))
	r.Header.Set("Content-Type", mediaType)
	w := httptest.NewRecorder()
	s.registry.ServeHTTP(w, r)
	if w.Code != http.StatusCreated {
		return fmt.Errorf("%s %s: %d %s", method, target, w.Code, strings.TrimSpace(w.Body.String()))
	}
	return nil
}

// Archive packs files, given as name and text in turn, as opa build does.
func Archive(files ...string) []byte {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	packed := tar.NewWriter(zipped)
	for i := 0; i < len(files); i += 2 {
		must(packed.WriteHeader(&tar.Header{Name: files[i], Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(files[i+1]))}))
		_, err := io.WriteString(packed, files[i+1])
		must(err)
	}
	must(packed.Close())
	must(zipped.Close())
	return out.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
