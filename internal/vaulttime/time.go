package vaulttime

import (
	"fmt"
	"time"
)

// timeForm is the only format of a time: UTC, RFC 3339, whole seconds (ZT-14.2).
const timeForm = "2006-01-02T15:04:05Z"

// maxYear is the last year that four digits can write.
const maxYear = 9999

// A Time is a time in whole seconds, in UTC, as in the standard's files.
type Time struct{ time.Time }

// ParseTime parses YYYY-MM-DDTHH:MM:SSZ and nothing else. time.Parse also accepts one-digit
// hours, commas and offsets of 24 hours, which other readers would read differently; so the
// format is checked byte by byte first.
func ParseTime(s string) (Time, error) {
	if !hasTimeForm(s) {
		return Time{}, fmt.Errorf("time is %q, want the form 2025-11-09T12:00:00Z", s)
	}
	t, err := time.Parse(timeForm, s)
	if err != nil {
		return Time{}, fmt.Errorf("time is %q, which is no moment of the calendar", s)
	}
	if t.Year() < 1970 {
		return Time{}, fmt.Errorf("time is %q, want the year 1970 or a later one", s)
	}
	return Time{t}, nil
}

func hasTimeForm(s string) bool {
	if len(s) != len(timeForm) {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch want := timeForm[i]; want {
		case '-', ':', 'T', 'Z':
			if s[i] != want {
				return false
			}
		default:
			if s[i] < '0' || s[i] > '9' {
				return false
			}
		}
	}
	return true
}

// TimeOf returns t in UTC, truncated to whole seconds.
func TimeOf(t time.Time) Time { return Time{t.UTC().Truncate(time.Second)} }

// FormatTime formats t for ParseTime, truncated to whole seconds.
func FormatTime(t time.Time) string { return t.UTC().Format(timeForm) }

// String is the form that ParseTime reads.
func (t Time) String() string { return FormatTime(t.Time) }

// MarshalText writes the form that ParseTime reads.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText is ParseTime.
func (t *Time) UnmarshalText(text []byte) (err error) {
	*t, err = ParseTime(string(text))
	return err
}

// MarshalJSON writes a string of MarshalText; without it the one of time.Time
// would be used, which writes fractions and offsets.
func (t Time) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Time) UnmarshalJSON(data []byte) error {
	if len(data) < 2 || data[0] != '"' || data[len(data)-1] != '"' {
		return fmt.Errorf("time is %s, want a string", data)
	}
	return t.UnmarshalText(data[1 : len(data)-1])
}
