package txn

import "golang.org/x/sys/unix"

// passFlags open a folder of which only names are resolved: who may pass through
// it need not be allowed to list it.
const passFlags = unix.O_PATH | unix.O_DIRECTORY
