package cli

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/codexlock/codexlock/internal/host"
)

// manCommand returns the man command, for people who package codexlock. The manual pages have
// the texts of --help.
func manCommand(w host.World) *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Hidden:  true,
		Short:   "Write a manual page for every command",
		Long:    "man writes a manual page for codexlock and for each of its commands, with the texts of\n--help, to the folder DIR: codexlock.1, codexlock-verify.1 and so on.",
		Example: "  codexlock man build/man1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := w.NewFolder(args[0])
			if err != nil {
				return err
			}
			n := 0
			for _, c := range shown(cmd.Root()) {
				name := strings.ReplaceAll(c.CommandPath(), " ", "-")
				if err := w.WritePage(filepath.Join(dir, name+".1"), manPage(c)); err != nil {
					return err
				}
				n++
			}
			w.Note(fmt.Sprintf("wrote %d manual pages to %s", n, args[0]))
			return nil
		},
	}
}

// shown returns a command and every command below it that is not hidden.
func shown(c *cobra.Command) []*cobra.Command {
	found := []*cobra.Command{c}
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() {
			found = append(found, shown(child)...)
		}
	}
	return found
}

// manPage formats the manual page of a command, in the language of man(7).
func manPage(c *cobra.Command) string {
	var b strings.Builder
	name := strings.ReplaceAll(c.CommandPath(), " ", "-")
	fmt.Fprintf(&b, ".TH %s 1\n.SH NAME\n%s \\- %s\n", roff(strings.ToUpper(name)), roff(name), roff(c.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.nf\n%s\n.fi\n", roff(c.UseLine()))
	b.WriteString(".SH DESCRIPTION\n.nf\n" + roff(cmp.Or(c.Long, c.Short)) + "\n.fi\n")
	if options := manOptions(c); options != "" {
		b.WriteString(".SH OPTIONS\n" + options)
	}
	var see []string
	var commands strings.Builder
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() {
			fmt.Fprintf(&commands, ".TP\n.B %s\n%s\n", roff(child.Name()), roff(child.Short))
			see = append(see, name+"-"+child.Name())
		}
	}
	if len(see) > 0 {
		b.WriteString(".SH COMMANDS\n" + commands.String())
	}
	if c.Example != "" {
		b.WriteString(".SH EXAMPLES\n.nf\n" + roff(c.Example) + "\n.fi\n")
	}
	if c.HasParent() {
		see = append(see, strings.ReplaceAll(c.Parent().CommandPath(), " ", "-"))
	}
	for i, other := range see {
		see[i] = ".BR " + roff(other) + " (1)"
	}
	if len(see) > 0 {
		b.WriteString(".SH SEE ALSO\n" + strings.Join(see, ",\n") + "\n")
	}
	return b.String()
}

// manOptions formats the flags of a command.
func manOptions(c *cobra.Command) string {
	var b strings.Builder
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		names := "--" + f.Name
		if f.Shorthand != "" {
			names = "-" + f.Shorthand + ", " + names
		}
		kind, text := pflag.UnquoteUsage(f)
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(strings.TrimSpace(names+" "+kind)), roff(text))
	})
	return b.String()
}

// roff escapes a text for troff: backslashes, hyphens, characters outside ASCII, and a dot or
// an apostrophe at the beginning of a line, which would be a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(strings.Trim(text, "\n"))
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	var b strings.Builder
	for _, r := range strings.Join(lines, "\n") {
		if r > unicode.MaxASCII {
			fmt.Fprintf(&b, `\[u%04X]`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
