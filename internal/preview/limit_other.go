//go:build !unix

package preview

import "errors"

// limit refuses: without limits nothing of a change is run.
func limit(uint64) error { return errors.ErrUnsupported }
