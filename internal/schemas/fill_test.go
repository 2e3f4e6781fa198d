package schemas

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// A grade stands for the types of other packages that read themselves.
type grade int

func (g *grade) UnmarshalText(text []byte) error {
	switch string(text) {
	case "low":
		*g = 1
	case "high":
		*g = 2
	default:
		return fmt.Errorf("grade is %q, want low or high", text)
	}
	return nil
}

type common struct {
	Name string `json:"name"`
}

type tree struct {
	Value int    `json:"value"`
	Left  *tree  `json:"left"`
	More  []tree `json:"more"`
}

type word string

type everything struct {
	common
	Grade    grade             `json:"grade"`
	Later    *grade            `json:"later"`
	Yes      bool              `json:"yes"`
	Small    int8              `json:"small"`
	Large    *int64            `json:"large"`
	Count    uint16            `json:"count"`
	Number   Number            `json:"number"`
	Raw      Raw               `json:"raw"`
	List     []string          `json:"list"`
	Optional *[]grade          `json:"optional"`
	Map      map[word]common   `json:"map"`
	Grades   map[string]*grade `json:"grades"`
	Any      any               `json:"any,omitempty"`
	Tree     tree              `json:"tree"`
	Untagged string
	Skipped  string `json:"-"`
}

func fill(t *testing.T, text string, into any) error {
	t.Helper()
	d, err := Parse(Manifest, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d.Fill(into)
}

func TestFill(t *testing.T) {
	text := `{"name":"a\u00e9\n","grade":"high","later":"low","yes":true,"small":-128,"large":9007199254740991,"count":65535,
	  "number":-7,"raw":{"a": [ 1 ]},"list":["x","y"],"optional":["low"],"map":{"k":{"name":"v"}},"grades":{"a":"high"},
	  "any":{"n":1,"s":"x","l":[true,false,null]},"tree":{"value":1,"left":{"value":2,"more":[{"value":3}]}},
	  "Untagged":"no","Skipped":"no","-":"no","unknown":1}`
	var got everything
	if err := fill(t, text, &got); err != nil {
		t.Fatal(err)
	}
	low, high, large := grade(1), grade(2), int64(9007199254740991)
	want := everything{
		common: common{"aé\n"}, Grade: high, Later: &low, Yes: true, Small: -128, Large: &large, Count: 65535,
		Number: "-7", Raw: `{"a": [ 1 ]}`, List: []string{"x", "y"}, Optional: &[]grade{low}, Map: map[word]common{"k": {"v"}},
		Grades: map[string]*grade{"a": &high}, Any: map[string]any{"n": json.Number("1"), "s": "x", "l": []any{true, false, nil}},
		Tree: tree{Value: 1, Left: &tree{Value: 2, More: []tree{{Value: 3}}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestFillLeavesWhatIsAbsent(t *testing.T) {
	got := everything{Untagged: "kept"}
	if err := fill(t, `{"later":null,"list":[],"optional":[]}`, &got); err != nil {
		t.Fatal(err)
	}
	if got.Later != nil || got.Large != nil || got.List == nil || got.Optional == nil || got.Map != nil || got.Untagged != "kept" {
		t.Errorf("got %+v, want only the two lists, empty", got)
	}
}

func TestFillProblems(t *testing.T) {
	for text, want := range map[string]string{
		`{"grade":"middle"}`:             `/grade 1:10: grade: grade is "middle", want low or high`,
		`{"grade":1}`:                    `/grade 1:10: grade is 1, want a text`,
		`{"grade":null}`:                 `/grade 1:10: grade is null, want a text`,
		`{"optional":["low","x"]}`:       `/optional/1 1:20: optional[1]: grade is "x", want low or high`,
		`{"grades":{"a":"x"}}`:           `/grades/a 1:16: a: grade is "x", want low or high`,
		`{"small":128}`:                  `/small 1:10: small is 128, want a whole number that fits`,
		`{"small":"1"}`:                  `/small 1:10: small is "1", want a whole number that fits`,
		`{"count":-1}`:                   `/count 1:10: count is -1, want a whole number from 0 that fits`,
		`{"yes":1}`:                      `/yes 1:8: yes is 1, want true or false`,
		`{"number":"1"}`:                 `/number 1:11: number is "1", want a number`,
		`{"list":{}}`:                    `/list 1:9: list is an object, want a list`,
		`{"map":[]}`:                     `/map 1:8: map is a list, want an object`,
		`{"tree":"x"}`:                   `/tree 1:9: tree is "x", want an object`,
		`{"name":false}`:                 `/name 1:9: name is false, want a text`,
		`[]`:                             ` 1:1: document is a list, want an object`,
		`{"tree":{"more":[{"left":1}]}}`: `/tree/more/0/left 1:26: left is 1, want an object`,
	} {
		var bad *Error
		if err := fill(t, text, &everything{}); !errors.As(err, &bad) {
			t.Errorf("%s: got %v, want an *Error", text, err)
			continue
		}
		if got := bad.Problems[0].Pointer + " " + bad.Problems[0].String(); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// Decode leaves the struct alone where the document is not valid.
func TestDecodeFillsOnlyWhatIsValid(t *testing.T) {
	var v struct {
		SHA256 string `json:"sha256"`
	}
	d, err := Decode(Manifest, []byte(`{"sha256":"`+hash+`","x":1}`), &v)
	if err == nil || d == nil || v.SHA256 != "" {
		t.Errorf("got %v, %v, %q, want an error, a document, nothing", d, err, v.SHA256)
	}
	if at, ok := d.Position("/x"); !ok || at.Column != 82 {
		t.Errorf("position of the unknown value: %v, %v", at, ok)
	}
	if _, err := Decode(Manifest, []byte(`{"sha256":"`+hash+`"}`), &v); err != nil || v.SHA256 != hash {
		t.Errorf("got %v, %q", err, v.SHA256)
	}
	if got := d.Kind(); got != Manifest {
		t.Errorf("kind is %s", got)
	}
}

func TestFillRefusesWhatItCannotFill(t *testing.T) {
	for name, into := range map[string]any{
		"no pointer": everything{}, "nil": (*everything)(nil), "nothing": nil,
		"a channel": &struct {
			C chan int `json:"c"`
		}{},
		"a map of numbers": &struct {
			M map[int]int `json:"c"`
		}{},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic: a wrong type is a fault of the program")
				}
			}()
			_ = fill(t, `{"c":1}`, into)
		})
	}
}

// The hot path: 20,000 records have to cost next to nothing beside reading and
// hashing. Counted in allocations, which do not depend on the machine.
func TestAllocationsOfARecord(t *testing.T) {
	data := []byte(standardVaultTime)
	allocs := testing.AllocsPerRun(100, func() {
		var v record
		if _, err := Decode(VaultTime, data, &v); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 7 { // the text, the tokens, the document, the struct, and Fill's three
		t.Errorf("%v allocations, want at most 7", allocs)
	}
}

type record struct {
	SHA256      string `json:"sha256"`
	VaultTime   string `json:"vaulttime"`
	Timestamp   string `json:"timestamp"`
	TrustDomain string `json:"trust_domain"`
	TTLHours    int64  `json:"ttl_hours"`
}

func BenchmarkDecodeRecord(b *testing.B) {
	data := []byte(standardVaultTime)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var v record
		if _, err := Decode(VaultTime, data, &v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeLedger(b *testing.B) {
	entry := strings.TrimSuffix(strings.SplitAfterN(standardLedger, "[", 2)[1], "\n  ]\n}\n")
	data := []byte(`{"artifacts":[` + strings.Repeat(entry+",", 9_999) + entry + "]}")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var v struct {
			Artifacts []struct {
				Path   string `json:"path"`
				SHA256 string `json:"sha256"`
			} `json:"artifacts"`
		}
		if _, err := Decode(Ledger, data, &v); err != nil {
			b.Fatal(err)
		}
	}
}
