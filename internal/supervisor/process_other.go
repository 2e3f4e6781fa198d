//go:build !linux

package supervisor

import "syscall"

func attributes() *syscall.SysProcAttr { return nil }

func closeMemory() {}
