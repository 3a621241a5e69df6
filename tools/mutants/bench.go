package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// bench tries changes of packages.
type bench struct {
	root, work      string
	count, parallel int
	seed            uint64
	own             bool // no tests but the package's own
}

// fate is what became of a change.
type fate string

const (
	noticed   fate = "noticed"
	timedOut  fate = "noticed: the tests did not end"
	survived  fate = "survived"
	unreached fate = "survived: no test reaches it"
)

// mutant is a change and its fate.
type mutant struct {
	site
	fate fate
	by   string // the package whose tests noticed it
}

// runner is the package whose tests run beside those of each other one.
const runner = "internal/run"

// suite is a test program with the changes in it.
type suite struct {
	name, program, dir string
	tests              []timed // the quickest first
}

// timed is a test with the time that it takes and the changes that it reaches.
type timed struct {
	name    string
	took    time.Duration
	reached map[int]bool
}

// try changes a package.
func (b *bench) try(ctx context.Context, name string) (tally, error) {
	dir := filepath.Join(b.root, filepath.FromSlash(name))
	sources, sites, err := find(dir)
	if err != nil {
		return tally{}, err
	}
	all := len(sites)
	b.draw(sites)
	// Some do not compile, such as a plus between texts: others take their place.
	sites = sites[:min(2*b.count, len(sites))]
	chosen := map[int]site{}
	for i, s := range sites {
		chosen[i+1] = s
	}
	overlay, err := b.compilable(ctx, name, sources, chosen)
	if err != nil {
		return tally{}, err
	}
	for n := range chosen {
		if len(chosen) > b.count && n > nth(chosen, b.count) {
			delete(chosen, n)
		}
	}
	names := []string{name}
	if name != runner && !b.own {
		names = append(names, runner)
	}
	var suites []*suite
	for _, tests := range names {
		s, err := b.suite(ctx, tests, overlay)
		if err != nil {
			return tally{}, err
		}
		suites = append(suites, s)
	}
	return tally{name: name, places: all, mutants: b.run(ctx, suites, chosen)}, ctx.Err()
}

// draw puts places in an order that the seed chooses. A place keeps its rank when
// code elsewhere changes, so that two measurements are of the same places.
func (b *bench) draw(sites []site) {
	type place struct{ file, fn, what string }
	seen := map[place]int{} // the same text may stand in a function more than once
	for i := range sites {
		p := place{sites[i].file, sites[i].fn, sites[i].what}
		h := fnv.New64a()
		fmt.Fprintln(h, p, seen[p])
		seen[p]++
		sites[i].rank = rand.New(rand.NewPCG(b.seed, h.Sum64())).Uint64()
	}
	slices.SortFunc(sites, func(x, y site) int { return cmp.Compare(x.rank, y.rank) })
}

// nth is the n-th smallest number of a change.
func nth(chosen map[int]site, n int) int {
	var numbers []int
	for k := range chosen {
		numbers = append(numbers, k)
	}
	slices.Sort(numbers)
	return numbers[n-1]
}

// faulty is a place that the compiler names.
var faulty = regexp.MustCompile(`(?m)^\S*?([\w.-]+\.go):(\d+):\d+: `)

// compilable writes the overlay, and takes out the changes that do not compile.
func (b *bench) compilable(ctx context.Context, name string, sources []source, chosen map[int]site) (overlay string, err error) {
	folder := filepath.Join(b.work, strings.ReplaceAll(name, "/", "-"))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	overlay = filepath.Join(folder, "overlay.json")
	for range 20 {
		replace := map[string]string{}
		put := func(path string, text []byte) error {
			file := filepath.Join(folder, filepath.Base(path))
			at, err := filepath.Abs(path)
			replace[at] = file
			return errors.Join(err, os.WriteFile(file, text, 0o600))
		}
		for _, s := range sources {
			if err := put(s.path, change(s, chosen)); err != nil {
				return "", err
			}
		}
		most := 0
		for n := range chosen {
			most = max(most, n)
		}
		if err := put(filepath.Join(b.root, filepath.FromSlash(name), "mutants_generated.go"), support(filepath.Base(name), most)); err != nil {
			return "", err
		}
		text, err := json.Marshal(map[string]any{"Replace": replace})
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(overlay, text, 0o600); err != nil {
			return "", err
		}
		said, err := b.goTool(ctx, "build", "-gcflags=-e", "-overlay", overlay, "./"+name)
		if err == nil {
			return overlay, nil
		}
		before := len(chosen)
		for _, m := range faulty.FindAllStringSubmatch(said, -1) {
			for n, s := range chosen {
				if s.file == m[1] && strconv.Itoa(s.line) == m[2] {
					delete(chosen, n)
				}
			}
		}
		if len(chosen) == before {
			return "", fmt.Errorf("the changed package does not compile: %w\n%s", err, said)
		}
	}
	return "", errors.New("the changed package does not compile after 20 attempts")
}

func (b *bench) goTool(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = b.root
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// suite builds a package's tests, and runs each with no change turned on: they
// must pass, and tell which changes they reach.
func (b *bench) suite(ctx context.Context, name, overlay string) (*suite, error) {
	dir, err := filepath.Abs(filepath.Join(b.root, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	s := &suite{name: name, program: filepath.Join(filepath.Dir(overlay), filepath.Base(name)+".test"), dir: dir}
	if said, err := b.goTool(ctx, "test", "-c", "-vet=off", "-overlay", overlay, "-o", s.program, "./"+name); err != nil {
		return nil, fmt.Errorf("building the tests of %s: %w\n%s", name, err, said)
	}
	list, err := exec.CommandContext(ctx, s.program, "-test.list", "^(Test|Fuzz|Example)").Output()
	if err != nil {
		return nil, fmt.Errorf("listing the tests of %s: %w", name, err)
	}
	for _, test := range strings.Fields(string(list)) {
		t := timed{name: test, reached: map[int]bool{}}
		reached := filepath.Join(filepath.Dir(overlay), test+".reached")
		began := time.Now()
		if said, ok := s.passes(ctx, 5*time.Minute, []string{test}, "MUTANTS_REACHED="+reached); !ok {
			return nil, fmt.Errorf("%s of %s fails with no change turned on:\n%s", test, name, said)
		}
		t.took = time.Since(began)
		text, err := os.ReadFile(reached)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		for _, word := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(word); err == nil {
				t.reached[n] = true
			}
		}
		s.tests = append(s.tests, t)
	}
	slices.SortStableFunc(s.tests, func(a, b timed) int { return cmp.Compare(a.took, b.took) })
	return s, nil
}

// alone is a program that sees no process but those that it starts: a changed one may signal
// number -1, which is everything that there is.
func alone(ctx context.Context, program string, args ...string) *exec.Cmd {
	words := []string{"--pid", "--fork", "--mount-proc", "--kill-child"}
	if os.Getuid() != 0 {
		words = append(words, "--map-root-user")
	}
	// The shell is the first process, which no signal from within ends, and collects what is left behind.
	words = append(words, "sh", "-c", `"$@"; exit $?`, "sh", program)
	return exec.CommandContext(ctx, "unshare", append(words, args...)...)
}

// passes runs tests and reports whether all pass, and what they say.
func (s *suite) passes(ctx context.Context, limit time.Duration, tests []string, variables ...string) (said string, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := alone(ctx, s.program, "-test.short", "-test.failfast", "-test.timeout="+limit.String(), "-test.run=^("+strings.Join(tests, "|")+")$")
	cmd.Dir = s.dir
	// A test that is ended does not tidy up, and a changed one may have written without end.
	temporary, err := os.MkdirTemp(filepath.Dir(s.program), "tmp")
	if err != nil {
		return err.Error(), false
	}
	defer os.RemoveAll(temporary)
	cmd.Env = append(os.Environ(), append(variables, "TMPDIR="+temporary)...)
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return out.String(), err == nil
}

// run turns on one change after another.
func (b *bench) run(ctx context.Context, suites []*suite, chosen map[int]site) []mutant {
	var mu sync.Mutex
	var out []mutant
	var wg sync.WaitGroup
	numbers := make(chan int)
	for range b.parallel {
		wg.Go(func() {
			for n := range numbers {
				m := mutant{site: chosen[n], fate: unreached}
				for _, s := range suites {
					if m.fate = s.fate(ctx, n, m.fate); m.fate == noticed || m.fate == timedOut {
						m.by = s.name
						break
					}
				}
				mu.Lock()
				out = append(out, m)
				mu.Unlock()
			}
		})
	}
	for n := range chosen {
		numbers <- n
	}
	close(numbers)
	wg.Wait()
	slices.SortFunc(out, func(a, b mutant) int {
		if a.file != b.file {
			return strings.Compare(a.file, b.file)
		}
		if a.from != b.from {
			return a.from - b.from
		}
		return strings.Compare(a.what, b.what)
	})
	return out
}

// atOnce is for how long tests run as one program before it is asked how they
// went: most changes are noticed by a quick test, and the slow ones need not start.
const atOnce = time.Second

// fate is what these tests make of a change that came so far. Those that do not
// reach it are not run.
func (s *suite) fate(ctx context.Context, n int, before fate) fate {
	var together []string
	var took time.Duration
	result := before
	ask := func() bool {
		limit := max(4*took, 20*time.Second)
		began := time.Now()
		_, ok := s.passes(ctx, limit, together, "MUTANT="+strconv.Itoa(n))
		switch {
		case ok:
			result = survived
		case time.Since(began) >= limit:
			result = timedOut
		default:
			result = noticed
		}
		together, took = nil, 0
		return ok
	}
	for _, t := range s.tests {
		if !t.reached[n] {
			continue
		}
		if len(together) > 0 && took+t.took > atOnce && !ask() {
			return result
		}
		together, took = append(together, t.name), took+t.took
	}
	if len(together) > 0 {
		ask()
	}
	return result
}
