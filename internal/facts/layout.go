package facts

import (
	"context"
	"fmt"
	"runtime"
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
	var names []string
	for _, name := range c.names {
		if strings.HasSuffix(name, artifact.Manifest.Suffix()) {
			names = append(names, name)
		}
	}
	var mu sync.Mutex
	var first error
	made := map[string][]string{}
	var group sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), len(names))
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(names); i += workers {
				inputs, err := c.inputsOf(ctx, artifact.Path(names[i]))
				mu.Lock()
				if err != nil && first == nil {
					first = err
				}
				for _, owner := range artifact.Path(names[i]).Owners() {
					for _, input := range inputs {
						made[input] = append(made[input], owner.String())
					}
				}
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	group.Wait()
	return made, first
}

// inputsOf are the inputs that a manifest names; none where it cannot be read,
// which is found where its own artifact is judged.
func (c *Collector) inputsOf(ctx context.Context, p artifact.Path) ([]string, error) {
	file, err := c.read(ctx, c.o.Head, p, MaxCompanionBytes)
	if err != nil || file.State != "valid" || !manifest.MayHaveInputs(file.data) {
		return nil, err
	}
	m, _, err := manifest.Decode(file.data)
	if err != nil || m.Inputs == nil {
		return nil, nil
	}
	var inputs []string
	for _, ref := range *m.Inputs {
		inputs = append(inputs, ref.Path)
	}
	return inputs, nil
}
