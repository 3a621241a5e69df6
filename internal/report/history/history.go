package history

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/record"
)

// IndexFile is the cache in a folder of results: a line with the SHA-256 of what
// follows, and the runs as JSON, each with the stamp of its files.
const IndexFile = ".runs.json"

// format is what the first line of an index begins with; an index of another one is
// made anew. largest bounds what is read of an index, in bytes.
const (
	format  = "mlrun runs 2 "
	largest = 256 << 20
)

// History is the runs of one folder.
type History struct {
	runs []Run
	// Unreadable are run directories that could not be read, with the reason.
	Unreadable []error
	// Uncached says why the index file is not used; nil where it is. All runs are there nevertheless.
	Uncached error
}

// cached is a run in the index. Stamp is what its files looked like when it was read.
type cached struct {
	Stamp string `json:"stamp"`
	Run   Run    `json:"run"`
}

// Open looks at all run directories below folder and brings the index up to date:
// directories that look as they did when the index was written are not read again.
// The error is about the folder itself.
func Open(ctx context.Context, folder string) (*History, error) {
	if info, err := os.Stat(folder); err != nil {
		return nil, fmt.Errorf("reading the folder of results: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("reading the folder of results: %s is no folder", folder)
	}
	h := &History{}
	path := filepath.Join(folder, IndexFile)
	known, err := readIndex(path)
	h.Uncached = err
	changed := known == nil
	index := make([]cached, 0, len(known))
	err = find(folder, func(id, stamp string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		entry, there := known[id]
		if !there || entry.Stamp != stamp {
			changed = true
			r, err := read(folder, id)
			if err != nil {
				h.Unreadable = append(h.Unreadable, err)
				return nil //nolint:nilerr // one damaged run hides no other
			}
			entry = cached{stamp, r}
		}
		index = append(index, entry)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(index, func(a, b cached) int {
		return cmp.Or(a.Run.Started.Compare(b.Run.Started), strings.Compare(a.Run.ID, b.Run.ID))
	})
	if h.Uncached == nil && (changed || len(index) != len(known)) {
		h.Uncached = writeIndex(path, index)
	}
	h.runs = make([]Run, len(index))
	for i, entry := range index {
		h.runs[i] = entry.Run
		h.runs[i].place(folder)
	}
	return h, nil
}

// readIndex returns the runs of an index by id: nil for one that is not there, damaged or
// of another version, which is made anew. The error says that the path cannot be an index.
func readIndex(path string) (map[string]cached, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading the index of runs: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("reading the index of runs: %s is no plain file", path)
	case info.Size() > largest:
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the index of runs: %w", err)
	}
	head, body, _ := bytes.Cut(data, []byte("\n"))
	if string(head) != format+digest(body) {
		return nil, nil
	}
	var index []cached
	if err := json.Unmarshal(body, &index); err != nil {
		return nil, nil //nolint:nilerr // made anew
	}
	known := make(map[string]cached, len(index))
	for _, entry := range index {
		known[entry.Run.ID] = entry
	}
	return known, nil
}

// writeIndex replaces the index. Of two processes that do so the last wins, and the
// next one reads what its index lacks.
func writeIndex(path string, index []cached) error {
	body, err := json.Marshal(index)
	if err == nil {
		err = atomicfile.Write(path, slices.Concat([]byte(format+digest(body)+"\n"), body), 0o644)
	}
	if err != nil {
		return fmt.Errorf("writing the index of runs: %w", err)
	}
	return nil
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Filter picks runs; an empty field picks all.
type Filter struct {
	Benchmark, Scenario, Mode, Machine, Backend string
	// Valid picks VALID runs alone, Real those on real engines.
	Valid, Real bool
}

func (f Filter) picks(r *Run) bool {
	for _, c := range []struct{ want, have string }{
		{f.Benchmark, r.Benchmark}, {f.Scenario, r.Scenario}, {f.Mode, r.Mode}, {f.Machine, r.Machine}, {f.Backend, r.Backend},
	} {
		if c.want != "" && !strings.EqualFold(c.want, c.have) {
			return false
		}
	}
	return (r.Valid || !f.Valid) && !(r.Simulated && f.Real)
}

// List returns the runs that a filter picks, the latest last.
func (h *History) List(f Filter) []Run {
	runs := []Run{}
	for i := range h.runs {
		if f.picks(&h.runs[i]) {
			runs = append(runs, h.runs[i])
		}
	}
	return runs
}

// Measure is what runs are compared by.
type Measure string

// The measures: the more the better.
const (
	ByTokens    Measure = "tokens"
	BySamples   Measure = "samples"
	ByTargetQPS Measure = "target-qps"
)

// of returns a run's figure, nil where it has none.
func (m Measure) of(r *Run) *float64 {
	switch m {
	case ByTokens:
		return r.TokensPerSecond
	case BySamples:
		return r.SamplesPerSecond
	default:
		return r.TargetQPS
	}
}

// Best returns, of the VALID runs that a filter picks, the best by a measure for
// each benchmark, scenario, mode, machine and backend. Simulated and real runs
// are never compared with each other. Of equals the first counts.
func (h *History) Best(f Filter, by Measure) ([]Run, error) {
	if !slices.Contains([]Measure{ByTokens, BySamples, ByTargetQPS}, by) {
		return nil, fmt.Errorf("runs are not compared by %q: tokens, samples or target-qps", by)
	}
	f.Valid = true
	best := []Run{}
	for _, r := range h.List(f) {
		if by.of(&r) == nil {
			continue
		}
		i, found := slices.BinarySearchFunc(best, &r, func(a Run, b *Run) int { return a.compareKind(b) })
		if !found {
			best = slices.Insert(best, i, r)
		} else if *by.of(&r) > *by.of(&best[i]) {
			best[i] = r
		}
	}
	return best, nil
}

// compareKind orders runs by what they are runs of; runs of one kind are equal.
func (r *Run) compareKind(b *Run) int {
	simulated := func(r *Run) int {
		if r.Simulated {
			return 1
		}
		return 0
	}
	return cmp.Or(
		strings.Compare(r.Benchmark, b.Benchmark), strings.Compare(r.Scenario, b.Scenario), strings.Compare(r.Mode, b.Mode),
		strings.Compare(r.Machine, b.Machine), strings.Compare(r.Backend, b.Backend), simulated(r)-simulated(b))
}

// place sets what an index does not know for long: where the folder is now, and
// whether a process writes the run.
func (r *Run) place(folder string) {
	r.Dir = filepath.Join(folder, filepath.FromSlash(r.ID))
	if running, err := record.Running(r.Dir); err == nil && running {
		r.Status = statusRunning
	}
}

// NotOneError reports that a name picks no run or several.
type NotOneError struct {
	Name string
	// IDs are the runs that it may mean, none where there is none.
	IDs []string
}

// Error lists what the name may mean.
func (e *NotOneError) Error() string {
	if len(e.IDs) == 0 {
		return fmt.Sprintf("no run is called %q", e.Name)
	}
	return fmt.Sprintf("%q may be %s", e.Name, strings.Join(e.IDs, ", "))
}

// Find returns the one run that a name means: its id, or the begin or any part
// of it that no other id has. The error is a *NotOneError otherwise.
func (h *History) Find(name string) (Run, error) {
	name = strings.Trim(filepath.ToSlash(name), "/")
	for _, fits := range []func(id string) bool{
		func(id string) bool { return id == name },
		func(id string) bool { return strings.HasPrefix(id, name) },
		func(id string) bool { return strings.Contains(id, name) },
	} {
		var found []Run
		var ids []string
		for _, r := range h.runs {
			if fits(r.ID) {
				found, ids = append(found, r), append(ids, r.ID)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return Run{}, &NotOneError{Name: name, IDs: ids}
		}
	}
	return Run{}, &NotOneError{Name: name}
}
