package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	opabundle "github.com/open-policy-agent/opa/v1/bundle"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/fetch/fetchtest"
)

// TestSources runs what the command line does with bundles of rules, beside a
// server on loopback that serves files and is a container registry.
func TestSources(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/sources",
		UpdateScripts:       os.Getenv("CODEXLOCK_UPDATE") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			s := fetchtest.Start()
			env.Defer(s.Close)
			env.Values["server"] = s
			env.Setenv("HOST", s.Host)
			env.Setenv("SSL_CERT_FILE", filepath.Join(env.WorkDir, ".ca.pem"))
			env.Setenv("CACHE", filepath.Join(env.WorkDir, ".cache/codexlock/bundles/sha256"))
			if err := os.WriteFile(filepath.Join(env.WorkDir, ".ca.pem"), s.CA(), 0o600); err != nil {
				return err
			}
			return setup(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "edit": edit,
			"key": key, "pack": pack, "serve": serve, "push": push, "server": server, "requests": requests, "expand": expand, "pin": pin, "bomb": bomb,
		},
	})
}

func bundles(ts *testscript.TestScript) *fetchtest.Server {
	return ts.Value("server").(*fetchtest.Server)
}

// key makes an Ed25519 key: key NAME, as NAME.pem and NAME.pub.
func key(ts *testscript.TestScript, _ bool, args []string) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	ts.Check(err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	ts.Check(err)
	open, err := x509.MarshalPKIXPublicKey(public)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".pub"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: open}), 0o600))
}

// pack makes a bundle of a folder and sets $PIN to its digest, $AT to how a file
// is pinned by it: pack FILE FOLDER [KEY]. With a key it is signed as opa build
// signs.
func pack(ts *testscript.TestScript, _ bool, args []string) {
	var files []string
	var list []opabundle.FileInfo
	root := ts.MkAbs(args[1])
	ts.Check(filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		name, err = filepath.Rel(root, name)
		files = append(files, "/"+name, string(text))
		list = append(list, opabundle.NewFile(name, artifact.HashBytes(text).String(), string(opabundle.SHA256)))
		return err
	}))
	if len(args) > 2 {
		token, err := opabundle.GenerateSignedToken(list, opabundle.NewSigningConfig(ts.ReadFile(args[2]), "EdDSA", ""), "")
		ts.Check(err)
		text, err := json.Marshal(opabundle.SignaturesConfig{Signatures: []string{token}, Plugin: "_default"})
		ts.Check(err)
		files = append(files, "/.signatures.json", string(text))
	}
	archive := fetchtest.Archive(files...)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), archive, 0o600))
	pin(ts, false, args)
}

// pin sets $PIN and $AT to the digest of a file: pin FILE.
func pin(ts *testscript.TestScript, _ bool, args []string) {
	d := artifact.HashBytes([]byte(ts.ReadFile(args[0]))).String()
	ts.Setenv("PIN", d)
	ts.Setenv("AT", "#sha256="+d)
}

// bomb makes a bundle of 20 KB that unpacks to 16 MiB and pins it: bomb FILE.
func bomb(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), fetchtest.Archive("/zeros.rego", string(make([]byte, 16<<20))), 0o600))
	pin(ts, false, args)
}

// serve puts a file on the server: serve PATH FILE.
func serve(ts *testscript.TestScript, _ bool, args []string) {
	bundles(ts).Put(args[0], []byte(ts.ReadFile(args[1])))
}

// push publishes a bundle and sets $PIN to its digest: push REPOSITORY FILE.
func push(ts *testscript.TestScript, _ bool, args []string) {
	d, err := bundles(ts).Push(args[0], []byte(ts.ReadFile(args[1])))
	ts.Check(err)
	ts.Setenv("PIN", d.String())
}

// server is down, redirects to plain http, or wants credentials: server WHAT.
func server(ts *testscript.TestScript, _ bool, args []string) {
	s := bundles(ts)
	switch args[0] {
	case "down":
		s.Close()
	case "redirects":
		s.Answer(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+s.Host+r.URL.Path, http.StatusFound)
		})
	case "locked":
		s.Answer(func(w http.ResponseWriter, r *http.Request) {
			if user, password, _ := r.BasicAuth(); user != "reader" || password != "open-sesame" {
				w.Header().Set("WWW-Authenticate", `Basic realm="rules"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			s.Registry(w, r)
		})
	default:
		ts.Fatalf("usage: server down|redirects|locked")
	}
}

// requests asserts how many there were since it was last asked: requests N.
func requests(ts *testscript.TestScript, _ bool, args []string) {
	if n := strconv.Itoa(len(bundles(ts).Requests())); n != args[0] {
		ts.Fatalf("%s requests, want %s", n, args[0])
	}
}

// expand replaces $HOST and $PIN in a file, and $KEY by a public key, indented
// as YAML wants it: expand FILE OUT [KEY].
func expand(ts *testscript.TestScript, _ bool, args []string) {
	text := os.Expand(ts.ReadFile(args[0]), func(name string) string {
		if name != "KEY" {
			return ts.Getenv(name)
		}
		var out string
		for line := range strings.Lines(ts.ReadFile(args[2])) {
			out += "    " + line
		}
		return out
	})
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}
