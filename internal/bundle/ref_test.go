package bundle_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/bundle"
)

const hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func TestParse(t *testing.T) {
	for written, want := range map[string]bundle.Ref{
		"rules/acme.tar.gz#sha256=" + hex:                        {Kind: bundle.File, Path: "rules/acme.tar.gz"},
		"acme.bin#sha256=" + hex:                                 {Kind: bundle.File, Path: "acme.bin"},
		"https://example.com/acme.tar.gz#sha256=" + hex:          {Kind: bundle.HTTPS, URL: "https://example.com/acme.tar.gz"},
		"https://example.com:8443/a?token=x#sha256=" + hex:       {Kind: bundle.HTTPS, URL: "https://example.com:8443/a?token=x"},
		"oci://ghcr.io/acme/rules@sha256:" + hex:                 {Kind: bundle.OCI, Registry: "ghcr.io", Repository: "acme/rules"},
		"oci://localhost:5000/acme/rules/all:v1.2@sha256:" + hex: {Kind: bundle.OCI, Registry: "localhost:5000", Repository: "acme/rules/all"},
		"oci://127.0.0.1:65535/a__b/c-d.e:latest@sha256:" + hex:  {Kind: bundle.OCI, Registry: "127.0.0.1:65535", Repository: "a__b/c-d.e"},
		"../elsewhere/acme.tar.gz#sha256=" + hex:                 {Kind: bundle.File, Path: "../elsewhere/acme.tar.gz"},
	} {
		got, ok, err := bundle.Parse(written)
		if err != nil || !ok {
			t.Errorf("%s: %v, %v", written, ok, err)
			continue
		}
		if got.Digest.String() != hex {
			t.Errorf("%s: digest %s", written, got.Digest)
		}
		want.Digest = got.Digest
		if got != want {
			t.Errorf("%s: got %+v, want %+v", written, got, want)
		}
	}
}

func TestDirectories(t *testing.T) {
	for _, written := range []string{"policies", "policies/", "a/b", "../x", "/abs", ".", "a.tar", "tar.gz/", "a:b", "dir/http:x"} {
		// A name with a scheme is none; "a:b" looks like one.
		_, ok, err := bundle.Parse(written)
		if written == "a:b" {
			if err == nil {
				t.Errorf("%s: taken for a directory", written)
			}
			continue
		}
		if ok || err != nil {
			t.Errorf("%s: %v, %v; want a directory", written, ok, err)
		}
	}
}

func TestRefused(t *testing.T) {
	for written, want := range map[string]string{
		"http://example.com/a.tar.gz#sha256=" + hex: "uses http:",
		"http:a":                                                      "uses http:",
		"HTTPS://example.com/a#sha256=" + hex:                         `unknown kind "HTTPS:"`,
		"git::https://example.com/a//sub?ref=main":                    `unknown kind "git:"`,
		"file:///etc/passwd#sha256=" + hex:                            `unknown kind "file:"`,
		"s3://bucket/a.tar.gz#sha256=" + hex:                          `unknown kind "s3:"`,
		"oci:/ghcr.io/a@sha256:" + hex:                                `unknown kind "oci:"`,
		"https://example.com/a.tar.gz":                                "not pinned",
		"https://example.com/a.tar.gz#":                               "not pinned",
		"https://example.com/a.tar.gz#sha256=":                        "not pinned",
		"https://example.com/a.tar.gz#sha256=" + hex[1:]:              "63 characters",
		"https://example.com/a.tar.gz#sha256=" + strings.ToUpper(hex): "not lower-case hex",
		"https://example.com/a.tar.gz#sha512=" + hex:                  "want sha256=",
		"https://example.com/a.tar.gz#md5=1":                          "want sha256=",
		"https://example.com/a#b#sha256=" + hex:                       "want sha256=",
		"https:///a.tar.gz#sha256=" + hex:                             "no address",
		"https://#sha256=" + hex:                                      "no address",
		"https://exa mple.com/#sha256=" + hex:                         "no address",
		"https://me:sesame@example.com/a#sha256=" + hex:               "user name or password",
		"oci://ghcr.io/acme/rules":                                    "not pinned",
		"oci://ghcr.io/acme/rules:v1":                                 "a tag can be moved",
		"oci://ghcr.io/acme/rules@v1":                                 "want sha256:",
		"oci://ghcr.io/acme/rules@sha512:" + hex + hex:                "want sha256:",
		"oci://ghcr.io/acme/rules@sha256:" + hex[:12]:                 "12 characters",
		"oci://ghcr.io@sha256:" + hex:                                 "repository",
		"oci:///acme@sha256:" + hex:                                   "registry",
		"oci://me:sesame@ghcr.io/acme@sha256:" + hex:                  "want sha256:",
		"oci://ghcr.io/Acme@sha256:" + hex:                            "lower-case",
		"oci://ghcr.io/a/../b@sha256:" + hex:                          "repository",
		"oci://ghcr.io/a?x@sha256:" + hex:                             "repository",
		"oci://ghcr.io/a:@sha256:" + hex:                              "tag",
		"acme.tar.gz":                                                 "not pinned",
		"rules/acme.tgz":                                              "not pinned",
		"acme.tar.gz#sha256=abc":                                      "3 characters",
		"policies#main":                                               "want sha256=",
		"#sha256=" + hex:                                              "names no file",
	} {
		r, ok, err := bundle.Parse(written)
		var bad *bundle.RefError
		if ok || r != (bundle.Ref{}) || !errors.As(err, &bad) {
			t.Errorf("%s: got %+v, %v, %v; want a *RefError", written, r, ok, err)
			continue
		}
		if !strings.Contains(bad.Reason, want) || bad.Hint() == "" {
			t.Errorf("%s: got %q (%q), want it to say %q and the next step", written, bad.Reason, bad.Hint(), want)
		}
		if strings.Contains(written, "https://me:") && strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: tells the password: %v", written, err)
		}
	}
}

func TestString(t *testing.T) {
	for written, want := range map[string][2]string{
		"a.tar.gz#sha256=" + hex:                 {"a.tar.gz#sha256=" + hex, "a.tar.gz#sha256=9f86d081884c"},
		"https://h/a?token=sesame#sha256=" + hex: {"https://h/a#sha256=" + hex, "https://h/a#sha256=9f86d081884c"},
		"oci://h.io/a:v1@sha256:" + hex:          {"oci://h.io/a@sha256:" + hex, "oci://h.io/a@sha256:9f86d081884c"},
	} {
		r, _, err := bundle.Parse(written)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]string{r.String(), r.Short()}; got != want {
			t.Errorf("%s: got %q, want %q", written, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"policies/", "a#sha256=" + hex, "https://h/a#sha256=" + hex, "oci://h/a:t@sha256:" + hex, "http://h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, ok, err := bundle.Parse(s)
		if err != nil && (ok || r != (bundle.Ref{})) {
			t.Fatalf("%q: a fault and a bundle", s)
		}
		if !ok {
			return
		}
		if r.Digest.IsZero() && !strings.Contains(s, strings.Repeat("0", 64)) {
			t.Fatalf("%q: a bundle with no digest", s)
		}
		again, ok, err := bundle.Parse(r.String())
		if err != nil || !ok || again.String() != r.String() {
			t.Fatalf("%q: its name %q is read as %+v, %v, %v", s, r, again, ok, err)
		}
	})
}
