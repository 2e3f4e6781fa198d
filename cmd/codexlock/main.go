// Command codexlock proves that nothing in a change is unproved.
package main

import (
	"os"

	"github.com/codexlock/codexlock/internal/cli"
)

func main() { os.Exit(cli.Main(cli.Here())) }
