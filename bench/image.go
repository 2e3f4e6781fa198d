package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	imageRuns    = 30
	imageChanged = 10 // artifacts of the change
)

// image measures the container as a runner starts it: from its start to the verdict on a
// pull request that changes some artifacts, and what the image weighs. It returns a
// paragraph of Markdown.
func (b *bench) image(name string) (string, error) {
	dir, err := b.changed(imageChanged)
	if err != nil {
		return "", err
	}
	start, err := b.startOf(dir, name)
	if err != nil {
		return "", err
	}
	progress("image %s, %d runs", name, imageRuns)
	var took []time.Duration
	for i := range imageRuns + 1 { // the first run fills the caches and is not counted
		c, err := b.run(start)
		if err != nil {
			return "", err
		}
		if i > 0 {
			took = append(took, c.wall)
		}
	}
	unpacked, packed, err := weigh(name)
	if err != nil {
		return "", err
	}
	median, least, most := spread(walls(took), func(c cost) time.Duration { return c.wall })
	return fmt.Sprintf("%s\n\nFrom the start of the container to the verdict on a pull request with %d changed artifacts, %d runs: median %s, 95th percentile %s (%s to %s). The image has %d MB, %d MB compressed.\n",
		machine(), imageChanged, imageRuns, duration(median), duration(percentile(took, 95)), duration(least), duration(most), unpacked/1_000_000, packed/1_000_000), nil
}

// walls are costs of which only the wall time is known: what an engine's client costs says
// nothing about the container.
func walls(took []time.Duration) sample {
	s := make(sample, len(took))
	for i, t := range took {
		s[i].wall = t
	}
	return s
}

// percentile is the least time that so many of a hundred runs do not exceed (nearest rank).
func percentile(took []time.Duration, p float64) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[int(math.Ceil(p/100*float64(len(sorted))))-1]
}

// changed is a repository whose last commit changes n attested artifacts.
func (b *bench) changed(n int) (string, error) {
	return b.fixture(fmt.Sprintf("changed-%d", n), func(dir string) error {
		if err := b.initialize(dir); err != nil {
			return err
		}
		for version := 1; version <= 2; version++ {
			if err := writeArtifacts(dir, upTo(n), version); err != nil {
				return err
			}
			if err := b.do(dir, []string{b.program, "attest", "--all"}); err != nil {
				return err
			}
			if err := b.commit(dir, fmt.Sprint("version ", version)); err != nil {
				return err
			}
		}
		return nil
	})
}

// startOf is the command that starts the image as a runner starts the action, on the event
// of a pull request.
func (b *bench) startOf(dir, image string) (*command, error) {
	out, err := exec.Command("git", "-C", dir, "rev-parse", "HEAD").Output()
	if err != nil {
		return nil, err
	}
	head := strings.TrimSpace(string(out))
	runner := filepath.Join(b.dir, "runner")
	if err := os.MkdirAll(runner, 0o755); err != nil {
		return nil, err
	}
	event := fmt.Sprintf(`{"pull_request":{"head":{"sha":%q,"repo":{"full_name":"o/r"}}},"repository":{"full_name":"o/r","default_branch":"main"}}`, head)
	for name, text := range map[string]string{"event.json": event, "output": "", "summary": ""} {
		if err := os.WriteFile(filepath.Join(runner, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	args := []string{"docker", "run", "--rm", "--network", "none", "--workdir", "/github/workspace",
		"--volume", dir + ":/github/workspace", "--volume", runner + ":/github/runner", "--env", "VAULTTIME_KEY"}
	for _, pair := range []string{"GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=pull_request", "GITHUB_SHA=" + head, "GITHUB_REPOSITORY=o/r", "GITHUB_WORKSPACE=/github/workspace",
		"GITHUB_EVENT_PATH=/github/runner/event.json", "GITHUB_OUTPUT=/github/runner/output", "GITHUB_STEP_SUMMARY=/github/runner/summary", "INPUT_ANNOTATE=none"} {
		args = append(args, "--env", pair)
	}
	return &command{name: "image", dir: dir, args: append(args, image), prints: "all artifacts trusted and current"}, nil
}

// weigh returns the bytes of an image, unpacked and as gzip packs it for a registry.
func weigh(image string) (unpacked, packed int64, err error) {
	for _, c := range []struct {
		script string
		bytes  *int64
	}{{`docker image inspect -f '{{.Size}}' "$1"`, &unpacked}, {`docker save "$1" | gzip | wc -c`, &packed}} {
		out, err := exec.Command("bash", "-o", "pipefail", "-c", c.script, "bash", image).Output()
		if err != nil {
			return 0, 0, fmt.Errorf("weigh the image %s: %w", image, err)
		}
		if *c.bytes, err = strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64); err != nil {
			return 0, 0, err
		}
	}
	return unpacked, packed, nil
}
