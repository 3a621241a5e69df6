// A run leaves one directory behind. Every file in it is complete or plainly torn at any moment, so
// that a report can be made from the directory alone, after a crash too.
//
//	manifest.yaml              what was executed, byte for byte
//	plan.json                  what it was turned into: commands, environment, queries
//	state.json                 how far the run came, and how it ended
//	machine.json               what it ran on: kernel, processors, accelerators, driver
//	metrics.jsonl              what the engines said of themselves, once a second
//	engine/endpoints.json      what the running engines say that they are
//	engine/start.json          what they said of their start, and where it is not as configured or predicted
//	records.jsonl              one line a request, written as the run goes
//	clients/client-N/          the same of each client, where there are several: records.jsonl is made of them
//	records.parquet/           the same in Parquet, sealed part by part as the run goes
//	engine/replica-N.log       what each engine replica printed
//	loadgen.log                what the official LoadGen printed, where it issued the queries
//	power.log                  what the power script printed
//	summary.json               verdict and figures, made from records.jsonl
//	mlperf_log_summary.txt     the same in LoadGen's formats
//	mlperf_log_detail.txt
//	mlperf_log_accuracy.json
//	INVALID                    why this run is no valid result; absent otherwise
//	SHA256SUMS                 digests of all of these, the last thing that is written

package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"mlcfg/internal/atomicfile"
)

// The names of the files in a run directory.
const (
	ManifestFile = "manifest.yaml"
	PlanFile     = "plan.json"
	MachineFile  = "machine.json"
	StateFile    = "state.json"
	SummaryFile  = "summary.json"
	EngineDir    = "engine"
	StartFile    = "engine/start.json"
	PowerLog     = "power.log"
	LoadgenLog   = "loadgen.log"
	InvalidFile  = "INVALID"
	LockFile     = "lock" // held by the process that writes the directory
)

// Phase is how far a run came.
type Phase string

// The phases of a run, in order.
const (
	Preflight Phase = "preflight"
	Power     Phase = "power script"
	Starting  Phase = "engine start"
	WarmUp    Phase = "warm-up"
	Measuring Phase = "measuring"
	Results   Phase = "results"
	Ended     Phase = "ended"
)

// SimulatedMark stands wherever figures of the simulated engine are shown.
const SimulatedMark = "SIMULATED ENGINE: these figures say nothing about any hardware"

// State is what state.json holds.
type State struct {
	Phase Phase `json:"phase"`
	// Simulated reports whether the engine was the simulated one: no figure of this run says anything about hardware.
	Simulated bool `json:"simulated"`
	// Synthetic reports whether the data set was made up, because the real one was not there.
	Synthetic bool `json:"synthetic_data"`
	// OfficialLoadGen is the release of MLPerf's own LoadGen where that issued the
	// queries and wrote the mlperf_log files; empty where mlrun did.
	OfficialLoadGen string `json:"official_loadgen,omitempty"`
	// Clients is how many processes issued the run together; 0: one, mlrun itself.
	Clients int `json:"clients,omitempty"`
	// DatasetSamples is the number of samples in the data set.
	DatasetSamples uint64 `json:"dataset_samples"`
	// Started and Ended are wall-clock times; Ended is nil while the run goes on.
	Started time.Time  `json:"started"`
	Ended   *time.Time `json:"ended,omitempty"`
	// Recovered is when the directory of a run that was cut off was finished.
	Recovered *time.Time `json:"recovered,omitempty"`
	// MeasuringSince is the wall-clock time that stands at 0 ns of the records.
	MeasuringSince *time.Time `json:"measuring_since,omitempty"`
	// Records is how many records were written, known when the run has ended.
	Records *uint64 `json:"records,omitempty"`
	// Faults are what went wrong, in the order in which it did; any makes the run INVALID.
	Faults []string `json:"faults,omitempty"`
	// Program is which build wrote this directory.
	Program string `json:"program"`
}

// Dir is a run directory that this process writes.
type Dir struct {
	Path string
	lock *os.File
}

// CreateDir makes a new run directory and holds its lock until Close. A path that
// exists, even an empty folder, is an error: a run never writes over another.
func CreateDir(path string) (*Dir, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of the run directory: %w", err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		if errors.Is(err, os.ErrExist) {
			return nil, fmt.Errorf("the run directory %s exists already; a run never writes over another, name a new one", path)
		}
		return nil, fmt.Errorf("making the run directory: %w", err)
	}
	return lock(path)
}

// LockDir takes a folder of several runs, which is there, to write into it, and holds
// its lock until Close. The error is ErrRunning while another process does.
func LockDir(path string) (*Dir, error) { return lock(path) }

// ErrRunning reports that another process writes the directory.
var ErrRunning = errors.New("the run still goes on")

// OpenDir takes the directory of a run that has ended, in whatever way, to write into it,
// and holds its lock until Close. The error is ErrRunning while another process does.
func OpenDir(path string) (*Dir, error) {
	if _, err := ReadState(path); err != nil {
		return nil, err
	}
	if running, err := clientsRun(path); err != nil {
		return nil, err
	} else if running {
		return nil, fmt.Errorf("locking the run directory: %w", ErrRunning)
	}
	return lock(path)
}

func lock(path string) (*Dir, error) {
	f, err := os.OpenFile(filepath.Join(path, LockFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("making the run directory's lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrRunning
		}
		return nil, fmt.Errorf("locking the run directory: %w", err)
	}
	return &Dir{Path: path, lock: f}, nil
}

// File is the path of a file in the directory.
func (d *Dir) File(name string) string { return filepath.Join(d.Path, name) }

// Write puts a whole file into the directory, beside and renamed.
func (d *Dir) Write(name string, data []byte) error {
	if err := atomicfile.Write(d.File(name), data, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// WriteJSON is Write of v as indented JSON.
func (d *Dir) WriteJSON(name string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", name, err)
	}
	return d.Write(name, append(data, '\n'))
}

// Close gives up the lock. The directory stays as it is.
func (d *Dir) Close() error {
	if err := d.lock.Close(); err != nil {
		return fmt.Errorf("unlocking the run directory: %w", err)
	}
	return nil
}

// Running reports whether a process writes the directory at path now. A run
// that was killed no longer holds its lock.
func Running(path string) (bool, error) {
	running, err := locked(filepath.Join(path, LockFile))
	if running || err != nil {
		return running, err
	}
	return clientsRun(path)
}

// locked reports whether a process holds the lock of a file; one that is not there is not locked.
func locked(path string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking at the run directory's lock: %w", err)
	}
	defer f.Close()
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking at the run directory's lock: %w", err)
	}
	return false, nil
}

// ReadState reads state.json of the run directory at path.
func ReadState(path string) (State, error) {
	var s State
	data, err := os.ReadFile(filepath.Join(path, StateFile))
	if errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("%s is not a run directory: it has no %s", path, StateFile)
	}
	if err != nil {
		return s, fmt.Errorf("reading the run's state: %w", err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("reading %s: %w", filepath.Join(path, StateFile), err)
	}
	return s, nil
}

// Name is a free path under parent for a run of that description: its words
// and the time, and a number where that is taken. Characters that do not belong into a
// file name are replaced. Where it cannot be seen what is there (the parent is a file, or
// closed to the user), whoever makes the path finds out why.
func Name(parent string, words []string, now time.Time) string {
	var parts []string
	for _, w := range words {
		if w = strings.Map(fileNameRune, w); w != "" {
			parts = append(parts, w)
		}
	}
	base := filepath.Join(parent, strings.Join(append(parts, now.Format("20060102-150405")), "-"))
	path := base
	for i := 2; ; i++ {
		if _, err := os.Lstat(path); err != nil {
			return path
		}
		path = fmt.Sprintf("%s-%d", base, i)
	}
}

func fileNameRune(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
		return r
	}
	return '_'
}
