package schemas

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// jsonTestSuiteVersion is the corpus that is asked for by name: nothing imports
// it, so go.mod cannot hold it.
const jsonTestSuiteVersion = "github.com/nst/JSONTestSuite@v0.0.0-20241122125541-1ef36fa01286"

// jsonTestSuite is where the corpus stands on this machine, fetched if need be
// and checked against Go's checksum database.
func jsonTestSuite(t *testing.T) string {
	out, err := exec.Command("go", "mod", "download", "-json", jsonTestSuiteVersion).Output()
	var module struct{ Dir string }
	if jsonErr := json.Unmarshal(out, &module); err != nil || jsonErr != nil || module.Dir == "" {
		t.Fatalf("fetch %s: %v, %v", jsonTestSuiteVersion, err, jsonErr)
	}
	return filepath.Join(module.Dir, "test_parsing")
}

// The two files that RFC 8259 lets through and we do not, on purpose.
var duplicateKeys = map[string]bool{
	"y_object_duplicated_key.json": true, "y_object_duplicated_key_and_value.json": true,
}

// TestJSONTestSuite runs all 318 files twice: against the grammar alone, with
// numbers of any size (what the y_ files with fractions and exponents ask about),
// and against Parse, which refuses those numbers too.
func TestJSONTestSuite(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(jsonTestSuite(t), "*.json"))
	if err != nil || len(names) != 318 {
		t.Fatalf("%d files (%v), want 318", len(names), err)
	}
	count := map[string]int{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(name)
		_, bad := parse(string(data), anyNumber)
		d, err := Parse(Manifest, data)
		if bad != nil && err == nil {
			t.Errorf("%s: Parse takes what the grammar does not", base)
		}
		if err == nil && !json.Valid(data) {
			t.Errorf("%s: Parse takes what encoding/json does not", base)
		}
		if err == nil {
			sameAsStandard(t, d)
		}
		count[base[:1]+" files"]++
		if bad == nil {
			count[base[:1]+" grammar"]++
		}
		if err == nil {
			count[base[:1]+" Parse"]++
		}
		switch {
		case base[0] == 'y' && duplicateKeys[base] != (bad != nil):
			t.Errorf("%s: got %v, want duplicate keys refused and the others accepted", base, bad)
		case base[0] == 'n' && bad == nil:
			t.Errorf("%s: accepted, want it refused", base)
		}
	}
	want := map[string]int{
		// 95 y files of which 2 have duplicate keys; 17 of the other 93 have
		// numbers that Parse never lets through: fractions, exponents, -0.
		"y files": 95, "y grammar": 93, "y Parse": 76,
		"n files": 188,
		// The ten with numbers beyond what a float64 holds are grammatical. The
		// other 25 (lone surrogates, bad UTF-8, UTF-16, a byte order mark, 500
		// arrays inside each other) are not.
		"i files": 35, "i grammar": 10,
	}
	if !reflect.DeepEqual(count, want) {
		t.Errorf("got %v, want %v", count, want)
	}
}

// sameAsStandard holds what we read against what encoding/json reads.
func sameAsStandard(t *testing.T, d *Document) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(d.text))
	decoder.UseNumber()
	var want any
	if err := decoder.Decode(&want); err != nil {
		t.Fatalf("%q: encoding/json says %v", d.text, err)
	}
	if got := d.any(0); !reflect.DeepEqual(got, want) {
		t.Errorf("%q: got %#v, encoding/json reads %#v", d.text, got, want)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "1:1: text is empty, want a JSON value"},
		{"only space", " \n ", "2:2: text is empty, want a JSON value"},
		{"byte order mark", "\ufeff{}", "1:1: text starts with a byte order mark, want none: save it as UTF-8 without BOM"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "1:1: byte 0xff is not UTF-8, want text in UTF-8"},
		{"bad UTF-8", "{\n\"é\xff\":1}", "2:3: byte 0xff is not UTF-8, want text in UTF-8"},
		{"overlong", "[\"\xc0\xaf\"]", "1:3: byte 0xc0 is not UTF-8, want text in UTF-8"},
		{"encoded surrogate", "[\"\xed\xa0\x80\"]", "1:3: byte 0xed is not UTF-8, want text in UTF-8"},
		{"lone high surrogate", `["é\ud800"]`, `1:4: \ud800 is half of a surrogate pair, want a whole character`},
		{"lone low surrogate", `["\udc00\ud800"]`, `1:3: \udc00 is half of a surrogate pair, want a whole character`},
		{"high and letter", `["\ud800a"]`, `1:3: \ud800 is half of a surrogate pair, want a whole character`},
		{"lone surrogate in a key", `{"\udead":1}`, `1:3: \udead is half of a surrogate pair, want a whole character`},
		{"unknown escape", `["\x41"]`, `1:3: backslash without an escape that JSON knows, want one of \" \\ \/ \b \f \n \r \t \uXXXX`},
		{"newline in a string", "[\"a\nb\"]", `1:4: control character '\n' in a string, want it escaped`},
		{"NUL in a string", "[\"a\x00b\"]", `1:4: control character '\x00' in a string, want it escaped`},
		{"NUL after the end", "{}\x00", `1:3: '\x00' after the end of the document, want nothing`},
		{"two documents", "{}\n{}", `2:1: '{' after the end of the document, want nothing`},
		{"trailing comma", "[1,]", `1:4: ']', want a JSON value`},
		{"comment", "{} // x", `1:4: '/' after the end of the document, want nothing`},
		{"single quotes", "{'a':1}", `1:2: '\'' in an object, want a key in double quotes`},
		{"no-break space", "{\u00a0}", `1:2: '\u00a0' in an object, want a key in double quotes`},
		{"unclosed", `{"a":1`, "1:7: end of the text in an object, want a comma or }"},
		{"NaN", "[NaN]", `1:2: 'N', want a JSON value`},
		{"duplicate key", "{\"a\":1,\n \"a\":1}", `2:2: key "a" stands here twice, want it once`},
		{"duplicate key by escape", `{"sha256":1,"\u0073ha256":2}`, `1:13: key "sha256" stands here twice, want it once`},
		{"duplicate key deep inside", `{"x":[{"k":{}, "k":{}}]}`, `1:16: key "k" stands here twice, want it once`},
		{"minus zero", `{"ttl_hours":-0}`, `1:14: number is -0, want an integer from -9007199254740991 to 9007199254740991, with no fraction or exponent`},
		{"fraction", `[1.0]`, `1:2: number is 1.0, want an integer from -9007199254740991 to 9007199254740991, with no fraction or exponent`},
		{"exponent", `{"ttl_hours":1e10000000}`, `1:14: number is 1e10000000, want an integer from -9007199254740991 to 9007199254740991, with no fraction or exponent`},
		{"too large by one", `[9007199254740992]`, `1:2: number is 9007199254740992, want an integer from -9007199254740991 to 9007199254740991, with no fraction or exponent`},
		{"too small by one", `[-9007199254740992]`, `1:2: number is -9007199254740992, want an integer from -9007199254740991 to 9007199254740991, with no fraction or exponent`},
		{"underflow", `[1e-400]`, `1:2: number is 1e-400, want an integer from -9007199254740991 to 9007199254740991, with no fraction or exponent`},
		{"drift_tolerance elsewhere", `{"drift_tolerance":0.0}`, `1:20: number is 0.0, want an integer from -9007199254740991 to 9007199254740991, with no fraction or exponent`},
		{"leading zero", `[01]`, `1:2: malformed number, want digits with no leading zero, one point and one exponent at most`},
		{"plus", `[+1]`, `1:2: '+', want a JSON value`},
		{"bare point", `[1.]`, `1:2: malformed number, want digits with no leading zero`},
		{"minus alone", `[-]`, `1:2: malformed number, want digits with no leading zero`},
		{"33 deep", strings.Repeat("[", 33) + strings.Repeat("]", 33), "1:33: values are nested more than 32 deep"},
		{"33 deep, mixed", strings.Repeat(`{"a":[`, 17), "1:97: values are nested more than 32 deep"},
		{"depth bomb", strings.Repeat("[", 1_000_000), "1:33: values are nested more than 32 deep"},
		{"depth bomb of objects", strings.Repeat(`{"a":`, 200_000), "1:161: values are nested more than 32 deep"},
		{"too large", strings.Repeat(" ", MaxBytes+1), "1:1: document has 1048577 bytes, want at most 1048576"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, err := Parse(VaultTime, []byte(test.text))
			var bad *Error
			if !errors.As(err, &bad) || d != nil || len(bad.Problems) != 1 || bad.Kind != VaultTime {
				t.Fatalf("got %v, %v, want an *Error with one problem", d, err)
			}
			if err.Error() != test.want {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	for _, text := range []string{
		"null", " true ", "\t[ ]\r\n", `""`, "-1", "0", "9007199254740991", "-9007199254740991",
		`{"":{"":[]}}`, `["\ud83d\ude00 \u0000 \/\b\f\n\r\t\"\\ é 😀 ` + "\u2028\x7f\ufeff" + `"]`,
		strings.Repeat("[", 32) + strings.Repeat("]", 32), `{"a":1,"A":2,` + "\"\u00e1\":3,\"a\u0301\":4}",
		"[" + strings.Repeat(" ", MaxBytes-2) + "]",
	} {
		d, err := Parse(VaultTime, []byte(text))
		if err != nil {
			t.Errorf("%.100s: %v", text, err)
			continue
		}
		sameAsStandard(t, d)
	}
}

func TestControlCharactersAndEscapes(t *testing.T) {
	for c := range 256 {
		_, err := Parse(VaultTime, []byte{'"', byte(c), '"'})
		if want := c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; (err == nil) != want {
			t.Errorf("byte %#02x in a string: %v, want accepted: %v", c, err, want)
		}
		_, err = Parse(VaultTime, []byte{'"', '\\', byte(c), '"'})
		if want := strings.IndexByte(`"\/bfnrt`, byte(c)) >= 0; (err == nil) != want {
			t.Errorf("byte %#02x after a backslash: %v, want accepted: %v", c, err, want)
		}
		_, err = Parse(VaultTime, []byte{'[', byte(c), ']'})
		if want := strings.IndexByte(" \t\r\n0123456789", byte(c)) >= 0; (err == nil) != want {
			t.Errorf("byte %#02x between brackets: %v, want accepted: %v", c, err, want)
		}
	}
}

// W6, C2: the ledger's tolerance is kept as written, so that a rule sees that
// 1e-400 is not zero.
func TestDriftToleranceIsKeptAsWritten(t *testing.T) {
	for number, want := range map[string]bool{
		"0.0": true, "0": true, "-0": true, "1e-400": true, "0e5": true, "1e10000000": true, "0.1": true, "1E+2": true,
		strings.Repeat("1", 32): true, strings.Repeat("1", 33): false, strings.Repeat("1", 100_000): false,
		"0." + strings.Repeat("0", 100_000): false, "00": false, ".0": false, "0x0": false, "+0": false, "Infinity": false, `"0.0"`: false, "null": false,
	} {
		var l struct {
			Artifacts []struct {
				DriftTolerance Number `json:"drift_tolerance"`
			} `json:"artifacts"`
		}
		_, err := Decode(Ledger, []byte(strings.Replace(standardLedger, "0.0", number, 1)), &l)
		if (err == nil) != want {
			t.Errorf("%.40s: got %v, want accepted: %v", number, err, want)
		}
		if err == nil && string(l.Artifacts[0].DriftTolerance) != number {
			t.Errorf("got %s, want it as written: %s", l.Artifacts[0].DriftTolerance, number)
		}
	}
	inside := strings.Replace(standardLedger, `"drift_tolerance": 0.0`, `"drift_tolerance": 0, "extensions": {"drift_tolerance": 0.0}`, 1)
	if _, err := Decode(Ledger, []byte(inside), nil); err == nil {
		t.Error("a fraction under the same name elsewhere: accepted, want it refused")
	}
}

// C1: what a verifier and a policy could read differently is refused.
func TestKeysMeanOneThing(t *testing.T) {
	for _, key := range []string{"SHA256", "Sha256", "ſha256", `\u0053HA256`, "sha256 ", " sha256", `sha256\u0000`, "sha_256", "ｓha256", "sha256\u200b"} {
		for _, text := range []string{
			`{"sha256":"` + hash + `","` + key + `":"` + hash + `"}`,
			`{"` + key + `":"` + hash + `","sha256":"` + hash + `"}`,
			`{"` + key + `":"` + hash + `"}`,
		} {
			if _, err := Decode(Manifest, []byte(text), nil); err == nil || !strings.Contains(err.Error()+problems(err), "unknown key") {
				t.Errorf("%s: got %v, want an unknown key", text, err)
			}
		}
	}
	if _, err := Decode(Manifest, []byte(`{"\u0073ha256":"`+hash+`"}`), nil); err != nil {
		t.Errorf("an escaped letter is the letter: %v", err)
	}
}

func problems(err error) string {
	var bad *Error
	if !errors.As(err, &bad) {
		return ""
	}
	return fmt.Sprint(bad.Problems)
}

func TestDuplicateKeysOfManyKeys(t *testing.T) {
	for _, n := range []int{2, linearKeys - 1, linearKeys, linearKeys + 1, linearKeys + 2, 1000} {
		var keys []string
		for i := range n {
			keys = append(keys, fmt.Sprintf(`"k%d":{"k0":%d}`, i, i))
		}
		if _, err := Parse(Manifest, []byte("{"+strings.Join(keys, ",")+"}")); err != nil {
			t.Errorf("%d different keys: %v", n, err)
		}
		for _, again := range []int{0, n / 2, n - 1} {
			text := "{" + strings.Join(keys, ",") + fmt.Sprintf(`,"k%d":1}`, again)
			_, err := Parse(Manifest, []byte(text))
			if want := fmt.Sprintf(`key "k%d" stands here twice`, again); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%d keys and the one at %d again: got %v", n, again, err)
			}
		}
	}
	var b strings.Builder
	for i := range maxKeys + 1 {
		fmt.Fprintf(&b, `,"%x":1`, i)
	}
	if _, err := Parse(Manifest, []byte("{"+b.String()[1:]+"}")); err == nil || !strings.Contains(err.Error(), "more than 65536 keys") {
		t.Errorf("65537 keys: got %v", err)
	}
}

// A text cut off anywhere is no document.
func TestTruncatedAnywhere(t *testing.T) {
	for kind, texts := range samples() {
		for _, text := range texts {
			text = strings.TrimSpace(text)
			for n := range len(text) {
				if _, err := Parse(kind, []byte(text[:n])); err == nil {
					t.Errorf("%s cut off after %d bytes: accepted", kind, n)
				}
			}
		}
	}
}

// The limits hold memory down too: this ledger is nothing but values.
func TestVeryManyValues(t *testing.T) {
	text := "[" + strings.Repeat("0,", maxTokens) + "0]"
	if _, err := Parse(Ledger, []byte(text)); err == nil || !strings.Contains(err.Error(), "more than 8388608 values") {
		t.Errorf("got %v, want a limit", err)
	}
	if _, err := Parse(Ledger, make([]byte, MaxRepositoryBytes+1)); err == nil || !strings.Contains(err.Error(), "want at most 67108864") {
		t.Errorf("got %v, want a limit", err)
	}
}
