package audit

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math/bits"
	"os"
	"syscall"

	"golang.org/x/mod/sumdb/tlog"
)

// A tailCache is the end of the log after the last append, so that the next append need not
// read the whole log. It is valid only while size, time and inode of the file are
// unchanged, as in Git's index; its tree is compared with the signed root in any case.
type tailCache struct {
	Bytes   int64       `json:"bytes"`
	Changed int64       `json:"changed"` // nanoseconds
	Inode   uint64      `json:"inode"`
	Lines   int64       `json:"lines"`
	Prev    string      `json:"prev"`
	First   string      `json:"first"`
	Roots   []tlog.Hash `json:"roots"`
}

const memoryName = "log.end"

// maxTailCacheBytes bounds the file: 64 roots, and a reserve.
const maxTailCacheBytes = 16 << 10

var errForgotten = errors.New("nothing is remembered of this log")

func identity(info fs.FileInfo) (changed int64, inode uint64) {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = stat.Ino
	}
	return info.ModTime().UnixNano(), inode
}

// saveTail caches the log's end. Errors are ignored: the next append reads the log.
func (p place) saveTail(t tail) {
	f, info, err := p.tree.open(Path.String(), os.O_RDONLY)
	if err != nil {
		return
	}
	defer f.Close()
	changed, inode := identity(info)
	text, err := json.Marshal(tailCache{t.bytes, changed, inode, t.tree.size, t.prev, t.first, t.tree.roots})
	if err != nil || info.Size() != t.bytes {
		return
	}
	if os.WriteFile(p.state.at(temporary(memoryName)), text, 0o644) == nil {
		_ = os.Rename(p.state.at(temporary(memoryName)), p.state.at(memoryName))
	}
}

// loadTail returns the cached end of an unchanged log.
func (p place) loadTail(info fs.FileInfo) (tail, error) {
	text, there, err := p.state.read(memoryName, maxTailCacheBytes)
	if err != nil || !there {
		return tail{}, errForgotten
	}
	var m tailCache
	if err := json.Unmarshal(text, &m); err != nil {
		return tail{}, errForgotten
	}
	changed, inode := identity(info)
	if m.Bytes != info.Size() || m.Changed != changed || m.Inode != inode || len(m.Roots) != bits.OnesCount64(uint64(m.Lines)) {
		return tail{}, errForgotten
	}
	return tail{tree: treeHash{m.Roots, m.Lines}, bytes: m.Bytes, prev: m.Prev, first: m.First}, nil
}
