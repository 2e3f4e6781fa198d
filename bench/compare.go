package main

import (
	"fmt"
	"math"
	"time"
)

// A comparison is one row of the table: a codexlock command, what it is compared
// with, and what it is held to.
type comparison struct {
	name    string // of the profile, too
	ours    command
	peers   []command
	missing []string // the peers that cannot be had, each with the reason
	targets []target
	most    int // how many runs at most; 0: as many as asked for
}

// A target is a limit of a figure.
type target struct {
	text    string // what is limited
	peer    string // in relation to whom; "": the figure is absolute
	limit   float64
	stretch float64 // the limit that would be better still; 0: there is none
	figure  func(row) float64
	unit    string
}

// A row is a comparison's result.
type row struct {
	name    string
	what    string
	ours    sample
	peers   []measured
	missing []string
	targets []target
	profile []string // the packages on which the time goes; nil: not profiled
}

// measured is a peer's result.
type measured struct {
	name   string
	sample sample
}

// compare measures a comparison.
func (b *bench) compare(c comparison) (row, error) {
	commands := []*command{&c.ours}
	floors := map[int]int{} // of peers, by their place among the commands
	for i := range c.peers {
		commands = append(commands, &c.peers[i])
	}
	for i := range c.peers {
		if c.peers[i].floor != nil {
			floors[i] = len(commands)
			commands = append(commands, c.peers[i].floor)
		}
	}
	runs := b.runs
	if c.most > 0 {
		runs = min(runs, c.most)
	}
	samples, err := b.interleave(runs, commands)
	if err != nil {
		return row{}, err
	}
	r := row{name: c.name, what: c.ours.name, ours: samples[0], missing: c.missing, targets: c.targets}
	for i, p := range c.peers {
		s := samples[1+i]
		if p.times > 0 {
			var floor sample
			if at, ok := floors[i]; ok {
				floor = samples[at]
			}
			s = whole(s, floor, p.times)
		}
		r.peers = append(r.peers, measured{p.name, s})
	}
	if b.profiled != "" {
		r.profile, err = b.takeProfile(c.name, c.ours)
	}
	return r, err
}

// one is a case with a single row.
func (b *bench) one(c comparison) ([]row, error) {
	r, err := b.compare(c)
	if err != nil {
		return nil, err
	}
	return []row{r}, nil
}

// ratio is our median wall time in relation to a peer's.
func (r row) ratio(peer measured) float64 {
	ours, _, _ := r.ours.wall()
	theirs, _, _ := peer.sample.wall()
	return float64(ours) / float64(theirs)
}

// toPeer limits the wall time in relation to a peer's. Where the peer is missing the
// figure is not a number.
func toPeer(name string, limit, stretch float64) target {
	return target{peer: name, limit: limit, stretch: stretch, unit: "x",
		figure: func(r row) float64 {
			for _, p := range r.peers {
				if p.name == name {
					return r.ratio(p)
				}
			}
			return math.NaN()
		}}
}

func wallTime(limit, stretch time.Duration) target {
	return target{text: "wall", limit: milliseconds(limit), stretch: milliseconds(stretch), unit: " ms",
		figure: func(r row) float64 { median, _, _ := r.ours.wall(); return milliseconds(median) }}
}

func cpuTime(limit, stretch time.Duration) target {
	return target{text: "CPU", limit: milliseconds(limit), stretch: milliseconds(stretch), unit: " ms",
		figure: func(r row) float64 { return milliseconds(r.ours.cpu()) }}
}

// cpuEach limits the CPU time of each of n artifacts, start-up included.
func cpuEach(n int, limit time.Duration) target {
	return target{text: "CPU an artifact", limit: float64(limit.Microseconds()), unit: " us",
		figure: func(r row) float64 { return float64(r.ours.cpu().Microseconds()) / float64(n) }}
}

func memory(limit, stretch float64) target {
	return target{text: "memory", limit: limit, stretch: stretch, unit: " MiB",
		figure: func(r row) float64 { return float64(r.ours.peak()) / (1 << 20) }}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// verdict says whether a figure reaches its target, and by how much it does not.
func (t target) verdict(figure float64) string {
	switch {
	case math.IsNaN(figure):
		return "not measured"
	case figure > t.limit:
		return fmt.Sprintf("**no**, %.2f times as much", figure/t.limit)
	case t.stretch > 0 && figure <= t.stretch:
		return "yes, the stretch too"
	}
	return "yes"
}

// fallsShort reports whether a row misses one of its targets.
func (r row) fallsShort() bool {
	for _, t := range r.targets {
		if t.figure(r) > t.limit {
			return true
		}
	}
	return false
}
