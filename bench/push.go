package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// The push that is measured: so many changed artifacts, to a repository of so many.
const pushed, pushedInto = 100, 10_000

// push measures a push to a server whose hook judges it, with the same push to one without a
// hook as the control: what the hook costs is the difference.
func (b *bench) push() ([]row, error) {
	n, changed := b.size(pushedInto), b.size(pushed)
	dir, err := b.history(fmt.Sprintf("push-%d", n), n, changed)
	if err != nil {
		return nil, err
	}
	hook := fmt.Sprintf("#!/bin/sh\nexec '%s' hook pre-receive\n", b.program)
	judging, err := b.server("judging", dir, hook)
	if err != nil {
		return nil, err
	}
	plain, err := b.server("plain", dir, "")
	if err != nil {
		return nil, err
	}
	ours := b.pushTo(fmt.Sprintf("`git push` to `hook pre-receive`, %s changed artifacts of %s", count(changed), count(n)), dir, judging)
	ours.prints = fmt.Sprintf("%d changed artifacts verified", changed)
	rows, err := b.one(comparison{name: "push", ours: ours, peers: []command{b.pushTo("the same push, no hook", dir, plain)},
		targets: []target{wallTime(time.Second, 500*time.Millisecond), memory(128, 96)}})
	if err != nil {
		return nil, err
	}
	return rows, b.drop(filepath.Base(dir))
}

// server is a bare repository that has everything of a history but the last commit, with a
// pre-receive hook if hook is not "". It returns its folder.
func (b *bench) server(name, history, hook string) (string, error) {
	dir := filepath.Join(history, ".git", name)
	if err := b.do(history,
		[]string{"git", "clone", "-q", "--bare", "--no-hardlinks", ".", dir},
		[]string{"git", "-C", dir, "update-ref", "refs/heads/main", "HEAD^1"},
		[]string{"git", "-C", dir, "reflog", "expire", "--expire=now", "--all"},
		[]string{"git", "-C", dir, "-c", "gc.auto=0", "repack", "-adq"},
		[]string{"git", "-C", dir, "prune", "--expire=now"},
		[]string{"git", "-C", dir, "config", "receive.autogc", "false"}); err != nil {
		return "", err
	}
	if hook == "" {
		return dir, nil
	}
	return dir, os.WriteFile(filepath.Join(dir, "hooks", "pre-receive"), []byte(hook), 0o755)
}

// pushTo pushes the last commit of a history to a copy of a server that does not have it, made
// anew for each run.
func (b *bench) pushTo(what, history, server string) command {
	copied := server + "-copy"
	return command{name: what, dir: history, args: []string{"git", "push", copied, "HEAD:refs/heads/main"}, prints: "main",
		before: func() error {
			return b.do(history, []string{"rm", "-rf", copied}, []string{"cp", "-al", server, copied})
		}}
}
