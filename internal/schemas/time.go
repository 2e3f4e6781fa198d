package schemas

import "time"

// UTCSeconds is the JSON Schema format of a time as ZT-14.2 wants it: the pattern
// next to it in a schema describes how it is written, the format asks for a time that
// exists.
const UTCSeconds = "codexlock-utc-seconds"

// IsUTCSeconds reports whether a text is a time in the format of the standard's documents.
func IsUTCSeconds(s string) bool { return isUTCSeconds(s) }

// isUTCSeconds tells whether s is YYYY-MM-DDTHH:MM:SSZ with a day that the
// calendar has, from 1970 on. time.Parse alone takes more: offsets, fractions,
// hours of one digit.
func isUTCSeconds(s string) bool {
	const form = "0000-00-00T00:00:00Z"
	if len(s) != len(form) {
		return false
	}
	for i := range len(form) {
		if digit := s[i] >= '0' && s[i] <= '9'; digit != (form[i] == '0') || !digit && s[i] != form[i] {
			return false
		}
	}
	two := func(at int) int { return int(s[at]-'0')*10 + int(s[at+1]-'0') }
	year, month, day := two(0)*100+two(2), time.Month(two(5)), two(8)
	// Date puts a 30 February into March: a day that stays is one that there is.
	real := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	return year >= 1970 && real.Month() == month && real.Day() == day &&
		two(11) < 24 && two(14) < 60 && two(17) < 60
}
