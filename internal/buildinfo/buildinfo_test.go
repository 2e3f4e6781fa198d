package buildinfo

import "testing"

func TestRef(t *testing.T) {
	version, commit := Version, Commit
	t.Cleanup(func() { Version, Commit = version, commit })
	const hash = "0123456789abcdef0123456789abcdef01234567"
	for _, c := range []struct{ version, commit, ref, comment string }{
		{"v1.2.3", hash, hash, "v1.2.3"},
		{"v1.2.3", "", "v1.2.3", "pin it by its commit"},
		{"devel", "", "main", "written by a development build: pin a release by its commit"},
	} {
		Version, Commit = c.version, c.commit
		if ref, comment := Ref(); ref != c.ref || comment != c.comment {
			t.Errorf("version %q, commit %q: %q, %q, want %q, %q", c.version, c.commit, ref, comment, c.ref, c.comment)
		}
	}
}
