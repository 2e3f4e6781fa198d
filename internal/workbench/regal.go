package workbench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

const (
	regalTime   = 2 * time.Minute // it takes ten seconds for 125 modules
	regalOutput = 64 << 20
)

// ErrNoRegal means that Regal is not installed.
var ErrNoRegal = errors.New("regal is not installed")

// Regal runs the linter Regal in dir on directories, which are relative to dir, and returns
// its findings. It uses the repository's configuration, not the user's. Its error is
// ErrNoRegal if Regal is not installed.
func Regal(ctx context.Context, dir string, dirs []string) ([]Finding, error) {
	program, err := exec.LookPath("regal")
	if errors.Is(err, exec.ErrNotFound) {
		return nil, ErrNoRegal
	}
	if err != nil {
		return nil, fmt.Errorf("find regal: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, regalTime)
	defer cancel()
	// The gate evaluates every rule, so none of them is an entry point.
	args := append([]string{"lint", "--format", "json", "--disable", "no-defined-entrypoint", "--"}, dirs...)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	cmd.Env = []string{"REGAL_DISABLE_VERSION_CHECK=1", "HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "LC_ALL=C.UTF-8"}
	out, complaint := &capped{most: regalOutput}, &capped{most: 4 << 10}
	cmd.Stdout, cmd.Stderr = out, complaint
	err = cmd.Run()
	// Regal ends with 2 for warnings, and with 3 for errors.
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 2 && exit.ExitCode() != 3) {
		return nil, fmt.Errorf("run regal: %w: %s", err, strings.TrimSpace(complaint.String()))
	}
	findings, err := regalFindings(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("read what regal says: %w", err)
	}
	if exit != nil && len(findings) == 0 {
		return nil, fmt.Errorf("run regal: it ended with %d and said nothing", exit.ExitCode())
	}
	return findings, nil
}

func regalFindings(text []byte) ([]Finding, error) {
	var said struct {
		Violations []struct {
			Title       string `json:"title"`
			Description string `json:"description"`
			Category    string `json:"category"`
			Location    struct {
				File string `json:"file"`
				Row  int    `json:"row"`
				Col  int    `json:"col"`
			} `json:"location"`
			Related []struct {
				Ref string `json:"ref"`
			} `json:"related_resources"`
		} `json:"violations"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return nil, err
	}
	var findings []Finding
	for _, v := range said.Violations {
		f := Finding{File: v.Location.File, Line: v.Location.Row, Column: v.Location.Col, Check: "regal " + v.Category + "/" + v.Title, Message: v.Description}
		if len(v.Related) > 0 {
			f.Hint = "see " + v.Related[0].Ref
		}
		findings = append(findings, f)
	}
	return findings, nil
}

// capped is a writer that keeps only the first bytes.
type capped struct {
	bytes.Buffer
	most int
}

func (c *capped) Write(b []byte) (int, error) {
	c.Buffer.Write(b[:min(len(b), c.most-c.Len())])
	return len(b), nil
}
