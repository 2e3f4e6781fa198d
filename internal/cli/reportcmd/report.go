// Package reportcmd has the command that renders finished reports again. It verifies nothing.
package reportcmd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/cli/terminal"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/report/shards"
	"github.com/codexlock/codexlock/internal/shellquote"
)

const long = `report renders a report that verify -f json wrote, in any format, and ends with the exit
code of its verdict. It verifies nothing: whoever can edit the file decides what it says.
Without a file, or for -, it reads standard input.

Several reports are the shards of one run (verify --all --shard I/N), and are merged: the
result is the report that one run writes. A shard that is missing, there twice or of another
run ends with exit code 3.`

// A rendering is the report command, filled in.
type rendering struct {
	world    host.World
	formats  []string
	quiet    bool
	noColor  bool
	excepted bool
}

// New returns the report command.
func New(w host.World) *cobra.Command {
	c := &rendering{world: w}
	cmd := &cobra.Command{
		Use: "report [REPORT.json...]", Short: "Render a saved report again, or merge those of shards", Long: long,
		Example: `  codexlock verify --all -f json=report.json
  codexlock report -f html=report.html report.json
  codexlock report -f markdown shard-*.json`,
		RunE: func(_ *cobra.Command, args []string) error { return c.run(args) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&c.formats, "format", "f", nil, "format[=FILE], repeatable: "+strings.Join(report.Formats(), ", ")+" (default text)")
	f.BoolVarP(&c.quiet, "quiet", "q", false, "only denials and the last line")
	f.BoolVar(&c.excepted, "show-excepted", false, "list the excepted findings, not only their number")
	f.BoolVar(&c.noColor, "no-color", false, "no colours, even on a terminal")
	return cmd
}

func (c *rendering) run(names []string) error {
	outputs, err := flags.Outputs(c.world, c.formats, flags.ReportFormat)
	if err != nil {
		return err
	}
	reports, err := c.read(names)
	if err != nil {
		return err
	}
	// One shard is shown as what it is. That the others are missing is the result.
	r, incomplete := reports[0].Report, error(nil)
	if merged, err := shards.Merge(reports); err == nil {
		r = merged
	} else if incomplete = err; len(reports) > 1 {
		return err
	}
	o := report.Options{Quiet: c.quiet, Color: !c.noColor && terminal.Colored(c.world), ShowExcepted: c.excepted, Columns: terminal.Columns(c.world)}
	if err := flags.WriteReport(c.world, outputs, r, o); err != nil {
		return err
	}
	switch {
	case incomplete != nil:
		return incomplete
	case r.Conclusion == report.Failure:
		return exit.ErrDenied
	}
	return nil
}

// read reads the named reports, or the one of standard input.
func (c *rendering) read(names []string) ([]shards.Named, error) {
	if len(names) == 0 {
		names = []string{"-"}
	}
	reports := make([]shards.Named, len(names))
	for i, name := range names {
		r, err := c.readOne(name)
		if err != nil {
			return nil, fmt.Errorf("read report %s: %w", name, err)
		}
		reports[i] = shards.Named{Name: name, Report: r}
	}
	return reports, nil
}

// A FileError is a path that is no file with a report.
type FileError struct{ Got, Next string }

func (e *FileError) Error() string { return "is " + e.Got + ", want a file" }

// Hint is the next step.
func (e *FileError) Hint() string { return e.Next }

// Usage says that the user corrects it.
func (e *FileError) Usage() bool { return true }

func (c *rendering) readOne(name string) (report.Report, error) {
	if name == "-" {
		return report.Read(c.world.Stdin)
	}
	path := c.world.Path(name)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return report.Report{}, &FileError{Got: "missing", Next: "write it: codexlock verify -f json=" + shellquote.Quoted(name)}
	case err != nil:
		return report.Report{}, err
	case info.IsDir():
		return report.Report{}, &FileError{Got: "a folder", Next: "name the files in it: codexlock report " + shellquote.Quoted(strings.TrimSuffix(name, "/")) + "/*.json"}
	case info.Mode()&fs.ModeSymlink != 0 && !strings.HasPrefix(path, "/dev/"):
		return report.Report{}, &FileError{Got: "a symbolic link", Next: "name the file that the link leads to"}
	}
	f, err := os.Open(path)
	if err != nil {
		return report.Report{}, err
	}
	defer f.Close()
	opened, err := f.Stat()
	if err != nil {
		return report.Report{}, err
	}
	if info.Mode()&fs.ModeSymlink == 0 && !os.SameFile(info, opened) {
		return report.Report{}, &FileError{Got: "replaced while it is read", Next: "run the command again"}
	}
	return report.Read(io.Reader(f))
}
