// Package timeline computes the picture of when artifacts expire. It draws nothing.
package timeline

import (
	"slices"
	"time"
)

// A Timeline is the picture of when artifacts expire, in units of an SVG picture.
type Timeline struct {
	Width, Height, Axis int
	Bars                []Bar
	Labels              []Label
}

// A Bar counts the artifacts that expire in a span of time.
type Bar struct {
	Class, Span         string
	Count               int
	X, Y, Width, Height int
	Middle, CountY      int
}

// A Label is a time at the axis.
type Label struct {
	X, Y         int
	Text, Anchor string
}

// The size of the picture, and of its parts.
const (
	width, height, axis = 960, 160, 120
	maxBars             = 24 // at most
	barSpace            = 4  // between two bars
	labelWidth          = 110
)

// steps are how long a bar of the timeline may be.
var steps = []time.Duration{
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour,
	14 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour, 365 * 24 * time.Hour, 3650 * 24 * time.Hour,
}

// Of counts the times at which artifacts expire; nil if none does.
func Of(now time.Time, ends []time.Time) *Timeline {
	if len(ends) == 0 {
		return nil
	}
	ends = slices.SortedFunc(slices.Values(ends), time.Time.Compare)
	span := ends[len(ends)-1].Sub(now)
	step := steps[len(steps)-1]
	for _, s := range steps {
		if span <= (maxBars-1)*s {
			step = s
			break
		}
	}
	counts := make([]int, min(max(int((span+step-1)/step), 1), maxBars-1)+1) // the first: expired
	for _, end := range ends {
		at := 0
		if left := end.Sub(now); left > 0 {
			at = min(int((left+step-1)/step), len(counts)-1)
		}
		counts[at]++
	}
	return draw(now, step, counts)
}

func draw(now time.Time, step time.Duration, counts []int) *Timeline {
	t := &Timeline{Width: width, Height: height, Axis: axis}
	highest, slot := slices.Max(counts), width/len(counts)
	for i, n := range counts {
		x := i * slot
		from, to := now.Add(time.Duration(i-1)*step), now.Add(time.Duration(i)*step)
		if n > 0 {
			tall := max(n*(axis-20)/highest, 2)
			b := Bar{
				Count: n, X: x + barSpace/2, Width: min(slot-barSpace, 120), Y: axis - tall, Height: tall, CountY: axis - tall - 4,
				Span: "after " + minutes(from) + ", until " + minutes(to),
			}
			if i == 0 {
				b.Class, b.Span = "expired", "expired until "+minutes(now)
			}
			b.Middle = b.X + b.Width/2
			t.Bars = append(t.Bars, b)
		}
		if every := max(len(counts)/6, 1); i > 0 && (i-1)%every == 0 {
			l := Label{X: x + barSpace/2, Y: axis + 18, Text: minutes(from), Anchor: "start"}
			if l.X > width-labelWidth {
				l.X, l.Anchor = width, "end"
			}
			t.Labels = append(t.Labels, l)
		}
	}
	if counts[0] > 0 {
		t.Labels = append(t.Labels, Label{X: barSpace / 2, Y: axis + 34, Text: "expired", Anchor: "start"})
	}
	return t
}

func minutes(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }
