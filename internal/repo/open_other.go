//go:build !linux

package repo

import "os"

// openBeneath opens a file below root for reading, through no symlink, not even
// one that stays inside. It does not block on a FIFO.
func openBeneath(root, name string) (*os.File, error) { return openWalking(root, name) }

// lstatBeneath is what stands at name below root; a symlink on the way, but not
// at its end, is errSymlink.
func lstatBeneath(root, name string) (status, error) { return lstatWalking(root, name) }
