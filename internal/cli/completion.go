package cli

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/host"
)

func completionCommand(w host.World) *cobra.Command {
	shells := map[string]func(root *cobra.Command, to io.Writer) error{
		"bash":       func(root *cobra.Command, to io.Writer) error { return root.GenBashCompletionV2(to, true) },
		"zsh":        (*cobra.Command).GenZshCompletion,
		"fish":       func(root *cobra.Command, to io.Writer) error { return root.GenFishCompletion(to, true) },
		"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
	}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a script that completes commands and flags in a shell",
		Long: `completion prints a script that completes codexlock's commands, flags and paths in a
shell. Load it in the current shell as in the examples, or write it to where the shell
looks for completions.`,
		Example: `  source <(codexlock completion bash)
  codexlock completion zsh > "${fpath[1]}/_codexlock"
  codexlock completion fish > ~/.config/fish/completions/codexlock.fish
  codexlock completion powershell | Out-String | Invoke-Expression`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(cmd *cobra.Command, args []string) error {
			print, err := flags.Choose("the shell", args[0], shells)
			if err != nil {
				return err
			}
			return print(cmd.Root(), w.Stdout)
		},
	}
}
