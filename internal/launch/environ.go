package launch

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// loaders match the variables that make an interpreter, the dynamic loader or a tool load
// code or settings of its own before it comes to the script.
var loaders = regexp.MustCompile(`^(?:LD_.*|DYLD_.*|GCONV_PATH|GLIBC_TUNABLES|LOCPATH|NLSPATH|MALLOC_.*|HOSTALIASES|RESOLV_.*|RES_OPTIONS|` +
	`BASH_ENV|ENV|BASH_FUNC_.*|SHELLOPTS|BASHOPTS|PS4|PROMPT_COMMAND|CDPATH|GLOBIGNORE|IFS|BASH_LOADABLES_PATH|BASH_XTRACEFD|BASH_COMPAT|POSIXLY_CORRECT|ZDOTDIR|FPATH|` +
	`PYTHON.*|PERL5.*|PERLLIB|PERL_.*|RUBY(?:OPT|LIB)|GEM_(?:HOME|PATH)|BUNDLE_.*|NODE_(?:OPTIONS|PATH|REPL_EXTERNAL_MODULE)|DENO_.*|` +
	`JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|CLASSPATH|LUA_(?:INIT|PATH|CPATH).*|PHPRC|PHP_INI_SCAN_DIR|DOTNET_(?:STARTUP_HOOKS|ADDITIONAL_DEPS)|R_(?:PROFILE|ENVIRON|LIBS).*|JULIA_.*|TCLLIBPATH|AWKPATH|AWKLIBPATH|` +
	`OPENSSL_(?:CONF|MODULES|ENGINES)|SSLKEYLOGFILE|GIT_(?:EXEC_PATH|SSH.*|EXTERNAL_DIFF|CONFIG.*|TEMPLATE_DIR|ASKPASS|PAGER|EDITOR|PROXY_COMMAND)|LESSOPEN|LESSCLOSE)$`)

// Environ returns the variables that a child gets: none that holds a key, none of loaders,
// and a PATH without relative folders and without those for which inside returns true. The
// names in keep are kept, but no key is.
func Environ(variables []string, isKey func(name string) bool, inside func(dir string) bool, keep []string) []string {
	var out []string
	for _, pair := range variables {
		name, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok || name == "" || isKey(name):
			continue
		case slices.Contains(keep, name):
		case loaders.MatchString(name):
			continue
		case name == "PATH":
			pair = "PATH=" + strings.Join(safeFolders(value, inside), ":")
		}
		out = append(out, pair)
	}
	return out
}

// safeFolders are the folders of a PATH that are absolute and for which inside returns false.
func safeFolders(path string, inside func(dir string) bool) []string {
	var dirs []string
	for _, dir := range filepath.SplitList(path) {
		if filepath.IsAbs(dir) && !inside(dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}
