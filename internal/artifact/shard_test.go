package artifact_test

import (
	"fmt"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
)

// TestEveryPathIsInOneShard: the shards share the paths out evenly, and no path is in two.
func TestEveryPathIsInOneShard(t *testing.T) {
	for _, total := range []int{1, 2, 3, 7, artifact.MaxShards} {
		counts := make([]int, total)
		for n := range 20_000 {
			path, shards := fmt.Sprintf("assets/sources/%d.bin", n), 0
			for i := range total {
				if (artifact.Shard{Index: i + 1, Total: total}).Has(path) {
					shards++
					counts[i]++
				}
			}
			if shards != 1 {
				t.Fatalf("%s is in %d of %d shards", path, shards, total)
			}
		}
		for i, n := range counts {
			if mean := 20_000 / total; n < mean/2 || n > 2*mean {
				t.Errorf("shard %d of %d has %d paths", i+1, total, n)
			}
		}
	}
}

// TestShardsStay: a path never moves to another shard, which another version would look for
// in vain.
func TestShardsStay(t *testing.T) {
	for path, index := range map[string]int{"assets/sources/model.bin": 1, "assets/sources/vocab.txt": 1, "scripts/build.sh": 2} {
		if !(artifact.Shard{Index: index, Total: 3}).Has(path) {
			t.Errorf("%s is not in shard %d of 3", path, index)
		}
	}
}

func TestParseShard(t *testing.T) {
	for _, s := range []string{"", "1", "/", "0/3", "4/3", "-1/3", "1/-3", "+1/3", "01/3", "1/3/", "1/257", " 1/3", "1/3\n", "a/b", "99999999999999999999/3"} {
		if got, err := artifact.ParseShard(s); err == nil {
			t.Errorf("%q is read as %v", s, got)
		}
	}
	if got, err := artifact.ParseShard("2/3"); err != nil || got != (artifact.Shard{Index: 2, Total: 3}) || got.String() != "2/3" {
		t.Errorf("%v, %v", got, err)
	}
}
