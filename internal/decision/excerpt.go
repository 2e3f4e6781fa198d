package decision

// An Excerpt is the line of a finding, for readers of a report.
type Excerpt struct {
	Text  string `json:"text"`           // the line, or the part of it around the finding's column
	From  int    `json:"from,omitempty"` // the column of the first character of Text; absent: 1
	Width int    `json:"width"`          // how many characters the finding is about
	Cut   bool   `json:"cut,omitempty"`  // the line goes on after Text
}

// MaxExcerpts is how many findings of a report may have an excerpt: the first ones. Nobody
// reads more at once, and each costs a search for secrets.
const MaxExcerpts = 200

// Concealed returns the files of which no line may be shown, because a rule with
// custom.excerpt: never has a finding about them: the file of the finding, and the artifact,
// since a rule need not say where in which file the secret is. That the finding is excepted
// changes nothing.
func Concealed(findings []Finding, rules []FoundRule) map[string]bool {
	never := map[string]bool{}
	for _, r := range rules {
		if r.Excerpt == ExcerptNever {
			never[r.Code] = true
		}
	}
	files := map[string]bool{}
	for _, f := range findings {
		if never[f.Rule] {
			files[f.File], files[f.Artifact] = true, true
		}
	}
	return files
}
