package git

import (
	"context"
	"path/filepath"
	"strings"
)

// objectVariables name where a push keeps its objects until its hooks have accepted them:
// "Quarantine Environment" in git-receive-pack(1).
var objectVariables = []string{"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"}

// OpenPushed opens the repository that a push goes to, as a pre-receive hook sees it: dir is
// its Git folder, and the objects of the push are in the folders that the variables name. No
// other repository is opened with variables of git.
//
// It does not look for a work tree above dir: the repositories of a server can be below a folder
// that has a repository of its own, whose rules are not those of the push.
func OpenPushed(ctx context.Context, dir string, env func(string) (string, bool)) (*Repository, error) {
	at, err := pushedTo(dir, env)
	if err != nil {
		return nil, err
	}
	r, err := openPlace(ctx, dir, at)
	if err != nil {
		return nil, err
	}
	for _, name := range objectVariables {
		if value, _ := env(name); value != "" {
			r.git.pushed = append(r.git.pushed, name+"="+absoluteFolders(dir, value))
		}
	}
	return r, nil
}

// pushedTo returns the place of the repository that a push goes to: the Git folder that GIT_DIR
// names, or else dir, in which Git starts such a hook (githooks(5)). A program that starts the
// hook by itself may do so in a work tree, and without the variable.
func pushedTo(dir string, env func(string) (string, bool)) (place, error) {
	named, _ := env("GIT_DIR")
	gitDir := dir
	switch {
	case filepath.IsAbs(named):
		gitDir = named
	case named != "":
		gitDir = filepath.Join(dir, named)
	}
	real, err := filepath.Abs(gitDir)
	if err == nil {
		real, err = filepath.EvalSymlinks(real)
	}
	switch {
	case err != nil:
		return place{}, &NotARepositoryError{Dir: gitDir, Reason: err.Error()}
	case isGitDir(real):
		return place{root: real, gitDir: real, bare: true}, nil
	case named != "":
		return place{}, &NotARepositoryError{Dir: gitDir, Reason: "GIT_DIR names it"}
	}
	return discover(dir)
}

// absoluteFolders makes the folders of a list absolute, which git starts elsewhere with. One
// in quotes is one of a list that git wrote, and absolute.
func absoluteFolders(dir, list string) string {
	if strings.Contains(list, `"`) {
		return list
	}
	folders := filepath.SplitList(list)
	for i, f := range folders {
		if f != "" && !filepath.IsAbs(f) {
			folders[i] = filepath.Join(dir, f)
		}
	}
	return strings.Join(folders, string(filepath.ListSeparator))
}
