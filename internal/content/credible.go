package content

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

	"github.com/codexlock/codexlock/internal/lazyregexp"
)

// A value is what gitleaks takes for a secret, with the text around it.
type value struct {
	rule   string
	secret string
	before string // of the same line, nearAt bytes at most
	name   string // from the keyword to the secret, over lines
	after  string // of the same line
}

// nearAt bounds how much of a line is read around a secret.
const nearAt = 512

// valueOf is what stands at i in a text, as gitleaks found it.
func valueOf(f finding, text string, i int) value {
	v := value{rule: f.rule, secret: f.secret}
	v.before = text[max(i-nearAt, 0):i]
	v.before = v.before[strings.LastIndexByte(v.before, '\n')+1:]
	v.after = text[min(i+len(f.secret), len(text)):min(i+len(f.secret)+nearAt, len(text))]
	v.after, _, _ = strings.Cut(v.after, "\n")
	if k := strings.Index(f.match, f.secret); k >= 0 {
		v.name = f.match[:k]
	}
	return v
}

// credible reports whether a value can be a credential. Only forms that show what else
// a value is are excluded, never the name of a file: a change can choose that.
func credible(v value) bool {
	switch v.rule {
	case genericRule:
		return !v.isModuleSum() && !v.isDigest() && !v.isPublicKey() && !v.isReference() && !v.isSample()
	case "curl-auth-header", "curl-auth-user":
		return !v.isExpansion() && !v.isSample()
	case "private-key":
		return keyBody.MatchString(v.secret)
	}
	return true
}

// keyBody is a stretch of base64, which a private key has and its description in a
// guide, "-----BEGIN PRIVATE KEY-----\n<private key>", has not.
var keyBody = lazyregexp.New(`[A-Za-z0-9+/]{16}`)

// moduleSum begins a line of go.sum.
var moduleSum = lazyregexp.New(`^\S+ v\d\S* h1:$`)

// isModuleSum recognizes a line of go.sum: module, version, and base64 of 32 bytes.
func (v value) isModuleSum() bool {
	return moduleSum.MatchString(v.before) && strings.TrimSpace(v.after) == "" && isBase64(v.secret, 32)
}

var (
	// digestName ends the name of what is no secret by that name: a checksum, or the
	// identity of a commit or a key.
	digestName = lazyregexp.New(`(?i)(?:sha-?(?:1|224|256|384|512)(?:sums?)?|md5(?:sums?)?|check_?sums?|digest|hash|finger_?print|integrity|shasum|commit|revision)["'\s]*[:=]+>?["'\s]*$`)
	// digestPrefix begins a digest that names its algorithm, as in SRI.
	digestPrefix = lazyregexp.New(`^(?i)sha(?:1|224|256|384|512)[-:=]`)
	// fileName ends the name of a file that can be downloaded, or an address.
	fileName = lazyregexp.New(`(?i)(?:\.(?:tgz|tbz2?|txz|zip|whl|gem|jar|aar|war|pom|deb|rpm|apk|dmg|msi|exe|iso|img|gz|bz2|xz|zst|asc|sig|crate|nupkg)|[a-z]://[^\s"']+)["']?\s*[:=]\s*["']?$`)
	// pgpKey ends the name of a key of OpenPGP, whose fingerprint identifies it.
	pgpKey = lazyregexp.New(`(?i)(?:^|[^\w-])(?:\w*(?:gpg|pgp|signing|release|trusted)\w*?[_-]?)?keys?(?:[_-]?id)?["'\s]*[:=]+["'\s]*$`)
	pgpSum = lazyregexp.New(`^[0-9A-F]{40}$`)
	// trustedKey is how Gradle's verification metadata names a public key.
	trustedKey = lazyregexp.New(`<trusted-key id="$`)
)

// isDigest recognizes the digest of something that is named: the name or the value has
// the algorithm, or the name is a file's, and the value has a digest's length. The
// digest of a password is as good as the password to who can guess it, so it stays.
func (v value) isDigest() bool {
	if prefix := digestPrefix.FindString(v.secret); prefix != "" {
		return isDigest(v.secret[len(prefix):])
	}
	if !isDigest(v.secret) {
		return false
	}
	name := strings.ToLower(v.before)
	return !strings.Contains(name, "passw") && digestName.MatchString(v.before) ||
		fileName.MatchString(v.before) || trustedKey.MatchString(v.before) ||
		pgpSum.MatchString(v.secret) && pgpKey.MatchString(v.before)
}

// isDigest reports whether a text is as long as a digest: MD5, SHA-1 or SHA-2 in
// hexadecimal, or SHA-2 in base64.
func isDigest(s string) bool {
	if b, err := hex.DecodeString(s); err == nil {
		switch len(b) {
		case 16, 20, 28, 32, 48, 64:
			return true
		}
		return false
	}
	return isBase64(s, 32) || isBase64(s, 48) || isBase64(s, 64)
}

func isBase64(s string, size int) bool {
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	return err == nil && len(b) == size
}

// publicKey begins a key that is meant to be shown: of SSH (RFC 4253, RFC 8709), a
// SubjectPublicKeyInfo of RSA or an elliptic curve (RFC 5280), of minisign, of age.
var publicKey = lazyregexp.New(`^(?:AAAA[BCE][0-9]|MII[A-Za-z0-9+/]{3}ANBgkqhkiG9w0BAQEFAAOC|MIGfMA0GCSqGSIb3DQEBAQUAA4GN|MFkwEwYHKoZIzj0CAQ|MHYwEAYHKoZIzj0CAQ|MIGbMBAGByqGSM49AgEG|MCowBQYDK2Vw|RW[QRST][A-Za-z0-9+/]{53}$|age1[a-z0-9]{58}$)`)

func (v value) isPublicKey() bool { return publicKey.MatchString(v.secret) }

var (
	// codePath is a name in code, such as self.rsa2048key, where no quote begins a string.
	codePath  = lazyregexp.New(`^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$`)
	keyFile   = lazyregexp.New(`(?i)^(\w[\w-]*)\.(?:pem|key|crt|cer|der|p12|pfx|jks|pub|asc|gpg|json|ya?ml|toml|txt|conf|ini|env)$`)
	nextEntry = lazyregexp.New(`^[A-Za-z_]\w*=`)
)

// isReference recognizes what says where a secret is: a name in code, a file's name, or
// the next line of an environment file, where nothing is assigned on this one.
func (v value) isReference() bool {
	if codePath.MatchString(v.secret) && !strings.HasSuffix(v.name, `"`) && !strings.HasSuffix(v.name, `'`) && !strings.HasSuffix(v.name, "`") {
		for part := range strings.SplitSeq(v.secret, ".") {
			if !isName(part) {
				return false
			}
		}
		return true
	}
	if m := keyFile.FindStringSubmatch(v.secret); m != nil {
		return isName(m[1])
	}
	m := nextEntry.FindString(v.secret)
	return m != "" && strings.Contains(v.name, "\n") && len(v.secret)-len(m) < 10 // which genericRule wants of a value
}

// isName reports whether a word is one that a person would give: words of three letters
// and more on average, and one number at most. A random word of letters and digits
// changes between them, and between upper and lower case, every other character.
func isName(word string) bool {
	numbers, words, chars := 0, 0, 0
	last := '_'
	for _, c := range word {
		switch {
		case unicode.IsDigit(c):
			if !unicode.IsDigit(last) {
				numbers++
			}
		case unicode.IsLetter(c):
			chars++
			if !unicode.IsLetter(last) || unicode.IsUpper(c) && !unicode.IsUpper(last) {
				words++
			}
		}
		last = c
	}
	return numbers <= 1 && words > 0 && chars >= 3*words
}

// isExpansion recognizes a password that a shell puts in.
func (v value) isExpansion() bool {
	_, password, found := strings.Cut(v.secret, ":")
	if !found {
		password = v.secret
	}
	return strings.HasPrefix(password, "$")
}

// sample is what a guide writes where the reader's own value is to stand.
var sample = lazyregexp.New(`(?i)^(?:\w+:)?(?:<[^<>]*>|(?:your|example|sample|dummy|placeholder|insert|replace)[a-z_. -]*)$`)

// isSample recognizes a value that stands for another: your-api-key, <token>, 9cba...
func (v value) isSample() bool {
	return sample.MatchString(v.secret) || strings.HasSuffix(v.secret, "...")
}

var (
	podsHeading = lazyregexp.New(`(?m)^SPEC CHECKSUMS:\r?\n`)
	podsLine    = lazyregexp.New(`^  (?:"[^"\n]+"|[^\s:"]+): [0-9a-f]{40}\r?\n?$`)
)

// isPod reports whether the byte at i stands among the checksums of a Podfile.lock.
func (s *Scanner) isPod(i int) bool {
	if !s.podsRead {
		s.pods, s.podsRead = pods(s.buf), true
	}
	k, _ := slices.BinarySearchFunc(s.pods, i, func(p span, i int) int { return cmp.Compare(p.end, i+1) })
	return k < len(s.pods) && s.pods[k].start <= i
}

// pods are the checksums of a Podfile.lock: from the heading on, lines of a name and a
// SHA-1.
func pods(text []byte) []span {
	var spans []span
	for _, heading := range podsHeading.FindAllIndex(text, -1) {
		p := span{start: heading[1], end: heading[1]}
		for line := range bytes.Lines(text[p.end:]) {
			if !podsLine.Match(line) {
				break
			}
			p.end += len(line)
		}
		spans = append(spans, p)
	}
	return spans
}
