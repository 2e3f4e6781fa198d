package github

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An Identity tells check runs apart: the same name is posted by every job, step and attempt
// that uses the action. It is what a check run has as external_id.
type Identity struct {
	lineage string // digest of what all attempts of one step have in common
	attempt int    // of the workflow run, from 1
	digest  string // of everything
}

// Identify returns the identity of this attempt of the action's step. The digest is over the
// repository, head and base, where configuration and rules come from, all inputs but the
// token, workflow, job, step and runner, the run and its attempt. The runner tells the legs
// of a matrix apart that run at the same time with equal inputs.
func Identify(e Event, in Inputs, env func(string) (string, bool), names []string) Identity {
	get := func(name string) string { v, _ := env(name); return v }
	in.Token = ""
	common := []string{
		e.Owner, e.Repo, e.Name, e.CheckSHA, fmt.Sprintf("%+v", in), e.RunID,
		get("GITHUB_WORKFLOW_REF"), get("GITHUB_JOB"), get("GITHUB_ACTION"), get("GITHUB_BASE_REF"),
	}
	all := append(slices.Clone(common), e.Base, e.BaseBranch, e.Tip, e.Head, e.Attempt, get("RUNNER_NAME"))
	settings := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.HasPrefix(name, "CODEXLOCK_") })
	slices.Sort(settings)
	for _, name := range settings {
		all = append(all, name, get(name))
	}
	attempt, err := strconv.Atoi(e.Attempt)
	if err != nil || attempt < 1 {
		attempt = 1
	}
	return Identity{lineage: digest(common)[:32], attempt: attempt, digest: digest(all)}
}

// digest is the SHA-256 of texts, of which none can be moved into its neighbour.
func digest(parts []string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s,", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// String is the external_id: 32 hex characters, the attempt, 64 hex characters.
func (i Identity) String() string { return fmt.Sprintf("%s-%d-%s", i.lineage, i.attempt, i.digest) }

// parseIdentity reads an external_id. That of somebody else's check run is none.
func parseIdentity(externalID string) (i Identity, ok bool) {
	parts := strings.Split(externalID, "-")
	if len(parts) != 3 {
		return Identity{}, false
	}
	attempt, err := strconv.Atoi(parts[1])
	i = Identity{lineage: parts[0], attempt: attempt, digest: parts[2]}
	return i, err == nil && i.String() == externalID && len(i.lineage) == 32 && len(i.digest) == 64
}
