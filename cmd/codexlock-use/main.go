// Command codexlock-use verifies an artifact at the moment of its use: the commands run,
// open and copy of codexlock, as a small static program.
package main

import (
	"os"
	"time"

	"github.com/codexlock/codexlock/internal/usemain"
)

func main() {
	dir, err := os.Getwd()
	if err != nil {
		dir = "/"
	}
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	os.Exit(usemain.Main(usemain.World{
		Args: os.Args, Environ: os.Environ(), Dir: dir, Self: self,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now,
	}))
}
