package report

import (
	"fmt"
	"slices"
	"time"
)

// A timeline is the picture of when artifacts expire, in units of an SVG picture.
type timeline struct {
	Width, Height, Axis int
	Bars                []timelineBar
	Labels              []timelineLabel
}

type timelineBar struct {
	Class, Title, Span  string
	Count               int
	X, Y, Width, Height int
	Middle, CountY      int
}

type timelineLabel struct {
	X, Y         int
	Text, Anchor string
}

// The size of the picture, and of its parts.
const (
	timelineWidth, timelineHeight, timelineAxis = 960, 160, 120
	timelineBars                                = 24 // at most
	barSpace                                    = 4  // between two bars
)

// timelineSteps are how long a bar of the timeline may be.
var timelineSteps = []time.Duration{
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour,
	14 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour, 365 * 24 * time.Hour, 3650 * 24 * time.Hour,
}

// timelineOf counts the expiries of a report's artifacts; nil if none expires, or the report
// has no time.
func timelineOf(r Report) *timeline {
	now, err := time.Parse(time.RFC3339, utcTime(r.EffectiveTime))
	if err != nil {
		return nil
	}
	var ends []time.Time
	for _, a := range r.Artifacts {
		if end, err := time.Parse(time.RFC3339, utcTime(a.ExpiresAt)); err == nil {
			ends = append(ends, end)
		}
	}
	if len(ends) == 0 {
		return nil
	}
	slices.SortFunc(ends, time.Time.Compare)
	span := ends[len(ends)-1].Sub(now)
	step := timelineSteps[len(timelineSteps)-1]
	for _, s := range timelineSteps {
		if span <= (timelineBars-1)*s {
			step = s
			break
		}
	}
	counts := make([]int, min(max(int((span+step-1)/step), 1), timelineBars-1)+1) // the first: expired
	for _, end := range ends {
		at := 0
		if left := end.Sub(now); left > 0 {
			at = min(int((left+step-1)/step), len(counts)-1)
		}
		counts[at]++
	}
	return drawTimeline(now, step, counts)
}

func drawTimeline(now time.Time, step time.Duration, counts []int) *timeline {
	t := &timeline{Width: timelineWidth, Height: timelineHeight, Axis: timelineAxis}
	highest, slot := slices.Max(counts), timelineWidth/len(counts)
	for i, n := range counts {
		x := i * slot
		from, to := now.Add(time.Duration(i-1)*step), now.Add(time.Duration(i)*step)
		if n > 0 {
			height := max(n*(timelineAxis-20)/highest, 2)
			b := timelineBar{
				Count: n, X: x + barSpace/2, Width: min(slot-barSpace, 120), Y: timelineAxis - height, Height: height, CountY: timelineAxis - height - 4,
				Span: "after " + minutes(from) + ", until " + minutes(to),
			}
			if i == 0 {
				b.Class, b.Span = "expired", "expired until "+minutes(now)
			}
			b.Middle = b.X + b.Width/2
			b.Title = Count(n, "artifact") + ": " + b.Span
			t.Bars = append(t.Bars, b)
		}
		if every := max(len(counts)/6, 1); i > 0 && (i-1)%every == 0 {
			t.Labels = append(t.Labels, timelineLabel{X: x + barSpace/2, Y: timelineAxis + 18, Text: minutes(from), Anchor: "start"})
		}
	}
	if counts[0] > 0 {
		t.Labels = append(t.Labels, timelineLabel{X: barSpace / 2, Y: timelineAxis + 34, Text: "expired", Anchor: "start"})
	}
	return t
}

func minutes(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// expiryChoices are the choices of the filter by expiry: what is over, or soon will be.
func expiryChoices(r Report) []pageTime {
	now, err := time.Parse(time.RFC3339, utcTime(r.EffectiveTime))
	if err != nil {
		return []pageTime{}
	}
	times := []pageTime{{Label: "expired", Until: now.UTC().Format(time.RFC3339)}}
	for _, hours := range []int{1, 6, 12, 24, 72, 168, 720} {
		times = append(times, pageTime{Label: fmt.Sprintf("within %d h", hours), Until: now.Add(time.Duration(hours) * time.Hour).UTC().Format(time.RFC3339)})
	}
	return append(times, pageTime{Label: "no record", Until: "none"})
}
