// Command profiled is codexlock with a CPU profile of its own run, which goes to the
// file that CODEXLOCK_BENCH_PROFILE names. It is for bench alone, so that the product
// has no code for profiles. What happens before main begins is not in the profile.
package main

import (
	"fmt"
	"os"
	"runtime/pprof"

	"github.com/codexlock/codexlock/internal/cli"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
)

func main() { os.Exit(profiled()) }

func profiled() int {
	file, err := os.Create(os.Getenv("CODEXLOCK_BENCH_PROFILE"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "profiled:", err)
		return exit.Unknown
	}
	defer file.Close()
	if err := pprof.StartCPUProfile(file); err != nil {
		fmt.Fprintln(os.Stderr, "profiled:", err)
		return exit.Unknown
	}
	defer pprof.StopCPUProfile()
	return cli.Main(host.Here())
}
