package action

import (
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/github"
)

// noteReadOnly prints why there is no check run, and where the result is instead. This is normal
// for a fork.
func (a *action) noteReadOnly(err *github.ReadOnlyTokenError) {
	if a.event.Fork {
		a.world.Note("the token of a fork's pull request may not write check runs: the findings are workflow commands, and the result is that of this job")
		return
	}
	a.world.Note(err.Error() + ": the findings are workflow commands, and the result is that of this job")
	a.world.Note("hint: " + exit.Hint(err))
}
