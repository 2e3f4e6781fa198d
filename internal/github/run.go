package github

import "strings"

// WithRun returns who runs this and, in a workflow, the address of its run: whom the audit
// log names.
func WithRun(who string, env func(string) (string, bool)) string {
	get := func(name string) string { v, _ := env(name); return v }
	if run := get("GITHUB_RUN_ID"); run != "" {
		_, host, _ := strings.Cut(get("GITHUB_SERVER_URL"), "://")
		who += " (" + strings.TrimPrefix(host+"/", "/") + get("GITHUB_REPOSITORY") + "/actions/runs/" + run + ")"
	}
	return who
}
