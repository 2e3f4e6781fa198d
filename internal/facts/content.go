package facts

// Content is what was found in one text.
type Content struct {
	State        ContentState  `json:"state"`
	Problem      string        `json:"problem,omitempty"`
	Placeholders []Placeholder `json:"placeholders"`
	Secrets      []Secret      `json:"secrets"`
}

// A Placeholder is a word that says that something is still to be done.
type Placeholder struct {
	Word   string `json:"word"`
	Line   int    `json:"line"`   // counts from 1
	Column int    `json:"column"` // counts from 1, in characters
}

// A Secret is where something stands that looks like a credential.
type Secret struct {
	Kind   string `json:"kind"`   // the gitleaks rule that knows it, such as aws-access-token
	Line   int    `json:"line"`   // counts from 1
	Column int    `json:"column"` // counts from 1, in characters
}
