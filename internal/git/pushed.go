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
func OpenPushed(ctx context.Context, dir string, env func(string) (string, bool)) (*Repository, error) {
	r, err := Open(ctx, dir)
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
