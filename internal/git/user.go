package git

import (
	"cmp"
	"context"
	"os/exec"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxUserName is as much of a name as is of use to a reader, in bytes.
const maxUserName = 200

// User is who runs this, as far as the environment and Git tell: whom GitHub names, the
// system's user, or Git's user.name in dir; "unknown" where none of them does.
func User(ctx context.Context, dir string, env func(string) (string, bool)) string {
	for _, name := range []string{"GITHUB_ACTOR", "USER", "LOGNAME"} {
		if v, ok := env(name); ok && v != "" {
			return v
		}
	}
	return cmp.Or(UserName(ctx, dir, env), "unknown")
}

// Creator is who made a file, as far as Git and the environment tell: Git's user.name in
// dir, as in a commit's author, or else User.
func Creator(ctx context.Context, dir string, env func(string) (string, bool)) string {
	if name := UserName(ctx, dir, env); name != "" {
		return name
	}
	return User(ctx, dir, env)
}

// UserName is the user.name that Git would write into a commit in dir, "" where there
// is none, or none that prints. env is the user's own environment, which says where
// the user's configuration is; git only reads files for it.
func UserName(ctx context.Context, dir string, env func(string) (string, bool)) string {
	path, err := exec.LookPath("git")
	if err != nil {
		return ""
	}
	cmd := exec.CommandContext(ctx, path, "config", "--get", "user.name")
	cmd.Dir, cmd.WaitDelay = dir, waitDelay
	cmd.Env = []string{"LC_ALL=C"}
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"} {
		if value, ok := env(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	out, err := cmd.Output()
	name := strings.TrimSpace(string(out))
	if err != nil || len(name) > maxUserName || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return name
}
