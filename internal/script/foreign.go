package script

import (
	"strings"

	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/codexlock/codexlock/internal/script/hosts"
	"github.com/codexlock/codexlock/internal/script/programs"
	"github.com/codexlock/codexlock/internal/script/words"
)

// A language describes how code in it contacts hosts, executes commands, and executes generated
// code. The code is not parsed: it is searched for the names of functions with their
// literals.
type language struct {
	contacts *lazyregexp.Regexp // what reaches for the network
	executes *lazyregexp.Regexp // what executes a command, up to its first argument
	makes    *lazyregexp.Regexp // what executes code that is a value
	backtick bool               // whether `command` executes one
}

// netCalls are the functions whose first literal is a host, whatever the language.
var netCalls = lazyregexp.New(`(?:connect|connect_ex|create_connection|open_connection|gethostbyname|getaddrinfo|HTTPS?Connection|FTP|SMTP|IMAP4|POP3|Telnet|TCPSocket\.(?:new|open)|fsockopen|createConnection|PeerAddr\s*=>|PeerHost\s*=>|Host\s*=>)\s*\(*\s*['"]([^'"\s]+)['"]`)

// codeURL is a URL in code.
var codeURL = lazyregexp.New(`(?i)\b(?:https?|ftps?|wss?|ssh|git|tcp|udp|ssl|tls)://[^\s'"<>)\\,]*`)

var foreignLanguages = map[programs.Kind]language{
	"python": {
		contacts: lazyregexp.New(`\b(urlopen|urlretrieve|urllib2|urllib\.request|http\.client|httplib|requests\.\w+\(|import\s+requests|from\s+requests|aiohttp|httpx|ftplib|smtplib|poplib|imaplib|telnetlib|xmlrpc|paramiko|create_connection|open_connection|getaddrinfo|gethostbyname\w*)\b|\bsocket\b[\s\S]*\.(connect|connect_ex|sendto)\s*\(`),
		executes: lazyregexp.New(`\b(?:os\s*\.\s*(?:system|popen|exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?)|subprocess\s*\.\s*(?:run|call|check_call|check_output|Popen|getoutput|getstatusoutput)|commands\.getoutput|pty\.spawn)\s*\(\s*`),
		makes:    lazyregexp.New(`(?:^|[^.\w])(?:exec|eval|compile|execfile|__import__)\s*\(|\bimportlib\b|\brunpy\b|\bmarshal\b|getattr\s*\(\s*__builtins__`),
	},
	"perl": {
		contacts: lazyregexp.New(`\b(IO::Socket\S*|LWP\S*|HTTP::Tiny|HTTP::Request|Net::\w+|Mojo::UserAgent|Socket6?\b.*\bconnect|gethostbyname|WWW::\w+|AnyEvent::\w+)`),
		executes: lazyregexp.New(`\b(?:system|exec|qx|readpipe)\b\s*[({/]?\s*|\bopen\s*\(?[^,;]*,\s*(?:['"](?:-\||\|-)['"]\s*,\s*)?`),
		makes:    lazyregexp.New(`\beval\b\s*[^\s{]|\beval\s+[^{\s]|\bdo\s+\$|\brequire\s+\$`),
		backtick: true,
	},
	"ruby": {
		contacts: lazyregexp.New(`\b(open-uri|net/\w+|Net::\w+|TCPSocket|UDPSocket|URI\.open|Socket\.tcp|Faraday|HTTParty|RestClient|httparty|faraday|rest-client|gethostbyname|Resolv)\b`),
		executes: lazyregexp.New(`\b(?:system|exec|spawn|IO\.popen|popen3?|Open3\.\w+|PTY\.spawn|Process\.spawn)\b\s*\(?\s*|%x\s*[\[({|/!]`),
		makes:    lazyregexp.New(`\b(?:eval|instance_eval|class_eval|module_eval|binding)\b`),
		backtick: true,
	},
	"node": {
		contacts: lazyregexp.New("\\bfetch\\s*\\(|require\\s*\\(\\s*['\"`](?:node:)?(?:https?|http2|net|tls|dgram|dns|dns/promises|axios|got|node-fetch|undici|request|ws|superagent)['\"`]|\\bfrom\\s+['\"](?:node:)?(?:https?|net|tls|dns)['\"]|XMLHttpRequest|WebSocket"),
		executes: lazyregexp.New(`\b(?:execSync|execFileSync|spawnSync|execFile|exec|spawn)\s*\(\s*`),
		makes:    lazyregexp.New(`(?:^|[^.\w])eval\s*\(|new\s+Function\s*\(|\bvm\.\w+\(|runInThisContext|runInNewContext|require\s*\(\s*[^'"\x60\s)]|import\s*\(\s*[^'"\x60\s)]`),
	},
	"php": {
		contacts: lazyregexp.New(`\b(curl_\w+|fsockopen|pfsockopen|stream_socket_client|socket_connect|gethostbyname|dns_get_record|mail)\s*\(|(?:file_get_contents|fopen|copy|file|readfile)\s*\(\s*['"](?:https?|ftp)`),
		executes: lazyregexp.New(`\b(?:system|exec|shell_exec|passthru|popen|proc_open|pcntl_exec)\s*\(\s*`),
		makes:    lazyregexp.New(`\b(?:eval|assert|create_function)\s*\(|\b(?:include|require)(?:_once)?\b\s*\(?\s*\$`),
		backtick: true,
	},
	"lua": {
		contacts: lazyregexp.New(`require\s*\(?\s*['"](?:socket\S*|ssl\S*|http\S*|luasocket|cqueues\S*)`),
		executes: lazyregexp.New(`\b(?:os\.execute|io\.popen)\s*\(?\s*`),
		makes:    lazyregexp.New(`\b(?:load|loadstring|dofile)\s*\(`),
	},
	"tcl": {
		contacts: lazyregexp.New(`\b(?:http::geturl|socket)\b`),
		executes: lazyregexp.New(`\b(?:exec|spawn|system)\s+|open\s+["{]\|`),
		makes:    lazyregexp.New(`\beval\s+\$|\buplevel\b|\bsubst\b`),
	},
	"awk": {
		contacts: lazyregexp.New(`/inet[46]?/`),
		executes: lazyregexp.New(`\bsystem\s*\(\s*`),
		makes:    lazyregexp.New(`@include|@load`),
	},
}

// foreign judges code in another language than the shell's.
func (w *walker) foreign(c command, lang programs.Kind, text string) {
	if lang == "make" {
		w.rules(c, text)
		return
	}
	l, ok := foreignLanguages[lang]
	trimmed := strings.TrimLeft(text, " \t\n;({")
	if !ok || w.shared.code+len(text) > maxCode || strings.HasPrefix(trimmed, words.Hole) || l.makes.MatchString(text) {
		w.opaque(c.node)
		return
	}
	w.shared.code += len(text)
	if l.contacts.MatchString(text) {
		w.contactsOf(c, text)
	}
	calls := l.executes.FindAllStringIndex(text, maxCandidates)
	for _, at := range calls {
		w.executed(c, lang, text[at[0]:at[1]], text[at[1]:])
	}
	if l.backtick {
		for _, code := range quotedBy(text, '`') {
			w.code(c, "shell", dollars.ReplaceAllString(code, words.Hole), false)
		}
	}
	if lang == "awk" {
		w.awkPipes(c, text)
	}
	if len(calls) == maxCandidates {
		w.opaque(c.node)
	}
}

// dollars are variables in a string of another language.
var dollars = lazyregexp.New(`[$@]\{?\w+\}?|#\{[^}]*\}`)

// contactsOf notes the hosts that stand in code which contacts some.
func (w *walker) contactsOf(c command, text string) {
	found := false
	note := func(host string) {
		found = true
		if !hosts.IsLocal(host) {
			w.access(c.node, c.name, host)
		}
	}
	for _, url := range codeURL.FindAllString(text, maxHosts) {
		note(hosts.OfURL(strings.NewReplacer("{", words.Hole, "%s", words.Hole, "$", words.Hole).Replace(url)))
	}
	for _, m := range netCalls.FindAllStringSubmatch(text, maxHosts) {
		if !strings.Contains(m[1], "://") {
			note(hosts.OfAddress(m[1]))
		}
	}
	if !found {
		w.access(c.node, c.name, "")
	}
}

// executed judges the first argument of a function that executes a command: a
// literal, or a list of literals. Anything else cannot be read.
func (w *walker) executed(c command, lang programs.Kind, call, rest string) {
	list := strings.HasPrefix(rest, "[") || strings.HasPrefix(rest, "(") || strings.HasPrefix(rest, "{")
	rest = strings.TrimLeft(rest, "[({ \t\n")
	if lang == "tcl" {
		line, _, _ := strings.Cut(rest, "\n")
		line, _, _ = strings.Cut(line, ";")
		w.code(c, "shell", strings.Trim(dollars.ReplaceAllString(line, words.Hole), "{}"), false)
		return
	}
	if lang == "perl" && (strings.HasPrefix(call, "open") && !strings.Contains(call, "|") || strings.HasPrefix(call, "qx")) {
		w.perlOpen(c, call, rest)
		return
	}
	var literals []string
	for {
		word, after, ok := stringLiteral(rest)
		if !ok {
			break
		}
		literals = append(literals, word)
		rest = strings.TrimLeft(after, " \t\n")
		if next, more := strings.CutPrefix(rest, ","); more && (list || lang == "perl" || lang == "ruby" || lang == "node") {
			rest = strings.TrimLeft(next, " \t\n[")
			continue
		}
		if rest != "" && strings.ContainsRune("+.%&*", rune(rest[0])) || strings.HasPrefix(rest, "..") || lang == "awk" && rest != "" && rest[0] != ')' {
			literals[len(literals)-1] += words.Hole
		}
		break
	}
	switch {
	case len(literals) == 0:
		w.opaque(c.node)
	case len(literals) == 1 && !list:
		w.code(c, "shell", dollars.ReplaceAllString(literals[0], words.Hole), false)
	default:
		args := make([]words.Argument, len(literals))
		for i, word := range literals {
			args[i] = words.Argument{Code: dollars.ReplaceAllString(word, words.Hole)}
		}
		if rest != "" && rest[0] != ']' && rest[0] != ')' && rest[0] != '}' {
			args = append(args, words.Argument{Code: words.Hole})
		}
		w.invoke(c.node, args, input{state: file}, false)
	}
}

// perlOpen judges open(F, "command |") and qx(command).
func (w *walker) perlOpen(c command, call, rest string) {
	if strings.HasPrefix(call, "qx") {
		code, _, _ := strings.Cut(rest, ")")
		w.code(c, "shell", dollars.ReplaceAllString(strings.Trim(code, "{}/'\""), words.Hole), false)
		return
	}
	text, _, ok := stringLiteral(rest)
	if command, piped := strings.CutSuffix(strings.TrimSpace(text), "|"); ok && piped {
		w.code(c, "shell", dollars.ReplaceAllString(command, words.Hole), false)
	}
	if command, piped := strings.CutPrefix(strings.TrimSpace(text), "|"); ok && piped {
		w.code(c, "shell", dollars.ReplaceAllString(command, words.Hole), false)
	}
}

// stringLiteral reads the string that a text begins with.
func stringLiteral(text string) (value, rest string, ok bool) {
	text = strings.TrimLeft(text, "rbfu")
	if text == "" || !strings.ContainsRune(`"'`, rune(text[0])) {
		return "", text, false
	}
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			switch text[i] {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case 'x', 'u', 'U', '0', '1', '2', '3', '4', '5', '6', '7':
				b.WriteString(words.Hole)
			default:
				b.WriteByte(text[i])
			}
		case text[i] == quote:
			return b.String(), text[i+1:], true
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String(), "", true
}

// quotedBy are the texts between pairs of a character.
func quotedBy(text string, quote byte) []string {
	parts := strings.Split(text, string(quote))
	var found []string
	for i := 1; i+1 < len(parts); i += 2 {
		found = append(found, parts[i])
	}
	return found
}

// rules judges the rules of a makefile: what its recipes and $(shell ...) execute.
func (w *walker) rules(c command, text string) {
	if strings.HasPrefix(strings.TrimSpace(text), words.Hole) {
		w.opaque(c.node)
		return
	}
	var code []string
	for _, line := range strings.Split(strings.ReplaceAll(text, "\\\n", " "), "\n") {
		for rest := line; ; {
			_, after, found := strings.Cut(rest, "$(shell ")
			if !found {
				break
			}
			end := closing(after)
			code = append(code, after[:end])
			rest = after[end:]
		}
		recipe, isRecipe := strings.CutPrefix(line, "\t")
		if !isRecipe {
			head, after, found := strings.Cut(line, ";")
			if recipe, isRecipe = after, found && strings.Contains(head, ":"); !isRecipe {
				_, recipe, isRecipe = strings.Cut(line, "!=")
			}
		}
		if isRecipe {
			recipe = strings.TrimLeft(recipe, " \t@+-")
			recipe = makeVariable.ReplaceAllString(strings.ReplaceAll(recipe, "$$", "\x01"), words.Hole)
			code = append(code, strings.ReplaceAll(recipe, "\x01", "$"))
		}
	}
	for _, one := range code {
		w.code(c, "shell", one, false)
	}
}

// makeVariable is a variable or a function of make.
var makeVariable = lazyregexp.New(`\$(\([^()]*(\([^()]*\)[^()]*)*\)|\{[^}]*\}|.)`)

// closing is where the parenthesis that is open at the beginning of a text closes.
func closing(text string) int {
	depth := 0
	for i, c := range text {
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return i
			}
		}
	}
	return len(text)
}

// awkPipes judges the commands that awk reads from and writes to: "command" | getline,
// and print | "command".
func (w *walker) awkPipes(c command, text string) {
	tokens := awkTokens(text)
	for i, t := range tokens {
		if t.quoted || t.text != "|" && t.text != "|&" {
			continue
		}
		other := i + 1
		if other < len(tokens) && tokens[other].text == "getline" {
			other = i - 1
		}
		if other < 0 || other >= len(tokens) {
			continue
		}
		switch o := tokens[other]; {
		case o.quoted && other > 0 && other < i && tokens[other-1].quoted:
			w.code(c, "shell", tokens[other-1].text+words.Hole, false)
		case o.quoted:
			w.code(c, "shell", o.text, false)
		default:
			w.awkVariable(c, tokens, o.text)
		}
	}
}

// awkVariable judges the texts that a variable of awk is given, as commands.
func (w *walker) awkVariable(c command, tokens []awkToken, name string) {
	found := false
	for i, t := range tokens {
		if t.text != name || i+2 >= len(tokens) || tokens[i+1].text != "=" {
			continue
		}
		if !tokens[i+2].quoted {
			w.opaque(c.node)
			return
		}
		found = true
		code := tokens[i+2].text
		if i+3 < len(tokens) && tokens[i+3].text != ";" && tokens[i+3].text != "}" {
			code += words.Hole
		}
		w.code(c, "shell", code, false)
	}
	if !found {
		w.opaque(c.node)
	}
}

// An awkToken is a word, a string or a sign of an awk program.
type awkToken struct {
	text   string
	quoted bool
}

var awkPattern = lazyregexp.New(`"(?:[^"\\]|\\.)*"|#[^\n]*|/(?:[^/\\\n]|\\.)+/|\|\||\|&|&&|[A-Za-z_]\w*|\d+|\S|\n`)

// awkTokens are the tokens of an awk program; a slash after a value divides.
func awkTokens(text string) []awkToken {
	var tokens []awkToken
	for len(text) > 0 {
		at := awkPattern.FindStringIndex(text)
		if at == nil {
			break
		}
		token := text[at[0]:at[1]]
		if strings.HasPrefix(token, "/") && len(token) > 1 && len(tokens) > 0 && isAwkValue(tokens[len(tokens)-1]) {
			token, at[1] = "/", at[0]+1
		}
		text = text[at[1]:]
		switch {
		case strings.HasPrefix(token, "#"), token == "\n":
			tokens = append(tokens, awkToken{";", false})
		case strings.HasPrefix(token, `"`) && len(token) > 1:
			value, _, _ := stringLiteral(token)
			tokens = append(tokens, awkToken{value, true})
		default:
			tokens = append(tokens, awkToken{token, false})
		}
	}
	return tokens
}

// isAwkValue reports whether a slash after a token divides.
func isAwkValue(t awkToken) bool {
	if t.quoted || t.text == ")" || t.text == "]" {
		return true
	}
	c := t.text[0]
	return c >= '0' && c <= '9' || c == '_' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' && t.text != "print" && t.text != "return"
}
