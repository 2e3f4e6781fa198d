package launch

import (
	"path/filepath"
	"slices"
	"strings"
)

// loaders are the variables that make an interpreter, the dynamic loader or a tool load code
// or settings of its own before it comes to the script. A * at the end stands for any text.
var loaders = strings.Fields(`
	LD_* DYLD_* GCONV_PATH GLIBC_TUNABLES LOCPATH NLSPATH MALLOC_* HOSTALIASES RESOLV_* RES_OPTIONS
	BASH_ENV ENV BASH_FUNC_* SHELLOPTS BASHOPTS PS4 PROMPT_COMMAND CDPATH GLOBIGNORE IFS BASH_LOADABLES_PATH BASH_XTRACEFD BASH_COMPAT POSIXLY_CORRECT ZDOTDIR FPATH
	PYTHON* PERL5* PERLLIB PERL_* RUBYOPT RUBYLIB GEM_HOME GEM_PATH BUNDLE_* NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE DENO_*
	JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS CLASSPATH LUA_INIT* LUA_PATH* LUA_CPATH* PHPRC PHP_INI_SCAN_DIR DOTNET_STARTUP_HOOKS DOTNET_ADDITIONAL_DEPS
	R_PROFILE* R_ENVIRON* R_LIBS* JULIA_* TCLLIBPATH AWKPATH AWKLIBPATH
	OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES SSLKEYLOGFILE GIT_EXEC_PATH GIT_SSH* GIT_EXTERNAL_DIFF GIT_CONFIG* GIT_TEMPLATE_DIR GIT_ASKPASS GIT_PAGER GIT_EDITOR GIT_PROXY_COMMAND
	LESSOPEN LESSCLOSE`)

// loadsCode reports whether a variable is one of loaders.
func loadsCode(name string) bool {
	return slices.ContainsFunc(loaders, func(pattern string) bool {
		prefix, open := strings.CutSuffix(pattern, "*")
		return name == pattern || open && strings.HasPrefix(name, prefix)
	})
}

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
		case loadsCode(name):
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
