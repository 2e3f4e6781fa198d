package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/lazyregexp"
)

// lateness is how late a scheduled run is taken to start: GitHub delays them when it is busy,
// above all at the start of an hour, and names no limit
// (https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule).
const lateness = time.Hour

// renewWithin is the default of codexlock renew --within, and of the reusable workflow.
const renewWithin = 12 * time.Hour

// withinFlag matches the time in a command that renews.
var withinFlag = lazyregexp.New(`codexlock\s+renew\b[^\n]*?\s--within[ =]["']?([^\s"']+)`)

// renews reports whether a job renews records.
func renews(j job) bool {
	return reusable(j.uses()) == "renew.yml" || slices.ContainsFunc(j.steps(), func(s step) bool {
		return strings.Contains(s.Get("run").Text(), "codexlock renew")
	})
}

// renewing returns the jobs that renew records on a schedule.
func (s *Setup) renewing() (all []called) {
	for i := range s.Workflows {
		w := &s.Workflows[i]
		if _, scheduled := w.event("schedule"); !scheduled {
			continue
		}
		for _, c := range s.jobs(w) {
			if renews(c.job) {
				all = append(all, c)
			}
		}
	}
	return all
}

// Renewing returns the files of the workflows that renew records on a schedule.
func (s *Setup) Renewing() (files []string) {
	for _, c := range s.renewing() {
		if file := c.top().path; !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	return files
}

// renewal looks for workflows that keep records alive: at their tokens, and how often they run.
func (e *examination) renewal() {
	all := e.setup.renewing()
	if len(all) == 0 {
		e.advise("renewal", place{}, "no workflow renews records on a schedule", "records expire, after 24 hours unless max_ttl_hours says more, and the gate then denies every run on the default branch", "write one: codexlock init; or renew elsewhere: codexlock renew --within 12h")
		return
	}
	for _, c := range all {
		if contents, stated, at := c.permission("contents"); !stated.IsZero() && contents != "write" {
			e.advise("renewal", at.at(stated), "the job that renews lacks contents: write", "it cannot push renewed records, and they expire", "add contents: write to permissions:")
		}
		if pulls, stated, at := c.permission("pull-requests"); !stated.IsZero() && pulls != "write" && !e.setup.Config.RenewsInRef() {
			e.advise("renewal", at.at(stated), "the job that renews lacks pull-requests: write", "with renewals: tree it proposes renewed records as a pull request, and cannot", "add pull-requests: write to permissions:, or write renewals: ref in the configuration")
		}
	}
	e.schedule(all)
}

// A rhythm is how often a workflow renews records, and how long before they expire.
type rhythm struct {
	at     place
	crons  []cron
	within time.Duration // the shortest of its jobs; 0: not known
}

// schedule compares how often records are renewed with how long they are valid. One workflow
// that renews often enough is enough.
func (e *examination) schedule(all []called) {
	ttl, validity := shortest(e.setup.Config)
	worst, found := "", rhythm{}
	var longest time.Duration
	for _, file := range e.setup.Renewing() {
		r := e.rhythm(file, all)
		if len(r.crons) == 0 {
			return // GitHub takes no workflow whose schedule is empty, and what cannot be read is a finding
		}
		gap, runs := longestGap(r.crons)
		limit, whose := ttl, validity
		if r.within > 0 && r.within < limit {
			limit, whose = r.within, "renewed when it expires within "+hours(r.within)
		}
		switch {
		case !runs:
			e.advise("renewal", r.at, "the schedule of the workflow that renews has no day", "it never runs, and records expire", "write one that runs, such as 17 */4 * * *")
			return
		case gap+lateness <= limit:
			return
		case worst == "" || gap < longest:
			worst, found, longest = fmt.Sprintf("up to %s pass between two runs that renew, and GitHub may start one an hour late; a record is %s", hours(gap), whose), r, gap
		}
	}
	e.advise("renewal", found.at, worst, "a record can expire between two runs, and the gate then denies every run on the default branch", often(ttl, found.within))
}

// rhythm reads the schedule of a workflow. What cannot be read of it is a finding.
func (e *examination) rhythm(file string, all []called) (r rhythm) {
	i := slices.IndexFunc(e.setup.Workflows, func(w Workflow) bool { return w.path == file })
	w := &e.setup.Workflows[i]
	schedule, _ := w.event("schedule")
	for _, item := range schedule.Items() {
		v := item.Get("cron")
		c, err := parseCron(v.Text())
		if err != nil {
			e.advise("renewal", w.at(cmp.Or(v, item)), fmt.Sprintf("schedule %q cannot be read: %v", v.Text(), err), "GitHub does not run the workflow on it, and records expire", "write it as five fields, such as 17 */4 * * *")
			continue
		}
		r.crons, r.at = append(r.crons, c), cmp.Or(r.at, w.at(v))
	}
	for _, c := range all {
		if within, known := c.within(); known && c.top() == w && (r.within == 0 || within < r.within) {
			r.within = within
		}
	}
	return r
}

// shortest returns the shortest time that records of a trust domain are valid, and its words.
func shortest(c config.Config) (time.Duration, string) {
	ttl, whose := int64(config.DefaultTTLHours), "valid for 24 hours, unless max_ttl_hours says more"
	for i, name := range c.DomainNames() {
		if d, ok := c.Domain(name); ok && (i == 0 || d.MaxTTLHours < ttl) {
			ttl, whose = d.MaxTTLHours, fmt.Sprintf("valid for at most %s in trust domain %q (max_ttl_hours)", hours(time.Duration(d.MaxTTLHours)*time.Hour), name)
		}
	}
	return time.Duration(ttl) * time.Hour, whose
}

// within returns the time before its expiry from which a record is renewed by a job; known is
// false for one that only the run knows.
func (c called) within() (within time.Duration, known bool) {
	text := ""
	switch reusable(c.uses()) {
	case "renew.yml":
		text = c.Get("with").Get("within").Text()
	default:
		for _, s := range c.steps() {
			if m := withinFlag.FindStringSubmatch(s.Get("run").Text()); m != nil {
				text = m[1]
			}
		}
	}
	if text == "" {
		return renewWithin, true
	}
	within, err := time.ParseDuration(text)
	return within, err == nil && within > 0
}

// hours formats a time for a message.
func hours(d time.Duration) string {
	n, unit := int64(d/time.Hour), "hour"
	if d%time.Hour != 0 {
		n, unit = int64(d/time.Minute), "minute"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

// often returns how to renew often enough: twice before a record expires, so that a run may
// fail. A record is valid for a time, and renewed within the last part of it.
func often(ttl, within time.Duration) string {
	limit := ttl
	raise := "max_ttl_hours"
	if within > 0 && within < ttl {
		limit, raise = within, "--within (the input within)"
	}
	every := 1
	for _, h := range []int{2, 3, 4, 6, 8, 12} {
		if 2*time.Duration(h)*time.Hour+lateness <= limit {
			every = h
		}
	}
	switch {
	case limit < 2*(time.Hour+lateness):
		return "run it every hour: cron: '17 * * * *'; and raise " + raise + ", or a run that fails is too late"
	case every == 1:
		return "run it every hour: cron: '17 * * * *'"
	}
	return fmt.Sprintf("run it every %d hours: cron: '17 */%d * * *'", every, every)
}
