package txn

// Names of this package for its tests, which are outside it.
type (
	Journal        = journal
	CheckedJournal = checkedJournal
)

const (
	JournalTemp    = journalTemp
	MaxOpenFolders = maxOpenFolders
)

var DecodeJournal = decodeJournal

// WriteJournal writes the journal below a Git directory, as a commit does.
func WriteJournal(gitDir string, j Journal) error {
	return writer{state: Tree{root: gitDir}}.writeJournal(j)
}

// EnterFolder opens a folder and leaves it again.
func (t Tree) EnterFolder(name string) error {
	f, err := t.enter(name)
	if err == nil {
		f.leave()
	}
	return err
}

// OpenFolders is how many folders the tree holds.
func (t Tree) OpenFolders() int { return len(t.held.open) }
