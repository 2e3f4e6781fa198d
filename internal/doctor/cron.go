package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A cron is a schedule of five fields, as POSIX crontab has them and GitHub takes them: which
// minutes, hours, days of the month, months and days of the week it has, as sets of bits.
type cron struct {
	minutes, hours, days, months, weekdays uint64
	anyDay, anyWeekday                     bool // the field begins with *
}

// A cronField is the range of a field, and the names that its values may have.
type cronField struct {
	name     string
	low, top int
	names    []string // of the values from low on
}

var cronFields = [5]cronField{
	{name: "minute", top: 59}, {name: "hour", top: 23}, {name: "day of the month", low: 1, top: 31},
	{name: "month", low: 1, top: 12, names: strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")},
	{name: "day of the week", top: 7, names: strings.Fields("SUN MON TUE WED THU FRI SAT")}, // 0 and 7 are Sunday
}

// parseCron reads a schedule. Its error says which field is wrong.
func parseCron(text string) (c cron, err error) {
	fields := strings.Fields(text)
	if len(fields) != len(cronFields) {
		return c, fmt.Errorf("fields: %d, want 5: minute, hour, day of the month, month, day of the week", len(fields))
	}
	for i, set := range []*uint64{&c.minutes, &c.hours, &c.days, &c.months, &c.weekdays} {
		if *set, err = cronFields[i].parse(fields[i]); err != nil {
			return c, err
		}
	}
	c.weekdays |= c.weekdays >> 7 & 1
	c.anyDay, c.anyWeekday = strings.HasPrefix(fields[2], "*"), strings.HasPrefix(fields[4], "*")
	return c, nil
}

// parse reads a list of values, ranges and steps, such as 0,30 or 8-18/2 or MON-FRI or */4.
func (f cronField) parse(text string) (set uint64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		wrong := fmt.Errorf("its %s is %q, want values from %d to %d", f.name, text, f.low, f.top)
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
				return 0, wrong
			}
		}
		from, to := f.low, f.top
		if span != "*" {
			first, last, isRange := strings.Cut(span, "-")
			var ok, okLast bool
			from, ok = f.value(first)
			to, okLast = from, true
			if isRange {
				to, okLast = f.value(last)
			} else if stepped {
				to = f.top
			}
			if !ok || !okLast || from > to {
				return 0, wrong
			}
		}
		for v := from; v <= to; v += min(step, f.top+1) {
			set |= 1 << v
		}
	}
	return set, nil
}

// value reads a number or a name.
func (f cronField) value(text string) (v int, ok bool) {
	if i := slices.Index(f.names, strings.ToUpper(text)); i >= 0 {
		return f.low + i, true
	}
	v, err := strconv.Atoi(text)
	return v, err == nil && v >= f.low && v <= f.top && text[0] != '+' && text[0] != '-'
}

// on reports whether the schedule has a run on a day. If both days are restricted, one of them
// is enough (crontab(5)).
func (c cron) on(day time.Time) bool {
	if c.months>>int(day.Month())&1 == 0 {
		return false
	}
	inMonth, inWeek := c.days>>day.Day()&1 == 1, c.weekdays>>int(day.Weekday())&1 == 1
	if c.anyDay || c.anyWeekday {
		return inMonth && inWeek
	}
	return inMonth || inWeek
}

const minutesOfDay = 24 * 60

// runs are the runs of a day, in minutes from midnight.
type runs struct {
	first, last int // -1: there are none
	gap         int // the longest between two of them
}

// runsOf returns the runs of a day on which those schedules have runs whose byte in key is +.
func runsOf(all []cron, key []byte) runs {
	var has [minutesOfDay]bool
	for i, c := range all {
		for m := range has {
			has[m] = has[m] || key[i] == '+' && c.hours>>(m/60)&1 == 1 && c.minutes>>(m%60)&1 == 1
		}
	}
	of := runs{first: -1, last: -1}
	for m, is := range has {
		switch {
		case !is:
			continue
		case of.first < 0:
			of.first = m
		default:
			of.gap = max(of.gap, m-of.last)
		}
		of.last = m
	}
	return of
}

// calendar is how many days are looked at: after 28 years dates fall on the same days of the
// week, as long as no year without its leap day is between them.
const calendar = 28*365 + 7

// longestGap returns the longest time between two runs of any of some schedules. ok is false if
// there is no run at all.
func longestGap(all []cron) (gap time.Duration, ok bool) {
	first, last, longest := -1, -1, 0
	kinds := map[string]runs{} // of days, by the schedules that have runs on them
	key := make([]byte, len(all))
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for d := range calendar {
		for i, c := range all {
			key[i] = '-'
			if c.on(day) {
				key[i] = '+'
			}
		}
		of, known := kinds[string(key)]
		if !known {
			of = runsOf(all, key)
			kinds[string(key)] = of
		}
		day = day.AddDate(0, 0, 1)
		if of.first < 0 {
			continue
		}
		at := d * minutesOfDay
		longest = max(longest, of.gap)
		if first < 0 {
			first = at + of.first
		} else {
			longest = max(longest, at+of.first-last)
		}
		last = at + of.last
	}
	if first < 0 {
		return 0, false
	}
	longest = max(longest, first+calendar*minutesOfDay-last)
	return time.Duration(longest) * time.Minute, true
}
