package txn

import "golang.org/x/sys/unix"

// Hooks are for the tests of this repository, which stop or break the program between two
// operations, count them, and lower limits. Nothing else sets them.
var Hooks = struct {
	// Step is called before every operation that changes a file system; an error of it
	// counts as the operation's own.
	Step func(op, name string) error
	// Openat is the one system call that opens and makes files.
	Openat func(dir int, name string, flags int, mode uint32) (fd int, err error)
	// Piece is how many bytes are written between two steps.
	Piece int
	// AtOnce is how many files it takes until one wait for a whole file system is shorter
	// than a wait for each of them.
	AtOnce int
}{
	Step:   func(op, name string) error { return nil },
	Openat: unix.Openat,
	Piece:  1 << 20,
	AtOnce: atOnce,
}
