package doctor

import (
	"testing"
	"time"
)

// TestLongestGap: the longest time between two runs, over weekends, months and leap years.
func TestLongestGap(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		schedules []string
		want      time.Duration // -1: it never runs
	}{
		{[]string{"17 */4 * * *"}, 4 * time.Hour},
		{[]string{"*/5 * * * *"}, 5 * time.Minute},
		{[]string{"*/25 * * * *"}, 25 * time.Minute},
		{[]string{"0 */5 * * *"}, 5 * time.Hour},
		{[]string{"0 */7 * * *"}, 7 * time.Hour},
		{[]string{"30 5 * * *"}, day},
		{[]string{"30 5,17 * * *"}, 12 * time.Hour},
		{[]string{"30 5/6 * * *"}, 6 * time.Hour},
		{[]string{"0 8-18/2 * * *"}, 14 * time.Hour},
		{[]string{"0 0 * * MON-FRI"}, 3 * day},
		{[]string{"0 0 * * 1-5", "0 12 * * sat,SUN"}, 36 * time.Hour},
		{[]string{"0 0 * * 0"}, 7 * day},
		{[]string{"0 0 * * 7"}, 7 * day},
		{[]string{"0 0 1 * *"}, 31 * day},
		{[]string{"0 0 31 * *"}, 61 * day},
		{[]string{"0 0 1,15 * *"}, 17 * day},
		{[]string{"0 0 1 * MON"}, 7 * day},
		{[]string{"0 0 */2 * *"}, 2 * day},
		{[]string{"0 0 */2 * MON"}, 21 * day}, // a field that begins with * restricts too, and both hold
		{[]string{"0 0 1 JAN *"}, 366 * day},
		{[]string{"0 0 29 2 *"}, 4*365*day + day},
		{[]string{"* * * * *"}, time.Minute},
		{[]string{"0 0 1/9223372036854775807 * *"}, 31 * day},
		{[]string{"0 0 30 2 *"}, -1},
		{[]string{"0 0 30 2 *", "0 0 * * *"}, day},
	} {
		var all []cron
		for _, text := range c.schedules {
			one, err := parseCron(text)
			if err != nil {
				t.Errorf("%s: %v", text, err)
			}
			all = append(all, one)
		}
		got, ok := longestGap(all)
		if !ok {
			got = -1
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.schedules, got, c.want)
		}
	}
}

// TestBadCron: what GitHub does not take is an error.
func TestBadCron(t *testing.T) {
	for _, text := range []string{
		"", "* * * *", "* * * * * *", "@daily", "60 * * * *", "-1 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *", "* * * * 8",
		"*/0 * * * *", "*/ * * * *", "5-1 * * * *", "1- * * * *", "-5 * * * *", "1,, * * * *", "+1 * * * *", "? * * * *", "* * L * *", "* * * FOO *", "1-2-3 * * * *", "99999999999999999999 * * * *",
		"*/-1 * * * *", "*/99999999999999999999 * * * *",
	} {
		if c, err := parseCron(text); err == nil {
			t.Errorf("%q is read as %+v", text, c)
		}
	}
}
