package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// descendants returns the processes that descend from this one, and the memory that they
// use together.
func descendants() (pids []int, memory int64, err error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, 0, err
	}
	children, resident := map[int][]int{}, map[int]int64{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		parent, pages, ok := stat(pid)
		if ok {
			children[parent] = append(children[parent], pid)
			resident[pid] = pages * int64(os.Getpagesize())
		}
	}
	pids = append(pids, children[os.Getpid()]...)
	for i := 0; i < len(pids); i++ {
		pids = append(pids, children[pids[i]]...)
		memory += resident[pids[i]]
	}
	return pids, memory, nil
}

// stat returns a process's parent and its resident pages (proc_pid_stat(5)). The process
// chooses its name, which ends with the last parenthesis.
func stat(pid int) (parent int, pages int64, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	end := bytes.LastIndexByte(text, ')')
	if err != nil || end < 0 {
		return 0, 0, false // it has ended
	}
	fields := bytes.Fields(text[end+1:])
	if len(fields) < 22 {
		return 0, 0, false
	}
	parent, err = strconv.Atoi(string(fields[1]))
	pages, bad := strconv.ParseInt(string(fields[21]), 10, 64)
	return parent, pages, err == nil && bad == nil
}

// killAll kills every descendant and returns when none is left, also those with a new
// session, a double fork or another name.
func killAll() error {
	const pause = 500 * time.Microsecond
	for range int(patience / pause) {
		_, err := syscall.Wait4(-1, nil, syscall.WNOHANG|syscall.WALL, nil)
		if errors.Is(err, syscall.ECHILD) {
			return nil
		}
		pids, _, err := descendants()
		if err != nil {
			return err
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(pause)
	}
	return fmt.Errorf("what the script started does not end within %s", patience)
}

// excess describes a limit that is exceeded, or returns "".
func (s spec) excess() string {
	if _, memory, err := descendants(); err == nil && memory > maxMemory {
		return fmt.Sprintf("used more than %d MiB of memory", maxMemory>>20)
	}
	var size int64
	files := 0
	_ = filepath.WalkDir(s.Home, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // files come and go meanwhile
		}
		if files++; files > maxFiles || size > maxDisk {
			return fs.SkipAll
		}
		if info, err := d.Info(); err == nil && d.Type().IsRegular() {
			if st, ok := info.Sys().(*syscall.Stat_t); ok {
				size += st.Blocks * 512
			}
		}
		return nil
	})
	switch {
	case size > maxDisk:
		return fmt.Sprintf("wrote more than %d MiB", maxDisk>>20)
	case files > maxFiles:
		return fmt.Sprintf("made more than %d files", maxFiles)
	}
	return ""
}
