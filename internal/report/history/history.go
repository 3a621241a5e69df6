package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // SQLite in Go, for static binaries

	"mlcfg/internal/record"
)

// IndexFile is the cache in a folder of results.
const IndexFile = ".runs.sqlite"

// version is that of the table; an index of another one is made anew.
const version = 1

const table = `CREATE TABLE IF NOT EXISTS runs (
	id TEXT PRIMARY KEY, stamp TEXT NOT NULL, started INTEGER NOT NULL,
	benchmark TEXT NOT NULL, scenario TEXT NOT NULL, mode TEXT NOT NULL, machine TEXT NOT NULL, backend TEXT NOT NULL,
	valid INTEGER NOT NULL, simulated INTEGER NOT NULL,
	tokens REAL, samples REAL, target REAL, body TEXT NOT NULL)`

// History is the runs of one folder.
type History struct {
	folder string
	db     *sql.DB
	// Unreadable are run directories that could not be read, with the reason.
	Unreadable []error
	// Uncached says why the index file is not used; nil where it is. All runs are there nevertheless.
	Uncached error
}

// Open looks at all run directories below folder and brings the index up to date.
// The error is about the folder itself.
func Open(ctx context.Context, folder string) (*History, error) {
	if info, err := os.Stat(folder); err != nil {
		return nil, fmt.Errorf("reading the folder of results: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("reading the folder of results: %s is no folder", folder)
	}
	path := filepath.Join(folder, IndexFile)
	h, err := open(ctx, folder, fileURL(path))
	if damaged(err) {
		err = errors.Join(os.Remove(path), removeIfThere(path+"-journal"))
		if err == nil {
			h, err = open(ctx, folder, fileURL(path))
		}
	}
	if err == nil {
		return h, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var inMemory error
	if h, inMemory = open(ctx, folder, ":memory:"); inMemory != nil {
		return nil, inMemory
	}
	h.Uncached = err
	return h, nil
}

// fileURL names a file so that no character of its path has a meaning to SQLite.
// Another process may write it for some seconds.
func fileURL(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: "_pragma=busy_timeout(3000)&_txlock=immediate"}).String()
}

var errDamaged = errors.New("the index is damaged")

// damaged reports whether the index file is no database, or a broken one.
func damaged(err error) bool {
	if errors.Is(err, errDamaged) {
		return true
	}
	var coded interface{ Code() int }
	if !errors.As(err, &coded) {
		return false
	}
	const corrupt, schemaError, notADatabase = 11, 1, 26 // SQLITE_CORRUPT, SQLITE_ERROR, SQLITE_NOTADB
	code := coded.Code() & 0xff
	return code == corrupt || code == notADatabase || code == schemaError
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func open(ctx context.Context, folder, source string) (*History, error) {
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, fmt.Errorf("opening the index of runs: %w", err)
	}
	db.SetMaxOpenConns(1) // an index in memory is one connection's
	h := &History{folder: folder, db: db}
	if err := h.sync(ctx); err != nil {
		return nil, fmt.Errorf("bringing the index of runs up to date: %w", errors.Join(err, db.Close()))
	}
	return h, nil
}

// Close ends the use of the index.
func (h *History) Close() error { return h.db.Close() }

// sync reads the run directories that changed since the index was last used.
func (h *History) sync(ctx context.Context) error {
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing after Commit
	var check string
	if err := tx.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&check); err != nil {
		return err
	} else if check != "ok" {
		return fmt.Errorf("%w: %s", errDamaged, check)
	}
	var have int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	if have != version {
		if _, err := tx.ExecContext(ctx, "DROP TABLE IF EXISTS runs"); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("%s; PRAGMA user_version = %d", table, version)); err != nil {
		return err
	}
	known, err := stamps(ctx, tx)
	if err != nil {
		return err
	}
	err = find(h.folder, func(id, stamp string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		old, there := known[id]
		delete(known, id)
		if there && old == stamp {
			return nil
		}
		r, err := read(h.folder, id)
		if err != nil {
			h.Unreadable = append(h.Unreadable, err)
			_, err = tx.ExecContext(ctx, "DELETE FROM runs WHERE id = ?", id)
			return err
		}
		return put(ctx, tx, &r, stamp)
	})
	if err != nil {
		return err
	}
	for id := range known {
		if _, err := tx.ExecContext(ctx, "DELETE FROM runs WHERE id = ?", id); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func stamps(ctx context.Context, tx *sql.Tx) (map[string]string, error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, stamp FROM runs")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	known := map[string]string{}
	for rows.Next() {
		var id, stamp string
		if err := rows.Scan(&id, &stamp); err != nil {
			return nil, err
		}
		known[id] = stamp
	}
	return known, rows.Err()
}

func put(ctx context.Context, tx *sql.Tx, r *Run, stamp string) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		r.ID, stamp, r.Started.UnixNano(), r.Benchmark, r.Scenario, r.Mode, r.Machine, r.Backend, r.Valid, r.Simulated,
		r.TokensPerSecond, r.SamplesPerSecond, r.TargetQPS, string(body))
	return err
}

// Filter picks runs; an empty field picks all.
type Filter struct {
	Benchmark, Scenario, Mode, Machine, Backend string
	// Valid picks VALID runs alone, Real those on real engines.
	Valid, Real bool
}

// where is the filter as SQL.
func (f Filter) where() (clause string, args []any) {
	parts := []string{"1"}
	for _, c := range []struct{ column, value string }{
		{"benchmark", f.Benchmark}, {"scenario", f.Scenario}, {"mode", f.Mode}, {"machine", f.Machine}, {"backend", f.Backend},
	} {
		if c.value != "" {
			parts = append(parts, c.column+" = ? COLLATE NOCASE")
			args = append(args, c.value)
		}
	}
	if f.Valid {
		parts = append(parts, "valid")
	}
	if f.Real {
		parts = append(parts, "NOT simulated")
	}
	return strings.Join(parts, " AND "), args
}

// List returns the runs that a filter picks, the latest last.
func (h *History) List(ctx context.Context, f Filter) ([]Run, error) {
	clause, args := f.where()
	return h.query(ctx, "SELECT body FROM runs WHERE "+clause+" ORDER BY started, id", args)
}

// Measure is what runs are compared by.
type Measure string

// The measures: the more the better.
const (
	ByTokens    Measure = "tokens"
	BySamples   Measure = "samples"
	ByTargetQPS Measure = "target-qps"
)

// columns are the measures' in the index.
var columns = map[Measure]string{ByTokens: "tokens", BySamples: "samples", ByTargetQPS: "target"}

// Best gives, of the VALID runs that a filter picks, the best by a measure for
// each benchmark, scenario, mode, machine and backend. Simulated and real runs
// are never compared with each other. Of equals the first counts.
func (h *History) Best(ctx context.Context, f Filter, by Measure) ([]Run, error) {
	column, ok := columns[by]
	if !ok {
		return nil, fmt.Errorf("runs are not compared by %q: tokens, samples or target-qps", by)
	}
	f.Valid = true
	clause, args := f.where()
	return h.query(ctx, `SELECT body FROM (
		SELECT *, ROW_NUMBER() OVER (PARTITION BY benchmark, scenario, mode, machine, backend, simulated ORDER BY `+column+` DESC, started, id) AS place
		FROM runs WHERE `+clause+` AND `+column+` IS NOT NULL)
		WHERE place = 1 ORDER BY benchmark, scenario, mode, machine, backend, simulated`, args)
}

func (h *History) query(ctx context.Context, query string, args []any) ([]Run, error) {
	rows, err := h.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("asking the index of runs: %w", err)
	}
	defer rows.Close()
	runs := []Run{}
	for rows.Next() {
		var body string
		var r Run
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("asking the index of runs: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			return nil, fmt.Errorf("reading the index of runs: %w", err)
		}
		r.place(h.folder)
		runs = append(runs, r)
	}
	return runs, rows.Err()
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
func (h *History) Find(ctx context.Context, name string) (Run, error) {
	runs, err := h.List(ctx, Filter{})
	if err != nil {
		return Run{}, err
	}
	name = strings.Trim(filepath.ToSlash(name), "/")
	for _, fits := range []func(id string) bool{
		func(id string) bool { return id == name },
		func(id string) bool { return strings.HasPrefix(id, name) },
		func(id string) bool { return strings.Contains(id, name) },
	} {
		var found []Run
		var ids []string
		for _, r := range runs {
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
