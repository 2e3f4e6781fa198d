package use

// nonblock keeps the open of a FIFO from waiting, which no file is here.
const nonblock = 0
