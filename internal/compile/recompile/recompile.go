// Package recompile compiles the sources of a manifest again and says whether
// the manifest is what they compile to today.
//
//	r := recompile.New(recompile.Options{Root: ".", Compile: options})
//	found, err := r.Check("manifests/llama2-70b/offline_mi325x.vllm.yaml")
//
// A manifest's own backend and overrides hold, and its engine's release and
// round where the options name none: what it was compiled with, not what would
// be assumed today.
package recompile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/explain"
	"mlcfg/internal/explain/diff"
	"mlcfg/internal/manifest"
	"mlcfg/internal/plainfile"
	"mlcfg/internal/source"
)

// Options say how sources are read and compiled.
type Options struct {
	// Root is where sources' paths start; where they are not there, the folders
	// above a manifest are tried.
	Root string
	// Project says how overlays are read. Overrides here replace a manifest's.
	Project config.Options
	// Compile says what to compile for; its backends are not looked at.
	Compile compile.Options
	// Ignore are patterns of keys that are not listed as differences. A
	// manifest that differs in them alone is still not what it should be.
	Ignore []string
}

// Recompiler compiles any number of manifests' sources. It may be used from
// several goroutines.
type Recompiler struct {
	options Options

	mu        sync.Mutex
	projects  map[string]*config.Project
	compilers map[string]*compile.Compiler
}

// New makes a recompiler.
func New(o Options) *Recompiler {
	return &Recompiler{options: o, projects: map[string]*config.Project{}, compilers: map[string]*compile.Compiler{}}
}

// Result is a compilation. Data is nil where there are errors.
type Result struct {
	Overlay string
	Found   diag.List
	Data    []byte

	// why makes the view of the values that a difference is explained from.
	why func() *explain.View
}

// Compile compiles an overlay for a backend. Overrides, release and round are
// those of a manifest that is already there, old, where the options name none;
// old may be nil. asJSON writes the manifest as JSON.
func (r *Recompiler) Compile(overlay, backend string, old *manifest.Manifest, asJSON bool) (Result, error) {
	return r.compile(r.options.Project, overlay, backend, old, asJSON)
}

func (r *Recompiler) compile(files config.Options, overlay, backend string, old *manifest.Manifest, asJSON bool) (Result, error) {
	options := r.options.Compile
	options.Releases = maps.Clone(options.Releases)
	if options.Backends = []string{backend}; old != nil {
		diff.SameRelease(&options, old)
		if len(files.Overrides) == 0 {
			files.Overrides = old.Overrides
		}
		if read, err := source.ParseDialect(old.OmegaConf); err == nil && old.OmegaConf != "" {
			files.OmegaConf = read
		}
	}
	config, err := r.project(files).Load(overlay)
	if err != nil {
		return Result{}, err
	}
	out := r.compiler(options).Again(config, old)
	if out.Err != nil {
		return Result{}, out.Err
	}
	res := Result{Overlay: overlay, Found: out.Found}
	if out.Found.HasErrors() || len(out.Targets) == 0 {
		return res, nil
	}
	res.why = func() *explain.View { return explain.Of(config, out, out.Targets[0]) }
	if asJSON {
		res.Data, err = out.Targets[0].Manifest.JSON()
	} else {
		res.Data, err = out.Targets[0].Manifest.YAML()
	}
	return res, err
}

// Check holds a manifest against its sources: nothing is found where it is, to
// the byte, what they compile to. The error says that the manifest could not be read.
func (r *Recompiler) Check(file string) (diag.List, error) {
	data, err := plainfile.Read(context.Background(), file, manifest.MaxSize)
	if err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	if r.upToDate(file, data) {
		return nil, nil
	}
	finding := diag.Diagnostic{Pos: diag.Pos{File: file}, Severity: diag.Error}
	m, err := manifest.Decode(file, data)
	var damaged *manifest.Error
	switch {
	case errors.As(err, &damaged):
		finding.Code, finding.Message, finding.Hint = "damaged-manifest", damaged.Msg, damaged.Hint
		finding.Pos.Line = damaged.Line
		return diag.List{finding}, nil
	case err != nil:
		return nil, err
	}
	finding.Backend = m.Backend
	overlay, base, ok := r.sources(file, m)
	if !ok {
		finding.Code = "no-source"
		finding.Message = fmt.Sprintf("its sources are not here: %s", sourcePaths(m))
		finding.Hint = "take the manifest out if the overlay is gone; else run mlcfg in its configuration repository"
		return diag.List{finding}, nil
	}
	res, err := r.compile(r.filesOn(base), overlay, m.Backend, m, bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")))
	switch {
	case err != nil:
		return nil, err
	case res.Data == nil:
		finding.Code = "does-not-compile"
		finding.Message = fmt.Sprintf("its sources do not compile today: %s", res.Found.Summary())
		finding.Hint = "mlcfg lint " + overlay
		for _, d := range res.Found {
			if d.Severity == diag.Error {
				finding.Related = append(finding.Related, diag.Related{Pos: d.Pos, Message: d.Message})
			}
		}
		return diag.List{finding}, nil
	case bytes.Equal(res.Data, data):
		return nil, nil
	}
	r.explain(&finding, file, m, res)
	return diag.List{finding}, nil
}

// upToDate reports whether a manifest in YAML is what its sources compile to: nearly all
// are, and nothing in them need be read but what they say of their sources.
func (r *Recompiler) upToDate(file string, data []byte) bool {
	m := manifest.Claims(data)
	if m == nil {
		return false
	}
	overlay, base, ok := r.sources(file, m)
	if !ok {
		return false
	}
	res, err := r.compile(r.filesOn(base), overlay, m.Backend, m, false)
	return err == nil && bytes.Equal(res.Data, data)
}

// filesOn is how overlays on a base are read, where the options name none.
func (r *Recompiler) filesOn(base string) config.Options {
	files := r.options.Project
	if files.Base == "" {
		files.Base = base
	}
	return files
}

func sourcePaths(m *manifest.Manifest) string {
	var paths []string
	for _, s := range m.Sources {
		paths = append(paths, s.Path)
	}
	return strings.Join(paths, ", ")
}

// sources finds the overlay and the base of a manifest.
func (r *Recompiler) sources(file string, m *manifest.Manifest) (overlay, base string, ok bool) {
	if len(m.Sources) < 2 {
		return "", "", false
	}
	roots := []string{r.options.Root}
	if abs, err := filepath.Abs(file); err == nil {
		for dir := filepath.Dir(abs); ; dir = filepath.Dir(dir) {
			roots = append(roots, dir)
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	for _, root := range roots {
		base, overlay = filepath.Join(root, filepath.FromSlash(m.Sources[0].Path)), filepath.Join(root, filepath.FromSlash(m.Sources[1].Path))
		if isFile(base) && isFile(overlay) {
			return overlay, base, true
		}
	}
	return "", "", false
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// maxListed bounds the differences that a finding lists.
const maxListed = 12

// explain says why a manifest is not what its sources compile to.
func (r *Recompiler) explain(d *diag.Diagnostic, file string, m *manifest.Manifest, res Result) {
	d.Code, d.Hint = "stale-manifest", "mlcfg compile --all writes it"
	now, err := manifest.Decode(file, res.Data)
	if err != nil {
		d.Message = fmt.Sprintf("the new manifest cannot be read: %v", err)
		return
	}
	report := diff.Compare([]diff.Side{diff.FromManifest(file, m), diff.FromView(res.why(), nil)}, diff.Options{Ignore: r.options.Ignore})
	for i, row := range report.Rows {
		if i == maxListed {
			d.Related = append(d.Related, diag.Related{Pos: diag.Pos{File: file}, Message: fmt.Sprintf("and %d more; mlcfg diff %s %s", len(report.Rows)-i, file, res.Overlay)})
			break
		}
		pos := row.Cells[1].Origin.Pos
		if pos.File == "" {
			pos.File = res.Overlay
		}
		d.Related = append(d.Related, diag.Related{Pos: pos, Message: row.Sentence()})
	}
	for _, f := range res.Found {
		if was, _ := manifest.Bool(m.Loadgen, "frozen"); was && f.Code == "user-conf-not-found" {
			d.Hint = f.Hint
			d.Related = append([]diag.Related{{Pos: f.Pos, Message: f.Message}}, d.Related...)
		}
		if f.Code == "data-set" {
			d.Related = append(d.Related, diag.Related{Pos: f.Pos, Message: f.Message})
		}
	}
	switch n := len(report.Rows); {
	case n == 1:
		d.Message = "not what its sources compile to today: 1 value differs"
	case n > 1:
		d.Message = fmt.Sprintf("not what its sources compile to today: %d values differ", n)
	default:
		if m.Meaning != "" && m.Meaning == now.Meaning {
			d.Severity = diag.Warning // a comment: the run would be the same
		}
		d.Message = "not what its sources compile to today: " + strings.Join(r.reasons(m, now, report), "; ")
	}
}

// reasons says what differs where no value does.
func (r *Recompiler) reasons(was, now *manifest.Manifest, report *diff.Report) []string {
	var why []string
	if report.Ignored > 0 {
		why = append(why, "only values that are ignored differ")
	}
	for _, s := range now.Sources {
		at := slices.IndexFunc(was.Sources, func(o manifest.Source) bool { return o.Path == s.Path })
		if at < 0 {
			why = append(why, s.Path+" is a new source")
		} else if was.Sources[at].SHA256 != s.SHA256 {
			why = append(why, s.Path+" has changed, though none of its values")
		}
	}
	for _, s := range was.Sources {
		if !slices.ContainsFunc(now.Sources, func(n manifest.Source) bool { return n.Path == s.Path }) {
			why = append(why, s.Path+" is no source any more")
		}
	}
	switch {
	case was.Data.Samples != now.Data.Samples:
		why = append(why, fmt.Sprintf("it is for %d samples of the data set, today for %d", was.Data.Samples, now.Data.Samples))
	case was.Data.Digest == "" && now.Data.Digest != "":
		why = append(why, "the data set is here now, so that its digest is known")
	case was.Data.Digest != now.Data.Digest:
		why = append(why, "the data set is not the one that it was compiled with")
	}
	if was.Schema != now.Schema {
		why = append(why, "the schema has changed, as with another release of mlcfg")
	}
	if !slices.Equal(was.Overrides, now.Overrides) {
		why = append(why, "the overrides differ")
	}
	if was.OmegaConf != now.OmegaConf {
		why = append(why, "the sources are read as another release of OmegaConf does")
	}
	if len(why) == 0 {
		why = append(why, "values are spelt otherwise")
	}
	return why
}

func (r *Recompiler) project(o config.Options) *config.Project {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := o.Base + "\x00" + strings.Join(o.Overrides, "\x00") + "\x00" + o.OmegaConf.String()
	if r.projects[id] == nil {
		r.projects[id] = config.New(o)
	}
	return r.projects[id]
}

func (r *Recompiler) compiler(o compile.Options) *compile.Compiler {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := fmt.Sprint(o.Backends, o.Round, o.Releases) // maps print sorted
	if r.compilers[id] == nil {
		r.compilers[id] = compile.New(o)
	}
	return r.compilers[id]
}

// Manifests are the manifests below a folder, sorted; there are none where the
// folder is not there.
func Manifests(dir string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path == dir:
			return filepath.SkipAll
		case err != nil:
			return err
		case d.IsDir() && path != dir && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.Type().IsRegular() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)):
			if is, err := looksLikeManifest(path); err != nil || !is {
				return err
			}
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for manifests: %w", err)
	}
	return found, nil
}

// looksLikeManifest tells a manifest, a damaged one too, from other files.
func looksLikeManifest(path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil || info.Size() > manifest.MaxSize {
		return false, err
	}
	data, err := plainfile.Read(context.Background(), path, manifest.MaxSize)
	return bytes.Contains(data, []byte(manifest.Kind)), err
}
