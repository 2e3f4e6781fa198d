// Command image is the one program of the container image: codexlock, and the GitHub
// Action under the name codexlock-action.
package main

import (
	"os"
	"path/filepath"

	"github.com/codexlock/codexlock/internal/action"
	"github.com/codexlock/codexlock/internal/cli"
	"github.com/codexlock/codexlock/internal/host"
)

func main() {
	if filepath.Base(os.Args[0]) == "codexlock-action" {
		os.Exit(action.Main(host.Here()))
	}
	os.Exit(cli.Main(host.Here()))
}
