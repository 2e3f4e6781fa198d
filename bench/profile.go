package main

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// mostPackages is how many packages a profile's summary names.
const mostPackages = 8

// takeProfile runs a command once more as the program that profiles itself, and
// returns on which packages its time went.
//
// What is no command of codexlock's own, such as a push or codexlock-use, has no profile, and
// neither has one that ends before it writes one, as version does.
func (b *bench) takeProfile(name string, c command) ([]string, error) {
	if c.args[0] != b.program {
		return nil, nil
	}
	file := filepath.Join(b.profiles, name+".pprof")
	if err := os.RemoveAll(file); err != nil {
		return nil, err
	}
	c.args = append([]string{b.profiled}, c.args[1:]...)
	c.env = append(slices.Clone(c.env), "CODEXLOCK_BENCH_PROFILE="+file)
	if _, err := b.run(&c); err != nil {
		return nil, err
	}
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		return nil, nil
	}
	out, err := exec.Command("go", "tool", "pprof", "-top", "-nodecount=100000", "-nodefraction=0", b.profiled, file).Output()
	if err != nil {
		return nil, fmt.Errorf("go tool pprof %s: %w", file, err)
	}
	return byPackage(out), nil
}

// byPackage adds up the flat shares that `go tool pprof -top` prints by package, and
// returns the largest.
func byPackage(top []byte) []string {
	shares := map[string]float64{}
	lines := bufio.NewScanner(bytes.NewReader(top))
	for lines.Scan() {
		// flat flat% sum% cum cum% name
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 {
			continue
		}
		if share, err := strconv.ParseFloat(strings.TrimSuffix(fields[1], "%"), 64); err == nil {
			shares[packageOf(fields[5])] += share
		}
	}
	var names []string
	for name := range shares {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(shares[b], shares[a]), cmp.Compare(a, b))
	})
	summary := []string{}
	for _, name := range names[:min(len(names), mostPackages)] {
		if shares[name] >= 1 {
			summary = append(summary, fmt.Sprintf("%s %.0f%%", name, shares[name]))
		}
	}
	return summary
}

// packageOf is the package of a function as pprof names it, without our module's path
// and the host of others.
func packageOf(function string) string {
	folder, last := "", function
	if at := strings.LastIndex(strings.SplitN(function, "(", 2)[0], "/"); at >= 0 {
		folder, last = function[:at+1], function[at+1:]
	}
	name, _, found := strings.Cut(last, ".")
	if !found { // an assembly routine, such as memeqbody
		return "runtime"
	}
	for _, prefix := range []string{"github.com/codexlock/codexlock/", "github.com/"} {
		folder = strings.TrimPrefix(folder, prefix)
	}
	return folder + name
}
