package use

import "syscall"

// nonblock keeps the open of a FIFO from waiting.
const nonblock = syscall.O_NONBLOCK
