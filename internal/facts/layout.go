package facts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/repo"
)

// list notes the head's names: every rule about the layout is about some of them.
func (c *Collector) list(ctx context.Context) error {
	if err := repo.CheckTree(c.o.Head); err != nil {
		return fmt.Errorf("list the head's files: %w", err)
	}
	var err error
	if c.names, err = c.o.Head.Names(ctx); err != nil {
		return fmt.Errorf("list the head's files: %w", err)
	}
	return nil
}

// companionOf is the artifact whose companion a name says it is, where neither
// that artifact nor an entry for either is there; "" otherwise.
func (c *Collector) companionOf(ctx context.Context, p artifact.Path) (string, error) {
	owners := p.Owners()
	if len(owners) == 0 || c.listed(p) {
		return "", nil
	}
	for _, owner := range owners {
		if there, err := c.exists(ctx, owner); there || err != nil {
			return "", err
		}
	}
	return owners[len(owners)-1].String(), nil
}

// consumers reads what every artifact of the head says it was made from: the
// artifacts by each of their inputs.
func (c *Collector) consumers(ctx context.Context) (map[string][]string, error) {
	manifests, err := c.manifests(ctx)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var first error
	made := map[string][]string{}
	err = repo.ReadEach(ctx, c.o.Head, manifests, MaxCompanionBytes, func(i int, data []byte, err error) {
		inputs, err := inputsOf(data, err)
		if len(inputs) == 0 && err == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		first = cmp.Or(first, err)
		for _, owner := range artifact.Path(manifests[i].Path).Owners() {
			for _, input := range inputs {
				made[input] = append(made[input], owner.String())
			}
		}
	})
	return made, cmp.Or(err, first)
}

// manifests are the files of the head that are named like manifests.
func (c *Collector) manifests(ctx context.Context) ([]repo.Entry, error) {
	var files []repo.Entry
	for _, name := range c.names {
		if !strings.HasSuffix(name, artifact.Manifest.Suffix()) {
			continue
		}
		entry, there, err := c.o.Head.Lookup(ctx, artifact.Path(name))
		if err != nil {
			return nil, err
		}
		if there && (entry.Kind == repo.File || entry.Kind == repo.Oversized) {
			files = append(files, entry)
		}
	}
	return files, nil
}

// inputsOf are the inputs that a manifest's text names; none where it is too large or
// does not decode, which is found where its own artifact is judged.
func inputsOf(text []byte, err error) ([]string, error) {
	var large *repo.TooLargeError
	switch {
	case errors.As(err, &large):
		return nil, nil
	case err != nil || !manifest.MayHaveInputs(text):
		return nil, err
	}
	m, _, err := manifest.Decode(text)
	if err != nil || m.Inputs == nil {
		return nil, nil
	}
	var inputs []string
	for _, ref := range *m.Inputs {
		inputs = append(inputs, ref.Path)
	}
	return inputs, nil
}
