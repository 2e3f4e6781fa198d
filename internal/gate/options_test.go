package gate

import (
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
)

// TestOptionsAreMadeOfFlagsAndEnvironment: a flag counts before its variable, also one that
// is given as its default, and a variable of a flag that a command does not have never does.
func TestOptionsAreMadeOfFlagsAndEnvironment(t *testing.T) {
	verify := func(cmd *cobra.Command, o *Options) {
		f := cmd.Flags()
		o.Variables = true
		o.Settings.Timeout, o.Settings.Layout = Default(DefaultTimeout), Default("git")
		f.Var(&o.Base.Trusted, "base", "")
		f.Var(&o.Base.Exact, "base-exact", "")
		f.Var(&o.Base.Head, "head", "")
		f.Var(&o.Sources.Config, "config", "")
		f.Var(&o.Settings.Layout, "layout", "")
		f.Var(&o.Settings.Timeout, "timeout", "")
		f.VarPF(&o.Settings.FailOnWarn, "fail-on-warn", "", "").NoOptDefVal = "true"
		f.VarPF(&o.Sources.Offline, "offline", "", "").NoOptDefVal = "true"
	}
	renew := func(*cobra.Command, *Options) {}
	for _, test := range []struct {
		name  string
		flags func(*cobra.Command, *Options)
		args  []string
		env   map[string]string
		want  string // an error; "" where check decides
		check func(Options) bool
	}{
		{"defaults", verify, nil, nil, "", func(o Options) bool {
			return o.Base.revision() == "" && o.Settings.Timeout.Value == DefaultTimeout && o.Settings.Layout.Value == "git" && !o.Sources.Offline.Value
		}},
		{"a variable", verify, nil, map[string]string{"CODEXLOCK_LAYOUT": "strict", "CODEXLOCK_TIMEOUT": "90s", "CODEXLOCK_CONFIG": "a.yaml", "CODEXLOCK_FAIL_ON_WARN": "1"}, "", func(o Options) bool {
			return o.Settings.Layout.Value == "strict" && o.Settings.Timeout.Value == 90*time.Second && o.Sources.Config.Value == "a.yaml" && o.Settings.FailOnWarn.Value
		}},
		{"a flag that is the default", verify, []string{"--layout", "git", "--timeout", "10m", "--config", "", "--fail-on-warn=false", "--offline=false"},
			map[string]string{"CODEXLOCK_LAYOUT": "strict", "CODEXLOCK_TIMEOUT": "90s", "CODEXLOCK_CONFIG": "a.yaml", "CODEXLOCK_FAIL_ON_WARN": "true", "CODEXLOCK_OFFLINE": "1"}, "", func(o Options) bool {
				return o.Settings.Layout.Value == "git" && o.Settings.Timeout.Value == DefaultTimeout && o.Sources.Config.Value == "" && !o.Settings.FailOnWarn.Value && !o.Sources.Offline.Value
			}},
		{"a base flag silences both variables", verify, []string{"--base-exact", "x"}, map[string]string{"CODEXLOCK_BASE": "y", "CODEXLOCK_BASE_EXACT": "z"}, "", func(o Options) bool {
			return o.Base.Trusted.Value == "" && o.Base.Exact.Value == "x"
		}},
		{"two bases", verify, []string{"--base", "x", "--base-exact", "y"}, nil, "--base and --base-exact both name what to compare with: use one of them", nil},
		{"an empty flag", verify, []string{"--head", ""}, nil, "--head is empty, want a revision: a branch, a tag or a commit", nil},
		{"an empty variable", verify, nil, map[string]string{"CODEXLOCK_BASE": ""}, "CODEXLOCK_BASE is empty, want a revision: a branch, a tag or a commit", nil},
		{"no duration", verify, nil, map[string]string{"CODEXLOCK_TIMEOUT": "soon"}, `CODEXLOCK_TIMEOUT is "soon", want a duration such as 10m or 90s`, nil},
		{"less than no time", verify, []string{"--timeout", "-1s"}, nil, "the timeout is -1s, want 0 (no limit) or more", nil},
		{"no limit, whatever the variable says", verify, []string{"--timeout", "0"}, map[string]string{"CODEXLOCK_TIMEOUT": "soon"}, "", func(o Options) bool { return o.Settings.Timeout.Value == 0 }},
		{"a command without the flags", renew, nil, map[string]string{"CODEXLOCK_BASE": "", "CODEXLOCK_HEAD": "x", "CODEXLOCK_MINIMUM_LEVEL": "tier-1", "CODEXLOCK_TIMEOUT": "soon", "CODEXLOCK_CONFIG": "a.yaml", "CODEXLOCK_OFFLINE": "true"}, "", func(o Options) bool {
			return o.Base == (Base{}) && o.Settings == (Settings{}) && o.Sources.Config.Value == "a.yaml" && o.Sources.Offline.Value
		}},
		{"no time", renew, nil, map[string]string{"CODEXLOCK_EFFECTIVE_TIME": "today"}, "--effective-time: ", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var o Options
			cmd := &cobra.Command{}
			test.flags(cmd, &o)
			if err := cmd.ParseFlags(test.args); err != nil {
				t.Fatal(err)
			}
			w := host.World{Now: time.Now, Env: func(name string) (string, bool) { v, ok := test.env[name]; return v, ok }}
			g, err := New(w, o)
			switch {
			case test.check == nil:
				if err == nil || len(err.Error()) < len(test.want) || err.Error()[:len(test.want)] != test.want || exit.Code(err) != exit.Usage {
					t.Errorf("error is %v, want the usage error %q", err, test.want)
				}
			case err != nil:
				t.Error(err)
			case !test.check(g.options):
				t.Errorf("options are %+v", g.options)
			}
		})
	}
}
