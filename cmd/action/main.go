// Command action is the entry point of the GitHub Action: it runs the gate on
// the event that it was called for, and posts the verdict as a check run.
package main

import (
	"os"

	"github.com/codexlock/codexlock/internal/action"
	"github.com/codexlock/codexlock/internal/host"
)

func main() { os.Exit(action.Main(host.Here())) }
