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

// A memory is the end of the log as the last append left it, so that the next
// one need not read the whole log again. It is only as good as the file is
// unchanged since, by size, time and inode, as Git's index has it; and what it
// says of the tree is checked against the signed root all the same.
type memory struct {
	Bytes   int64       `json:"bytes"`
	Changed int64       `json:"changed"` // nanoseconds
	Inode   uint64      `json:"inode"`
	Lines   int64       `json:"lines"`
	Prev    string      `json:"prev"`
	First   string      `json:"first"`
	Roots   []tlog.Hash `json:"roots"`
}

const memoryName = "log.end"

// maxMemoryBytes bounds the file: 64 roots, and room.
const maxMemoryBytes = 16 << 10

var errForgotten = errors.New("nothing is remembered of this log")

func identity(info fs.FileInfo) (changed int64, inode uint64) {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = stat.Ino
	}
	return info.ModTime().UnixNano(), inode
}

// remember keeps the log's end. It is no loss where that does not succeed.
func (p place) remember(t tail) {
	f, info, err := p.tree.open(Path.String(), os.O_RDONLY)
	if err != nil {
		return
	}
	defer f.Close()
	changed, inode := identity(info)
	text, err := json.Marshal(memory{t.bytes, changed, inode, t.tree.size, t.prev, t.first, t.tree.roots})
	if err != nil || info.Size() != t.bytes {
		return
	}
	if os.WriteFile(p.state.at(temporary(memoryName)), text, 0o644) == nil {
		_ = os.Rename(p.state.at(temporary(memoryName)), p.state.at(memoryName))
	}
}

// recall is the end of an unchanged log.
func (p place) recall(info fs.FileInfo) (tail, error) {
	text, there, err := p.state.read(memoryName, maxMemoryBytes)
	if err != nil || !there {
		return tail{}, errForgotten
	}
	var m memory
	if err := json.Unmarshal(text, &m); err != nil {
		return tail{}, errForgotten
	}
	changed, inode := identity(info)
	if m.Bytes != info.Size() || m.Changed != changed || m.Inode != inode || len(m.Roots) != bits.OnesCount64(uint64(m.Lines)) {
		return tail{}, errForgotten
	}
	return tail{tree: treeHash{m.Roots, m.Lines}, bytes: m.Bytes, prev: m.Prev, first: m.First}, nil
}
