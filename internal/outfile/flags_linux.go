package outfile

import "golang.org/x/sys/unix"

// folderFlags open a folder of which only names are resolved: who may pass through
// it need not be allowed to list it.
const folderFlags = unix.O_PATH | unix.O_DIRECTORY
