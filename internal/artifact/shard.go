package artifact

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// A Shard is one of several parts of a repository's artifacts, which are judged apart. The
// zero value is all of them.
type Shard struct {
	Index int // from 1
	Total int
}

// MaxShards is the largest number of shards: more jobs than a matrix of GitHub Actions has
// (256 a workflow run).
const MaxShards = 256

// ParseShard reads a shard that is written as I/N, such as 2/3.
func ParseShard(s string) (Shard, error) {
	i, n, found := strings.Cut(s, "/")
	index, indexErr := strconv.Atoi(i)
	total, totalErr := strconv.Atoi(n)
	if !found || indexErr != nil || totalErr != nil || index < 1 || index > total || total > MaxShards || s != fmt.Sprintf("%d/%d", index, total) {
		return Shard{}, fmt.Errorf("shard is %q, want I/N such as 2/3: I from 1 to N, N at most %d", s, MaxShards)
	}
	return Shard{Index: index, Total: total}, nil
}

func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Total) }

// Has reports whether the shard has the artifact of a path. Each path is in one shard, by its
// digest alone: what else the repository has does not move it.
func (s Shard) Has(path string) bool {
	if s.Total <= 1 {
		return true
	}
	digest := HashBytes([]byte(path))
	return int(binary.BigEndian.Uint64(digest[:8])%uint64(s.Total)) == s.Index-1
}

// HashPaths returns a digest of paths in their order. No path has a NUL.
func HashPaths(paths []string) Digest {
	return HashBytes([]byte(strings.Join(paths, "\x00")))
}
