package txn

import (
	"golang.org/x/sys/unix"
)

// atOnce is how many files it takes until one wait for a whole file system is
// shorter than a wait for each of them.
const atOnce = 64

// syncAll makes everything durable that was written to the file systems that
// the folders are on; a folder may be a mount of its own.
func (t Tree) syncAll(folders []string) error {
	synced := map[uint64]bool{}
	for _, name := range folders {
		if err := t.syncFileSystem(name, synced); err != nil {
			return err
		}
	}
	return nil
}

func (t Tree) syncFileSystem(name string, synced map[uint64]bool) error {
	dir, err := t.enter(name)
	if err != nil {
		return err
	}
	defer dir.leave()
	var st unix.Stat_t
	if err := uninterrupted(func() error { return unix.Fstat(dir.fd, &st) }); err != nil {
		return pathError("stat", name, err)
	}
	if synced[st.Dev] {
		return nil
	}
	synced[st.Dev] = true
	if err := before("syncfs", name); err != nil {
		return err
	}
	return pathError("syncfs", name, uninterrupted(func() error { return unix.Syncfs(dir.fd) }))
}
