// Package useflags describes the commands run, open and copy: their flags and texts. The
// program codexlock-use parses them; codexlock, which hands them over, has the same help,
// completion and manual pages.
package useflags

// A Flag is a flag of a command.
type Flag struct {
	Name  string
	Value string // what the help calls its value; "" for a switch
	Usage string
	Many  bool // it may be given several times
}

// A Command is one of the commands.
type Command struct {
	Name    string
	Use     string
	Short   string
	Long    string
	Example string
	Flags   []Flag
}

// The flags that every command has.
var common = []Flag{
	{Name: "root", Value: "DIR", Usage: "the repository's top folder (default: root of the trust file, or the Git work tree of PATH)"},
	{Name: "trust", Value: "FILE", Usage: "trust this file, a codexlock.yaml outside the repository that only root and you can write (default /etc/codexlock/trust.yaml, if it exists)"},
	{Name: "base", Value: "COMMIT", Usage: "trust the configuration of this commit, given by its full id"},
	{Name: "records", Value: "DIR", Usage: "take fresher records from this folder, DIR/PATH.vaulttime.json"},
	{Name: "state", Value: "FILE", Usage: "remember the newest time of each artifact in FILE, and deny an older one"},
	{Name: "gate", Usage: "run codexlock verify first: all rules, not only those of integrity"},
	{Name: "log", Usage: "add the verdict to MANIFEST.integrity.json, and sign it"},
	{Name: "log-file", Value: "FILE", Usage: "add the verdict to FILE, as a line of JSON"},
	{Name: "verified-by", Value: "TEXT", Usage: "who verified, for the log (default the user and the host, or the workflow's run)"},
}

// The flags of what is held and executed.
var (
	hold    = Flag{Name: "hold", Value: "WHERE", Usage: "where the verified bytes are held: memory (to 64 MiB), lease, or tmpfile:DIR (default memory)"}
	keepEnv = Flag{Name: "keep-env", Value: "NAME", Usage: "keep this variable, which could load other code, repeatable", Many: true}
	as      = Flag{Name: "as", Value: "WAY", Usage: "how a script is executed: path (under its own name, its protected siblings are verified as it opens or executes them), fd (as /dev/fd/N), or auto (default auto)"}
)

const trustText = `
Whom to trust comes from outside the checkout: --trust FILE, --base COMMIT, or the
key in VAULTTIME_KEY or VAULTTIME_KEY_<DOMAIN>. With the key alone, a proof is
required and a record lives for a day at most, whatever HEAD configures.
Exceptions and baselines do not count.

--trust needs no other program. --base, the key alone, --gate, --log and records in the
ref need the program codexlock next to codexlock-use, never one from PATH.`

// Commands are all the commands.
var Commands = []Command{
	{
		Name: "run", Use: "run [flags] -- PATH [ARG...]",
		Short: "Verify a script or program, and execute exactly the verified bytes",
		Long: `run verifies an artifact at the moment of its use: SHA-256, VaultTime record,
companions and ledger entry. Then it executes the bytes that were verified,
whatever happens to the file meanwhile. The child gets no key and no variable
that loads other code. It needs Linux.
` + trustText + `

Exit codes: those of the script; 126 denied, 127 not found, 125 could not verify.`,
		Example: `  codexlock run -- scripts/deploy.sh --to production
  codexlock run --trust /etc/codexlock/trust.yaml --state /var/lib/codexlock/state -- scripts/backup.sh
  codexlock run --as fd -- scripts/plain.sh`,
		Flags: append(append([]Flag{}, common...), as, hold, keepEnv),
	},
	{
		Name: "open", Use: "open [flags] PATH [-- CMD ARG...]",
		Short: "Verify a file, and print it or hand it to a command",
		Long: `open verifies an artifact and prints its bytes, once all of them are verified. With a
command, it executes that instead, with {} replaced by the name of a file that
holds the verified bytes and cannot be changed (Linux).
` + trustText + `

Exit codes: 0 printed, 1 denied, 2 usage or configuration, 3 could not verify. With a
command: those of the command; 126 denied, 127 not found, 125 could not verify.`,
		Example: `  codexlock open assets/sources/schema.sql | psql
  codexlock open assets/sources/model.safetensors -- python serve.py --model {}`,
		Flags: append(append([]Flag{}, common...), hold, keepEnv),
	},
	{
		Name: "copy", Use: "copy [flags] PATH... DEST",
		Short: "Copy files that are verified: all of them or none",
		Long: `copy copies artifacts to a folder, or one of them to a new name. A name appears only
after the copy was verified, and after an error none appears. Copies are read-only.
` + trustText + `

Exit codes: 0 copied, 1 denied, 2 usage or configuration, 3 could not verify.`,
		Example: `  codexlock copy assets/sources/model.bin /srv/models/
  codexlock copy --parents --companions scripts/a.sh scripts/b.sh /opt/app`,
		Flags: append(append([]Flag{}, common...),
			Flag{Name: "parents", Usage: "keep the paths below the repository's top folder"},
			Flag{Name: "companions", Usage: "copy the records, manifests and tests too"}),
	},
}

// Find returns a command by its name.
func Find(name string) (Command, bool) {
	for _, c := range Commands {
		if c.Name == name {
			return c, true
		}
	}
	return Command{}, false
}
