// Command codexlock verifies that every artifact in a change is attested and unmodified.
package main

import (
	"os"

	"github.com/codexlock/codexlock/internal/cli"
	"github.com/codexlock/codexlock/internal/host"
)

func main() { os.Exit(cli.Main(host.Here())) }
