package content

import (
	"bytes"
	"fmt"

	"github.com/codexlock/codexlock/internal/facts"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// token looks like a GitHub token, and is put together here so that it stands in
// no file.
var token = "ghp" + "_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"

// aws looks like an access key of AWS.
var aws = "AKIA" + "QYLPMN5HHHFPZAM2"

// generic is a secret that only the name before it gives away.
var generic = "a1B2c3D4e5F6" + "g7H8i9J0k1L2m3N4"

// encoded is a piece of base64.
const encoded = "iVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAYAAAA10dzk"

func look(t *testing.T, name, text string) facts.Content {
	t.Helper()
	f, err := Search(name, []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestPlaceholders are texts and the words that count in them, as line:column word.
func TestPlaceholders(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a.txt", "first\nsecond TODO: more", "2:8 TODO"},
		{"a.md", "FIXME and XXX, HACK\n", "1:1 FIXME 1:11 XXX 1:16 HACK"},
		{"notes", "TODO", "1:1 TODO"},
		{"a.txt", "é TODO", "1:3 TODO"},
		{"a.txt", "it is not implemented, Not Implemented", "1:7 not implemented 1:24 Not Implemented"},
		{"a.txt", "todo, Todo, TODOS, TODO_LIST, xTODO, éTODO, XXXX, HACKED, HACKs, 1XXX", ""},
		{"a.txt", "TODO(name) TODO-2 /TODO/", "1:1 TODO 1:12 TODO 1:20 TODO"},
		{"a.txt", "TODO\r\nTODO\rTODO", "1:1 TODO 2:1 TODO 2:6 TODO"},
		{"a.go", "x := TODO() // TODO\n/* FIXME */ s := \"TODO\" // \"XXX\"\n", "1:16 TODO 2:4 FIXME 2:29 XXX"},
		{"a.go", "s := `\nTODO` + 'H' + HACK", "2:1 TODO"},
		{"a.go", `panic("not implemented")`, "1:8 not implemented"},
		{"a.go", `s := "\" // TODO"; t := "// TODO"`, ""},
		{"a.py", "# TODO\nx = '# TODO'\n\"\"\"FIXME\n\"\"\"\ny = 'it' # XXX\n", "1:3 TODO 3:4 FIXME 5:12 XXX"},
		{"a.rs", "fn f<'a>() {} // TODO 'x\nlet TODO = 'b';", "1:18 TODO"},
		{"a.sh", "x=${y#TODO} # TODO\necho 'it # TODO'\nz=a#TODO\n", "1:15 TODO"},
		{"a.sh", "cat << E\n# TODO\nE\n", "2:3 TODO"},
		{"assets/x.bin.test", "#!/usr/bin/env bash\n: TODO # FIXME\n", "2:10 FIXME"},
		{"run", "#!/usr/bin/env python3\nTODO = 1 # HACK\n", "2:12 HACK"},
		{"a.sql", "select 'TODO' -- TODO\n/* XXX */", "1:18 TODO 2:4 XXX"},
		{"a.html", "<p>TODO</p><!-- FIXME -->", "1:4 TODO 1:17 FIXME"},
		{"a.xml", "<TODO/><!-- FIXME -->", "1:13 FIXME"},
		{"a.json", `{"TODO": "XXX", "a": "not implemented"}`, "1:23 not implemented"},
		{"a.csv", "TODO,XXX\n", ""},
		{"a.yaml", "it's: 1 # TODO\nTODO: 2\n", "1:11 TODO"},
		{"Dockerfile", "RUN TODO # TODO\n", "1:12 TODO"},
		{"a.c", "/* never ends TODO", "1:15 TODO"},
		{"README.md", "# TODO App\n\nA TODO app, a TODO list and the TODO items of it.\nTODO list example\n", ""},
		{"README.md", "It finds TODO/FIXME comments, TODO and HACK markers, `TODO`, `# FIXME: x`.\n", ""},
		{"README.md", "Fixes CVE-2020-XXX, CVE-XXX-XXX, 10.0.0.XXX, <XXX>, ${XXX}; mktemp /tmp/a.XXX; the XXX of it\n", ""},
		{"README.md", "- TODO write this\n- [ ] FIXME\n* XXX: what\nSee below. TODO more\n(TODO: link)\nto be done (TODO)\nstill TODO\n", "1:3 TODO 2:7 FIXME 3:3 XXX 4:12 TODO 5:2 TODO 6:13 TODO 7:7 TODO"},
		{"README.md", "TODO list the options\nThis is a TODO: the list\na TODO(me) list\n> **TODO**\n| a | TODO |\n1. TODO it\n", "1:1 TODO 2:11 TODO 3:3 TODO 4:5 TODO 5:7 TODO 6:4 TODO"},
		{"a.go", "// a TODO app\n// the TODO list and the XXX of a request\n// \"XXX|YYY\" and \"id\": \"XXX\"\n", ""},
		{"a.go", "// this is a TODO for later\n// a HACK that works\n//XXX it\n/*XXX*/ // XXX\n// \"XXX\"", "1:14 TODO 2:6 HACK 3:3 XXX 4:3 XXX 4:12 XXX 5:5 XXX"},
		{"a.txt", "HTTP 501 Not Implemented; it is not implemented in C; not implemented natively\nit is not implemented in this release", "2:7 not implemented"},
		{"a.ipynb", "\"image/png\": \"" + encoded + "/XXX+" + encoded + "\\n/XXX+/ab=\\n\",\n\"a\\nTODO: b\\n\", \"# FIXME\\n\", \"TODO\"", "2:5 TODO 2:20 FIXME 2:31 TODO"},
		{"a.pem", "-----BEGIN CERTIFICATE-----\n" + encoded + "+XXX/" + encoded + "\nab+/XXX+\n-----END CERTIFICATE-----\nTODO renew\n", "5:1 TODO"},
		{"a.eml", "  " + encoded + encoded + "\r\n  +TODO+/=\r\nTODO\r\n", "3:1 TODO"},
		{"a.lua", "--[[ TODO\n]] x = HACK -- XXX", "1:6 TODO 2:16 XXX"},
	} {
		f := look(t, c.name, c.text)
		var got []string
		for _, p := range f.Placeholders {
			got = append(got, fmt.Sprintf("%d:%d %s", p.Line, p.Column, p.Word))
		}
		if f.State != "text" || strings.Join(got, " ") != c.want {
			t.Errorf("%s %q: %s %v, want %s", c.name, c.text, f.State, got, c.want)
		}
	}
}

func TestSecrets(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"key = value\npassword = \"\"\n", ""},
		{"a\nb: " + token + "\n", "github-pat 2:4"},
		{"é " + token, "github-pat 1:3"},
		{`"api_key = \"` + generic + `\"\n",`, "generic-api-key 1:14"},
		{"{\n  \"source\": [\n    \"import os\\n\",\n    \"é = 1; api_key = \\\"" + generic + "\\\"\\n\"\n", "generic-api-key 4:25"},
		{`"key = \u0022` + generic + `\u0022"`, "generic-api-key 1:14"},
		{token + " # gitleaks:allow", "github-pat 1:1"},
		{"x = '" + aws + "'\ny = '" + aws + "'\n", "aws-access-token 1:6"},
		{"x = '" + aws + "'\n\n" + strings.Repeat("word ", 200) + "\ny = '" + aws + "'\n", "aws-access-token 1:6 aws-access-token 4:6"},
	} {
		f := look(t, "a.txt", c.text)
		var got []string
		for _, s := range f.Secrets {
			got = append(got, fmt.Sprintf("%s %d:%d", s.Kind, s.Line, s.Column))
		}
		if f.State != "text" || strings.Join(got, " ") != c.want {
			t.Errorf("%q: %s %v, want %s", c.text, f.State, got, c.want)
		}
	}
}

// TestNoSecrets are what a rule of the engine matches, and what it is by its form.
func TestNoSecrets(t *testing.T) {
	hex40, hex64, sum := "a576f4c9c1c641ca913a959a9c62ed3f215a8de9", "8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918", "jGl25bVBBBW96Qi9Te4V37Fnqchz/Eu4qB9vKrRIqRg="
	for name, text := range map[string]string{
		"go.sum":         "golang.org/x/oauth2 v0.36.0 h1:" + sum + "\ngolang.org/x/oauth2 v0.36.0/go.mod h1:" + sum + "\n",
		"go.sum of CRLF": "golang.org/x/oauth2 v0.36.0 h1:" + sum + "\r\n",
		"Podfile.lock":   "SPEC CHECKSUMS:\n  Alamofire: " + hex40 + "\n  Keys: " + hex40 + "\n  \"FirebaseAuth+x\": " + hex40 + "\n\nPODFILE CHECKSUM: " + hex40 + "\n",
		"a lock of npm":  `"keyv": "sha512-` + letters + letters[:24] + `=="`,
		"a checksum":     "api_sha256: " + hex64 + "\nkey_checksum = " + hex64 + "\nTOKEN_SHA1=" + hex40 + "\napi-key.tgz sha256:" + hex64,
		"a file's":       "api-key.tar.gz: " + hex64 + "\nhttps://example.org/keys/KEY-5=" + hex64[:32] + "\ntools/key.zip = " + hex40,
		"a commit":       "api_commit=" + hex40 + "\ntoken_revision: " + hex40,
		"fingerprints":   "GPG_KEY=A4A9406876FCBD3C456770C88C718D3B5072E1F5\nkey_fingerprint: " + hex40 + "\n<trusted-key id=\"" + hex40 + "\"/>",
		"an SSH key":     "deploy_key=\"AAAAB3NzaC1yc2EAAAADAQABAAABAQDIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\"",
		"a public key":   "key: MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1c7sT3vR9q2mX5yB8nK4",
		"keys of tools":  "minisign_key = 'RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3'\nkey = age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
		"a name in code": "account_key = self.rsa512jwk\nsignedKey = v4Internal.AmzSignedHeadersKey\n",
		"a file of keys": `KEY_BASE = "rsa2048_key.pem"`,
		"the next line":  "VLLM_API_KEY=\nVLLM_SHM_SIZE=8gb\n",
		"an expansion":   `curl --user "admin:$(get_jenkins_password)" -s https://x` + "\n" + `curl -u "${git_user}:${!pr_token}" https://x`,
		"a sample":       `curl -H "api-key: your-secret-key" http://localhost:6333/collections` + "\n" + `"identitytoken": "9cbaf023786cd7..."`,
		"a key's guide":  "-----BEGIN " + "PRIVATE KEY-----\n<private key>\n-----END " + "PRIVATE KEY-----\n<cert chain, if there is any to be sent>\n-----BEGIN " + "PRIVATE KEY-----\n",
	} {
		if f := look(t, "a.txt", text); f.State != "text" || len(f.Secrets) > 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestSecretsNextToOthers are secrets that stand where something else is no secret.
func TestSecretsNextToOthers(t *testing.T) {
	hex40 := "a576f4c9c1c641ca913a959a9c62ed3f215a8de9"
	sum := "jGl25bVBBBW96Qi9Te4V37Fnqchz/Eu4qB9vKrRIqRg="
	for name, text := range map[string]string{
		"not of 32 bytes":        "golang.org/x/oauth2 v0.36.0 h1:" + generic + "\n",
		"more on the line":       "golang.org/x/oauth2 v0.36.0 h1:" + sum + " api_key=" + generic + "\n",
		"not a module":           "api_key = h1:" + sum + "\napi_key=" + sum + "\n",
		"before the checksums":   "  Keys: " + hex40 + "\nSPEC CHECKSUMS:\n  Keys: " + hex40 + "\n",
		"behind the checksums":   "SPEC CHECKSUMS:\n  Keys: " + hex40 + "\n\n  Keys: " + hex40 + "\n",
		"among the checksums":    "SPEC CHECKSUMS:\n  Keys: " + token + "\n",
		"hexadecimal":            "api_key: " + hex40 + "\n",
		"not as long":            "api_sha256: " + hex40[:38] + "\n",
		"of a password":          "root_password_sha256 = " + hex40 + "\n",
		"an upper-case API key":  "API_KEY=A4A9406876FCBD3C456770C88C718D3B5072E1F5\n",
		"with dots":              "api_key = " + generic[:12] + "." + generic[12:] + "\n",
		"a random file":          `api_key = "` + generic + `.pem"`,
		"an assignment":          "VLLM_API_KEY=\nVLLM_SHM=" + generic + "\n",
		"a password":             `curl --user "admin:` + generic + `" https://x`,
		"a key of PKCS #8":       "key: MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n",
		"the same one elsewhere": "token_revision: " + hex40 + "\napi_token: " + hex40 + "\ntoken_revision: " + hex40 + "\n",
	} {
		if f := look(t, "a.txt", text); f.State != "text" || len(f.Secrets) == 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestMentionsAreBounded: words beyond those that are looked at closely all count, and
// strings with words in them are looked at once each.
func TestMentionsAreBounded(t *testing.T) {
	mentions := strings.Repeat("a TODO app ", maxMentions)
	if f := look(t, "a.md", mentions); len(f.Placeholders) != 0 {
		t.Errorf("%+v", f.Placeholders[0])
	}
	if f := look(t, "a.md", mentions+mentions); len(f.Placeholders) != maxPlaces {
		t.Errorf("%d of %d", len(f.Placeholders), maxPlaces)
	}
	if f := look(t, "a.go", strings.Repeat(`"TODO",`, chunk/8)); len(f.Placeholders) != 0 {
		t.Errorf("%+v", f.Placeholders[0])
	}
}

// TestNoNameExcepts: the rules of gitleaks leave whole files out, by names that a
// change can choose.
func TestNoNameExcepts(t *testing.T) {
	for _, name := range []string{"go.sum", "gitleaks.toml", "package-lock.json", "a.svg", "vendor/modules.txt", "node_modules/a.js", "x.bin"} {
		if f := look(t, name, "token: "+token); len(f.Secrets) != 1 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestNothingOfASecretIsTold looks for each piece of eight characters.
func TestNothingOfASecretIsTold(t *testing.T) {
	told := fmt.Sprintf("%+v", look(t, "a.txt", "api_key = \""+token+"\""))
	for i := range len(token) - 7 {
		if strings.Contains(told, token[i:i+8]) {
			t.Fatalf("%s tells a piece of the secret", told)
		}
	}
}

func TestBinaryIsLeftAlone(t *testing.T) {
	for name, text := range map[string]string{
		"NUL at once":           "\x00TODO " + token,
		"NUL behind":            "TODO " + token + "\x00",
		"NUL at the last place": strings.Repeat("a", headBytes-1) + "\x00 TODO",
	} {
		if f := look(t, "a", text); f.State != "binary" || len(f.Placeholders)+len(f.Secrets) > 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
	f := look(t, "a", strings.Repeat("a", headBytes)+"\x00 TODO")
	if f.State != "text" || len(f.Placeholders) != 1 {
		t.Errorf("a NUL byte after the first %d: %+v", headBytes, f)
	}
}

func TestUTF16(t *testing.T) {
	encode := func(bom string, low int, text string) string {
		b := []byte(bom)
		for _, c := range []byte(text) {
			pair := [2]byte{}
			pair[low] = c
			b = append(b, pair[:]...)
		}
		return string(b)
	}
	text := "a\nsee TODO: " + token
	for _, s := range []string{encode("\xff\xfe", 0, text), encode("\xfe\xff", 1, text)} {
		f := look(t, "a.txt", s)
		want := facts.Content{State: "text", Placeholders: []facts.Placeholder{{Word: "TODO", Line: 2, Column: 5}}, Secrets: []facts.Secret{{Kind: "github-pat", Line: 2, Column: 11}}}
		if !reflect.DeepEqual(f, want) {
			t.Errorf("%q: %+v", s[:4], f)
		}
	}
	if f := look(t, "a.txt", "\xff\xfe"+strings.Repeat("a\x00", chunk/2)); f.State != "unread" || f.Problem == "" {
		t.Errorf("too long: %+v", f)
	}
}

// TestPiecesAreAWhole plants a word and a secret everywhere around the seams
// between pieces.
func TestPiecesAreAWhole(t *testing.T) {
	if testing.Short() {
		t.Skip("large texts")
	}
	filler := []byte(strings.Repeat("a plain line of text\n", 2*chunk/21))
	for _, at := range []int{chunk - overlap - 30, chunk - overlap - 1, chunk - overlap, chunk - overlap + 1, chunk - 3, chunk, chunk + 5, len(filler) - 100} {
		text := slices.Clone(filler)
		copy(text[at:], "\nTODO "+token+"\n")
		f := look(t, "a.txt", string(text))
		line := bytes.Count(text[:at], []byte("\n")) + 2
		want := facts.Content{State: "text", Placeholders: []facts.Placeholder{{Word: "TODO", Line: line, Column: 1}}, Secrets: []facts.Secret{{Kind: "github-pat", Line: line, Column: 6}}}
		if !reflect.DeepEqual(f, want) {
			t.Errorf("at %d: %+v, want line %d", at, f, line)
		}
	}
}

func TestTooMuchToAskAbout(t *testing.T) {
	dense := strings.Repeat("key: wxyabcdefg\n", (maxSuspect+windowAfter)/16)
	f := look(t, "a.txt", dense)
	if f.State != "unread" || !strings.Contains(f.Problem, "looked through for secrets") {
		t.Errorf("%s %s", f.State, f.Problem)
	}
}

// TestTheScanIsLinear counts what the engine is asked: stretches that do not grow with
// the text, twice the text at most, however dense the keywords and whatever the words.
func TestTheScanIsLinear(t *testing.T) {
	for _, piece := range []string{"ghp_", "ghp_ ", "password=", "key: wxyabcdefg ", "-----begin", "-----BEGIN RSA ", "api_key=wxyabcdefg,"} {
		s := NewScanner("a.txt")
		s.buf = []byte(strings.Repeat(piece, (1<<20)/len(piece)))
		sum := 0
		for _, w := range s.windows(s.hits([]span{{0, len(s.buf), false}}), len(s.buf)) {
			sum += w.end - w.start
			if n := w.end - w.start; n > maxPiece+windowBefore*2+len(piece)+keyBlock+maxWindow {
				t.Errorf("%q: a window of %d bytes", piece, n)
			}
		}
		if sum == 0 || sum > 3*len(s.buf) {
			t.Errorf("%q: the engine is asked about %d bytes of %d", piece, sum, len(s.buf))
		}
	}
	var n spaces
	text := []byte(strings.Repeat("x", 1000) + " ")
	for i := range 1000 {
		if got := n.after(text, i); got != 1000 {
			t.Fatalf("white space at %d", got)
		}
	}
}

// TestPicturesAreNoSuspects: what a notebook holds of pictures has keywords by chance.
func TestPicturesAreNoSuspects(t *testing.T) {
	s := NewScanner("a.ipynb")
	s.buf = []byte(`"image/png": "` + random(rand.New(rand.NewPCG(3, 4)), 1<<20, letters+"+/") + `"`)
	sum := 0
	for _, w := range s.windows(s.hits(suspicious(s.buf)), len(s.buf)) {
		sum += w.end - w.start
	}
	if sum > len(s.buf)*3/4 {
		t.Errorf("the engine is asked about %d bytes of %d", sum, len(s.buf))
	}
}

// TestTheRunHasABudget: texts that use it up leave the rest unread, which is found;
// honest texts take nothing from it.
func TestTheRunHasABudget(t *testing.T) {
	b := NewBudget()
	for range 100 {
		if f, err := Search("a.txt", []byte("see the key: value\n"+strings.Repeat("a plain line\n", 100)), b); err != nil || f.State != "text" {
			t.Fatalf("%+v, %v", f, err)
		}
	}
	if left := b.left.Load(); left < maxRun {
		t.Errorf("honest texts took %d bytes", maxRun-left)
	}
	b.left.Store(0)
	f, err := Search("a.txt", []byte(strings.Repeat("key: wxyabcdefg ", 1<<10)), b)
	if err != nil || f.State != "unread" || !strings.Contains(f.Problem, "of this run") {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err := Search("a.txt", []byte("x = "+token), b); err != nil || len(f.Secrets) != 1 {
		t.Errorf("the honest share of another text: %+v, %v", f, err)
	}
}

func TestPlacesAreBounded(t *testing.T) {
	f := look(t, "a.txt", strings.Repeat("TODO\n", 1000)+strings.Repeat("x "+token+"\n"+strings.Repeat("word ", 200), 30))
	if len(f.Placeholders) != maxPlaces || len(f.Secrets) != maxPlaces {
		t.Errorf("%d placeholders, %d secrets", len(f.Placeholders), len(f.Secrets))
	}
}

// TestKeywordsAreTheEngines: what is read from the text of the configuration is
// what the engine compiles.
func TestKeywordsAreTheEngines(t *testing.T) {
	d, err := gitleaks()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, r := range d.Config.Rules {
		if len(r.Keywords) == 0 && r.Regex != nil {
			t.Errorf("%s has no keyword, so no window is opened for it", r.RuleID)
		}
		for _, k := range r.Keywords {
			want[strings.ToLower(k)] = true
		}
	}
	got := keywords()
	if len(got) != len(want) || len(got) < 200 {
		t.Errorf("%d keywords, the engine has %d", len(got), len(want))
	}
	for k := range got {
		if !want[k] {
			t.Errorf("%q is no keyword of the engine", k)
		}
	}
}

// TestShortKeywordsAreThoseOfTheirRules: what is asked before a window is opened is
// what the only rule with the keyword wants.
func TestShortKeywordsAreThoseOfTheirRules(t *testing.T) {
	d, err := gitleaks()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"sk": `SK[0-9a-fA-F]{32}`, "ey": `\b(ey[a-zA-Z0-9]{17,}\.`, "s.": `\b((?:hvs\.[\w-]{90,120}|s\.(?i:[a-z0-9]{24})))`}
	n := 0
	for _, r := range d.Config.Rules {
		for _, k := range r.Keywords {
			if begin, asked := want[strings.ToLower(k)]; asked {
				n++
				if !strings.HasPrefix(r.Regex.String(), begin) {
					t.Errorf("%s has the keyword %s: %s", r.RuleID, k, r.Regex)
				}
			}
		}
	}
	if n != len(want) {
		t.Errorf("%d rules have the keywords", n)
	}
	generic := d.Config.Rules[genericRule].Regex.String()
	if !strings.Contains(generic, `(?:[ \t\w.-]{0,20})[\s'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)`) {
		t.Errorf("%s wants something else behind a keyword: %s", genericRule, generic)
	}
}

// TestWindowsFindWhatTheEngineFinds compares with the engine over whole texts:
// secrets of several kinds, between code and prose, packed and far apart.
func TestWindowsFindWhatTheEngineFinds(t *testing.T) {
	d, err := gitleaks()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 150 {
		text := mixture(r)
		want := map[string]bool{}
		for _, f := range d.DetectString(text) {
			p := place{1, 1}.after([]byte(text[:strings.Index(text, f.Match)+strings.Index(f.Match, f.Secret)]))
			want[fmt.Sprintf("%s %d:%d", f.RuleID, p.line, p.column)] = true
		}
		if len(want) > maxPlaces {
			continue
		}
		got := map[string]bool{}
		for _, s := range look(t, "a.txt", text).Secrets {
			got[fmt.Sprintf("%s %d:%d", s.Kind, s.Line, s.Column)] = true
		}
		for w := range want {
			found++
			if !got[w] {
				t.Errorf("%s is not found in\n%s", w, text)
			}
		}
	}
	if found < 150 {
		t.Errorf("only %d secrets were planted", found)
	}
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func random(r *rand.Rand, n int, from string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = from[r.IntN(len(from))]
	}
	return string(b)
}

// mixture is a text with up to four secrets in it.
func mixture(r *rand.Rand) string {
	kinds := []func() string{
		func() string { return "ghp_" + random(r, 36, letters) },
		func() string { return "AKIA" + random(r, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") },
		func() string { return "api_key = \"" + random(r, 40, letters) + "\"" },
		func() string { return "client_secret:\n  '" + random(r, 32, letters) + "'" },
		func() string { return "glpat-" + random(r, 20, letters) },
		func() string {
			return "ey" + random(r, 700, letters) + ".ey" + random(r, 900, letters) + "." + random(r, 43, letters)
		},
		func() string {
			return "-----BEGIN RSA " + "PRIVATE KEY-----\n" + random(r, 3000, letters) + "\n-----END RSA " + "PRIVATE KEY-----"
		},
		func() string { return "sk_live_" + random(r, 24, letters) },
	}
	filler := []string{"some words of prose, ", "func f(key string) { return }\n", "\n\n", "access to the token, ", "x=1;", strings.Repeat("line of text\n", 60)}
	var b strings.Builder
	for range 1 + r.IntN(4) {
		for range r.IntN(12) {
			b.WriteString(filler[r.IntN(len(filler))])
		}
		b.WriteString(" " + kinds[r.IntN(len(kinds))]() + "\n")
	}
	return b.String()
}

func FuzzLook(f *testing.F) {
	for _, seed := range []string{"TODO", "// TODO", "\xff\xfeT\x00", "'\"`#", "key=" + token, "\x00", "\"\\"} {
		f.Add("a.go", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		facts, err := Search(name, text, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range facts.Placeholders {
			if p.Line < 1 || p.Column < 1 || p.Word == "" {
				t.Errorf("%+v", p)
			}
		}
		pieces := NewScanner(name)
		for i := range text {
			if _, err := pieces.Write(text[i : i+1]); err != nil {
				t.Fatal(err)
			}
		}
		if again, err := pieces.Facts(); err != nil || !reflect.DeepEqual(facts, again) {
			t.Errorf("byte by byte %+v, %v, at once %+v", again, err, facts)
		}
	})
}
