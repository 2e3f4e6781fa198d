// Package bundle defines how rule bundles are named and pinned. It fetches, unpacks and
// judges nothing.
package bundle

import (
	"fmt"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/lazyregexp"
)

// A Kind is a kind of place that bundles are stored in.
type Kind int

// The kinds. The zero Kind is invalid.
const (
	File  Kind = iota + 1 // a file of the repository
	HTTPS                 // any server
	OCI                   // a container registry
)

// A Ref names a bundle and pins its bytes. Only Parse creates one, so every Ref has a
// digest.
type Ref struct {
	Kind       Kind
	Digest     artifact.Digest // of the archive; of an OCI bundle's manifest
	Path       string          // File: as in the configuration
	URL        string          // HTTPS: without the fragment
	Registry   string          // OCI: host, or host:port
	Repository string          // OCI
}

// A RefError is an invalid source of rules.
type RefError struct {
	Written string
	Reason  string
	hint    string
}

func (e *RefError) Error() string { return fmt.Sprintf("policies %q %s", e.Written, e.Reason) }

// Hint is the next step.
func (e *RefError) Hint() string { return e.hint }

// Hints that show how each kind is pinned.
const (
	hintHTTPS = "pin it: https://HOST/PATH#sha256=DIGEST, where DIGEST is what sha256sum prints"
	hintOCI   = "pin it: oci://HOST/REPOSITORY@sha256:DIGEST, where DIGEST is what oras push prints"
	hintKinds = "rules come from a directory of the base commit, FILE.tar.gz#sha256=…, https://…#sha256=… or oci://…@sha256:…"
)

var (
	scheme     = lazyregexp.New(`^[A-Za-z][A-Za-z0-9+.-]*:`)
	registry   = lazyregexp.New(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$`)
	repository = lazyregexp.New(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	tag        = lazyregexp.New(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
)

// Parse parses one entry of a list of rule sources. ok is false for a directory, which
// needs no pin, because the base commit fixes it. Everything else is a bundle with a
// digest, or a *RefError.
func Parse(written string) (r Ref, ok bool, err error) {
	switch {
	case strings.HasPrefix(written, "oci://"):
		r, err = parseOCI(written)
	case strings.HasPrefix(written, "https://"):
		r, err = parseHTTPS(written)
	case strings.HasPrefix(written, "http:"):
		err = &RefError{written, "uses http:, where anyone on the network can change the content", "use https://, and " + hintHTTPS}
	case scheme.MatchString(written):
		err = &RefError{written, fmt.Sprintf("is of the unknown kind %q", scheme.FindString(written)), hintKinds}
	case strings.Contains(written, "#"), isArchive(written):
		r, err = parseFile(written)
	default:
		return Ref{}, false, nil
	}
	if err != nil {
		return Ref{}, false, err
	}
	return r, true, nil
}

func isArchive(name string) bool {
	return strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tgz")
}

func parseFile(written string) (Ref, error) {
	name, pin, _ := strings.Cut(written, "#")
	hint := fmt.Sprintf(`pin it, so that a review sees when its bytes change: "%s#sha256=DIGEST", where DIGEST is what sha256sum %s prints`, name, name)
	d, err := fragment(written, pin, hint)
	if err != nil {
		return Ref{}, err
	}
	if name == "" {
		return Ref{}, &RefError{written, "names no file", hintKinds}
	}
	return Ref{Kind: File, Digest: d, Path: name}, nil
}

func parseHTTPS(written string) (Ref, error) {
	address, pin, _ := strings.Cut(written, "#")
	d, err := fragment(written, pin, hintHTTPS)
	if err != nil {
		return Ref{}, err
	}
	authority, rest := strings.TrimPrefix(address, "https://"), ""
	if i := strings.IndexAny(authority, "/?"); i >= 0 {
		authority, rest = authority[:i], authority[i:]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		return Ref{}, &RefError{"https://REDACTED@" + authority[i+1:] + rest + "#" + pin, "holds a user name or password, and a configuration is read by everyone", "serve the bundle where it can be read without, or from a registry: oci://"}
	}
	if !isAuthority(authority) || !isPrintable(rest) {
		return Ref{}, &RefError{written, "is no address of a file", hintHTTPS}
	}
	return Ref{Kind: HTTPS, Digest: d, URL: address}, nil
}

// isAuthority reports whether a text is a host, or an IPv6 address in brackets, perhaps with
// a port (RFC 3986, section 3.2). A host here has only ASCII, as it goes to a server.
func isAuthority(text string) bool {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	host, port, ported := strings.Cut(text, ":")
	allowed := letters + "-._~"
	if inner, ok := strings.CutPrefix(text, "["); ok {
		var after string
		if host, after, ok = strings.Cut(inner, "]"); !ok || after != "" && after[0] != ':' {
			return false
		}
		port, ported = strings.CutPrefix(after, ":")
		allowed = "0123456789abcdefABCDEF:."
	}
	only := func(text, of string) bool {
		return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(of, r) })
	}
	return only(host, allowed) && (!ported || only(port, letters[:10]) && len(port) <= 5)
}

// isPrintable reports whether a path and a query have no space, no control character and no
// percent sign without two hex digits.
func isPrintable(text string) bool {
	for i := range len(text) {
		c := text[i]
		if c <= ' ' || c == 0x7f || c == '%' && (i+2 >= len(text) || strings.Trim(text[i+1:i+3], "0123456789abcdefABCDEF") != "") {
			return false
		}
	}
	return true
}

// fragment reads the pin that follows the "#".
func fragment(written, pin, hint string) (artifact.Digest, error) {
	if pin == "" {
		return artifact.Digest{}, &RefError{written, "is not pinned by a digest", hint}
	}
	hex, ok := strings.CutPrefix(pin, "sha256=")
	if !ok {
		return artifact.Digest{}, &RefError{written, fmt.Sprintf("is pinned by %q, want sha256= and 64 lower-case hex characters", pin), hint}
	}
	d, err := artifact.ParseDigest(hex)
	if err != nil {
		return artifact.Digest{}, &RefError{written, "is not pinned: " + err.Error(), hint}
	}
	return d, nil
}

// parseOCI reads oci://HOST/REPOSITORY[:TAG]@sha256:DIGEST. The tag is only for
// readers: it can move, so the digest is used.
func parseOCI(written string) (Ref, error) {
	name, pin, pinned := strings.Cut(strings.TrimPrefix(written, "oci://"), "@")
	if !pinned {
		return Ref{}, &RefError{written, "is not pinned by a digest: a tag can be moved", hintOCI}
	}
	hex, ok := strings.CutPrefix(pin, "sha256:")
	if !ok {
		return Ref{}, &RefError{written, fmt.Sprintf("is pinned by %q, want sha256: and 64 lower-case hex characters", pin), hintOCI}
	}
	d, err := artifact.ParseDigest(hex)
	if err != nil {
		return Ref{}, &RefError{written, "is not pinned: " + err.Error(), hintOCI}
	}
	host, rest, _ := strings.Cut(name, "/")
	repo, version, tagged := strings.Cut(rest, ":")
	switch {
	case !registry.MatchString(host):
		return Ref{}, &RefError{written, fmt.Sprintf("has the registry %q, want a host such as ghcr.io, in lower case", host), hintOCI}
	case !repository.MatchString(repo):
		return Ref{}, &RefError{written, fmt.Sprintf("has the repository %q, want lower-case parts with slashes between them", repo), hintOCI}
	case tagged && !tag.MatchString(version):
		return Ref{}, &RefError{written, fmt.Sprintf("has the tag %q, which no registry takes", version), hintOCI}
	}
	return Ref{Kind: OCI, Digest: d, Registry: host, Repository: repo}, nil
}

// String formats the source with its whole digest, for reports. It omits the query of an
// address, which may contain a token.
func (r Ref) String() string {
	switch r.Kind {
	case File:
		return r.Path + "#sha256=" + r.Digest.String()
	case HTTPS:
		address, _, _ := strings.Cut(r.URL, "?")
		return address + "#sha256=" + r.Digest.String()
	case OCI:
		return "oci://" + r.Registry + "/" + r.Repository + "@sha256:" + r.Digest.String()
	}
	return "no bundle"
}

// Short is String with an abbreviated digest, for the names of files in the bundle.
func (r Ref) Short() string {
	s := r.String()
	return s[:len(s)-len(r.Digest.String())+12]
}
