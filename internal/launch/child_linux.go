package launch

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// forwarded are the signals that a child gets as this process does.
var forwarded = []os.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM, unix.SIGWINCH, unix.SIGCONT}

// A child is a process that this one waits for.
type child struct {
	process *os.Process
	signals chan os.Signal
}

// start starts a program as a child, with this process's streams.
func (c *Command) start(program string, argv, env []string) (*child, error) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, forwarded...) // before there is a child, so that none is lost
	p, err := os.StartProcess(program, argv, &os.ProcAttr{Env: env, Files: []*os.File{c.Stdin, c.Stdout, c.Stderr}})
	if err != nil {
		return nil, execError(program, err)
	}
	return &child{p, signals}, nil
}

// wait forwards signals until the child ends, and returns its exit code, or 128 and the
// number of the signal that ended it. It kills the child when stop is closed.
func (c *child) wait(stop <-chan struct{}) (int, error) {
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case s := <-c.signals:
				if s, ok := s.(syscall.Signal); ok && !sentToGroup(s) {
					_ = c.process.Signal(s)
				}
			case <-stop:
				_ = c.process.Kill()
				stop = nil
			case <-done:
				return
			}
		}
	}()
	state, err := c.process.Wait()
	if err != nil {
		return 0, err
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return state.ExitCode(), nil
}

// sentToGroup reports whether a signal was most likely typed on the terminal, which sends it
// to the child too: the child would get it twice.
func sentToGroup(s syscall.Signal) bool {
	if s != unix.SIGINT && s != unix.SIGQUIT && s != unix.SIGWINCH && s != unix.SIGCONT {
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// leased executes a command that reads a file with a lease. It is killed when somebody opens
// the file to write, before they can.
func (c *Command) leased(_ context.Context, program string, argv []string) (int, error) {
	child, err := c.start(program, argv, c.env())
	if err != nil {
		return 0, err
	}
	return child.wait(c.Held.Broken())
}
