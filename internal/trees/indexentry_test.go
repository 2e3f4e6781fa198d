package trees

import (
	"testing"
)

func TestParseIndexEntry(t *testing.T) {
	for _, record := range []string{"", "H 100644 abc 0", "100644 abc 0\ta", "H 100644 abc 4\ta", "H 100644 abc 12\ta", "H 100644 abc 0\t"} {
		if e, ok := parseIndexEntry([]byte(record), new(texts), new(texts)); ok {
			t.Errorf("parseIndexEntry(%q) = %+v, want none", record, e)
		}
	}
	if e, ok := parseIndexEntry([]byte("S 100755 abc 2\ta\tb"), new(texts), new(texts)); !ok || e != (IndexEntry{Path: "a\tb", Mode: "100755", OID: "abc", Skipped: true, Stage: 2}) {
		t.Errorf("parseIndexEntry = %+v, %v", e, ok)
	}
}
