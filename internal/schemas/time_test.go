package schemas

import (
	"fmt"
	"testing"
	"time"
)

// Every way to write 36 days of 14 months agrees with the standard library's
// calendar, and so do hours, minutes and seconds.
func TestUTCSecondsAgreesWithTheCalendar(t *testing.T) {
	const form = "2006-01-02T15:04:05Z"
	valid, n := 0, 0
	check := func(s string) {
		parsed, err := time.Parse(form, s)
		want := err == nil && parsed.Year() >= 1970 && parsed.Format(form) == s
		if got := isUTCSeconds(s); got != want {
			t.Errorf("%s: %v, the calendar says %v", s, got, want)
		}
		if n++; want {
			valid++
		}
	}
	for _, year := range []int{0, 1, 1600, 1900, 1969, 1970, 1999, 2000, 2024, 2025, 2100, 9999} {
		for month := range 14 {
			for day := range 36 {
				check(fmt.Sprintf("%04d-%02d-%02dT00:00:00Z", year, month, day))
			}
		}
	}
	for clock := range 100 {
		check(fmt.Sprintf("2026-01-01T%02d:00:00Z", clock))
		check(fmt.Sprintf("2026-01-01T00:%02d:00Z", clock))
		check(fmt.Sprintf("2026-01-01T00:00:%02dZ", clock))
	}
	if n < 6000 || valid < 2500 {
		t.Errorf("%d times tried, %d of them valid: too few", n, valid)
	}
	good := "2026-01-01T00:00:00Z"
	for i := range good {
		for _, c := range []string{"", "x", ":", "٣", "-", " ", "/", "z", "00"} {
			check(good[:i] + c + good[i+1:])
		}
	}
}
