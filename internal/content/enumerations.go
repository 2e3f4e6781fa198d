package content

// A State says whether a text was looked through.
type State string

// The values of State.
const (
	StateText   State = "text"
	StateBinary State = "binary" // nothing was looked for
	StateUnread State = "unread" // it could not be looked through to its end, see Problem
)
