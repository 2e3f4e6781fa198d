package preview

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/codexlock/codexlock/internal/ownerschema"
	"github.com/codexlock/codexlock/internal/schemas"
)

// A SchemaCheck has the additional schemas of an edit, and the documents to validate with
// them. A schema can be written to never end, too, so the process validates them.
type SchemaCheck struct {
	Schemas   map[schemas.Kind][]string
	Documents map[schemas.Kind][]string
}

// CheckSchemas starts the process, sends it schemas and documents, and returns the problems of
// each document.
func (p Program) CheckSchemas(ctx context.Context, f SchemaCheck) (map[schemas.Kind][][]schemas.Problem, error) {
	a, err := p.run(ctx, func(w io.Writer) error { return json.NewEncoder(w).Encode(question{Forms: &f}) })
	if err != nil {
		return nil, err
	}
	for kind := range f.Schemas {
		if got, want := len(a.Forms[kind]), len(f.Documents[kind]); got != want {
			return nil, fmt.Errorf("it answers about %d of %d documents", got, want)
		}
	}
	return a.Forms, nil
}

// checkSchemas validates the documents, in the process.
func checkSchemas(f *SchemaCheck) (map[schemas.Kind][][]schemas.Problem, error) {
	found := map[schemas.Kind][][]schemas.Problem{}
	for kind, texts := range f.Schemas {
		found[kind] = make([][]schemas.Problem, len(f.Documents[kind]))
		for _, text := range texts {
			extra, err := ownerschema.Compile(kind, []byte(text))
			if err != nil {
				return nil, fmt.Errorf("the edited schema of %s cannot be used: %w", kind, err)
			}
			for i, document := range f.Documents[kind] {
				d, err := schemas.Parse(kind, []byte(document))
				if err != nil {
					return nil, err
				}
				found[kind][i] = append(found[kind][i], extra.Problems(d)...)
			}
		}
	}
	return found, nil
}

// A Recorder replaces edited schemas while the tree is measured for the first time: it
// records the documents of a kind, each once. After Learn it returns their problems.
type Recorder struct {
	mu       sync.Mutex
	seen     map[string]int
	texts    []string
	problems [][]schemas.Problem
}

// Problems records a document, or returns its problems after Learn.
func (r *Recorder) Problems(d *schemas.Document) []schemas.Problem {
	text, _ := d.Raw("")
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.seen[text]
	switch {
	case r.problems == nil && !ok:
		if r.seen == nil {
			r.seen = map[string]int{}
		}
		r.seen[text] = len(r.texts)
		r.texts = append(r.texts, text)
	case r.problems != nil && !ok:
		return []schemas.Problem{{Message: "changed while it was read"}}
	case r.problems != nil:
		return r.problems[i]
	}
	return nil
}

// Texts returns the recorded documents.
func (r *Recorder) Texts() []string { return r.texts }

// Learn sets the problems of the recorded documents, in the order of Texts.
func (r *Recorder) Learn(problems [][]schemas.Problem) {
	r.problems = append([][]schemas.Problem{}, problems...)
}
