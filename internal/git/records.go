package git

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// maxRecord bounds one record of a listing: a path of PATH_MAX bytes, 4096, and what
// stands in front of it.
const maxRecord = 2 * 4096

// EachRecord calls do for each NUL-ended record.
func EachRecord(r io.Reader, do func(string) error) error {
	return EachRecordBytes(r, func(record []byte) error { return do(string(record)) })
}

// EachRecordBytes is records for who does not keep a record.
func EachRecordBytes(r io.Reader, do func([]byte) error) error {
	br := bufio.NewReaderSize(r, maxRecord)
	for {
		record, err := br.ReadSlice(0)
		switch {
		case err == io.EOF && len(record) == 0:
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("record has over %d bytes: %q…", maxRecord, record[:64])
		case err != nil:
			return noEOF(err)
		}
		if err := do(record[:len(record)-1]); err != nil {
			return err
		}
	}
}
