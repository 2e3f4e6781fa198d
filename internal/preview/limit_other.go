//go:build !unix

package preview

import "errors"

// limit fails: without limits nothing of a change is executed.
func limit(uint64) error { return errors.ErrUnsupported }
