// Package transittest is a server for tests that answers as the transit engine of
// HashiCorp Vault does, by its API documentation and its source (path_export.go,
// path_hmac.go), for the two calls that codexlock makes.
package transittest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Token is the one that the server accepts.
const Token = "hvs.a-token-of-the-tests"

// A Server keeps keys of the type hmac, by MOUNT/NAME and version. It is an
// http.Handler.
type Server struct {
	mu       sync.Mutex
	Keys     map[string]map[int][]byte
	Sealed   bool            // answers as a Vault does that nobody unsealed
	Internal map[string]bool // of these keys the material is not exportable
	Exports  []byte          // in place of every key: what Vault before its issue 20804 did
	Requests []string        // method, path and namespace of each
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Requests = append(s.Requests, r.Method+" "+r.URL.Path+" "+r.Header.Get("X-Vault-Namespace"))
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	switch {
	case s.Sealed:
		refuse(w, http.StatusServiceUnavailable, "Vault is sealed")
	case r.Header.Get("X-Vault-Token") != Token:
		refuse(w, http.StatusForbidden, "permission denied")
	case r.Method == http.MethodGet && len(parts) == 4 && parts[1] == "export" && parts[2] == "hmac-key":
		s.export(w, parts[0]+"/"+parts[3], parts[3])
	case (r.Method == http.MethodPost || r.Method == http.MethodPut) && len(parts) == 4 && parts[1] == "hmac" && parts[3] == "sha2-256":
		s.hmac(w, r, parts[0]+"/"+parts[2])
	default:
		refuse(w, http.StatusNotFound, "no handler for route "+fmt.Sprintf("%q", r.URL.Path)+". route entry not found.")
	}
}

func (s *Server) export(w http.ResponseWriter, place, name string) {
	versions, ok := s.Keys[place]
	switch {
	case !ok:
		refuse(w, http.StatusNotFound) // Vault's empty answer
		return
	case s.Internal[place]:
		refuse(w, http.StatusBadRequest, "private key material is not exportable")
		return
	}
	keys := map[string]string{}
	for version, secret := range versions {
		if s.Exports != nil {
			secret = s.Exports
		}
		keys[fmt.Sprint(version)] = base64.StdEncoding.EncodeToString(secret)
	}
	answer(w, map[string]any{"name": name, "type": "hmac", "keys": keys})
}

func (s *Server) hmac(w http.ResponseWriter, r *http.Request, place string) {
	var question struct {
		Input      *string `json:"input"`
		KeyVersion int     `json:"key_version"`
	}
	if err := json.NewDecoder(r.Body).Decode(&question); err != nil || question.Input == nil {
		refuse(w, http.StatusBadRequest, "missing input for HMAC")
		return
	}
	input, err := base64.StdEncoding.DecodeString(*question.Input)
	versions, ok := s.Keys[place]
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, "unable to decode input as base64: "+err.Error())
		return
	case !ok:
		refuse(w, http.StatusBadRequest, "encryption key not found")
		return
	}
	version := question.KeyVersion
	if version == 0 {
		version = slices.Max(slices.Collect(maps.Keys(versions)))
	}
	secret, ok := versions[version]
	if !ok {
		refuse(w, http.StatusBadRequest, "version does not exist or cannot be found")
		return
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(input)
	answer(w, map[string]any{"hmac": fmt.Sprintf("vault:v%d:%s", version, base64.StdEncoding.EncodeToString(mac.Sum(nil)))})
}

// answer is a success, with the fields around its data that Vault writes.
func answer(w http.ResponseWriter, data map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"request_id": "5a6a3c5b-0000-0000-0000-000000000000", "lease_id": "", "renewable": false, "lease_duration": 0,
		"data": data, "wrap_info": nil, "warnings": nil, "auth": nil, "mount_type": "transit",
	})
}

func refuse(w http.ResponseWriter, status int, errors ...string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": append([]string{}, errors...)})
}
