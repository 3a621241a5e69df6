package diff

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"mlcfg/internal/backend"
	"mlcfg/internal/check"
	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/explain"
	"mlcfg/internal/explain/gitrev"
	"mlcfg/internal/manifest"
	"mlcfg/schema"
)

// Reader reads and resolves what is compared. It may be used from several
// goroutines once everything is opened.
type Reader struct {
	// Project and Compile say how overlays are resolved. Where Compile names no
	// backend, a manifest that an overlay is compared with does, or else every
	// backend that one of the overlays configures is compared.
	Project config.Options
	Compile compile.Options
	// Launches reads files that start engines; nil reads them as they say.
	Launches *check.LaunchChecker
	// Stdin is read for "-".
	Stdin io.Reader

	mu        sync.Mutex
	trees     []*gitrev.Tree
	projects  map[*gitrev.Tree]*config.Project
	compilers map[string]*compile.Compiler
	faulty    []Faulty
}

// Faulty is an overlay with errors: it was compared as it stands.
type Faulty struct {
	Name  string
	Found diag.List
}

// Faulty returns the overlays with errors so far.
func (r *Reader) Faulty() []Faulty {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.faulty)
}

// Close removes what was copied of revisions.
func (r *Reader) Close() error {
	var errs []error
	for _, t := range r.trees {
		errs = append(errs, t.Close())
	}
	return errors.Join(errs...)
}

func (r *Reader) keep(t *gitrev.Tree) { r.trees = append(r.trees, t) }

// Unresolved says that an overlay has no values at all to compare.
type Unresolved struct {
	Name  string
	Found diag.List
}

// Error names the overlay; what is wrong is in Found.
func (e *Unresolved) Error() string { return e.Name + " cannot be resolved" }

// lacksBackend reports whether the overlay has no section for the backend.
func (e *Unresolved) lacksBackend() bool {
	return slices.ContainsFunc(e.Found, func(d diag.Diagnostic) bool { return d.Code == "no-backend-section" })
}

// Compare resolves overlays and manifests and compares them.
func (r *Reader) Compare(inputs []*Input, o Options) (*Report, error) {
	options, err := r.optionsFor(inputs)
	if err != nil {
		return nil, err
	}
	resolved := make([]map[string]*Side, len(inputs))
	names := map[string]bool{}
	var lacking error // an overlay that configures no backend that is asked for
	for i, in := range inputs {
		if in.manifest != nil {
			continue
		}
		if in.launch != nil {
			resolved[i], err = r.launched(in)
		} else {
			resolved[i], err = r.resolve(in, options)
		}
		var u *Unresolved
		if errors.As(err, &u) && u.lacksBackend() {
			lacking = err
		} else if err != nil {
			return nil, err
		}
		for name := range resolved[i] {
			names[name] = true
		}
	}
	onlyLaunched(inputs, names)
	switch {
	case len(names) == 0 && lacking != nil:
		return nil, lacking
	case len(names) == 0:
		names[""] = true // manifests alone: each has its own backend
	}
	var reports []*Report
	for _, name := range slices.Sorted(maps.Keys(names)) {
		sides := make([]*Side, len(inputs))
		for i, in := range inputs {
			if in.manifest != nil {
				side := FromManifest(in.Name, in.manifest)
				sides[i] = &side
			} else {
				sides[i] = resolved[i][name]
			}
		}
		engineOnly(inputs, sides)
		reports = append(reports, compareFor(name, inputs, sides, o))
	}
	return Combine(reports), nil
}

// launched is the side of a launch, by its backend.
func (r *Reader) launched(in *Input) (map[string]*Side, error) {
	resolved, err := r.launches().Resolve(in.launch)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	var name func(string) string
	if in.tree != nil {
		name = in.tree.Name
	}
	side := FromView(explain.OfLaunch(resolved), name)
	side.Name, side.Machine = in.Name, ""
	return map[string]*Side{in.launch.Backend.Name: &side}, nil
}

// onlyLaunched leaves backends out that no launch is of, where any input is one.
func onlyLaunched(inputs []*Input, names map[string]bool) {
	engines := map[string]bool{}
	for _, in := range inputs {
		if in.launch != nil {
			engines[in.launch.Backend.Name] = true
		}
	}
	if len(engines) > 0 {
		maps.DeleteFunc(names, func(name string, _ bool) bool { return !engines[name] })
	}
}

func (r *Reader) launches() *check.LaunchChecker {
	if r.Launches == nil {
		return check.NewLaunchChecker(check.LaunchOptions{})
	}
	return r.Launches
}

// engineOnly leaves what a launch cannot say out of sides, where one of them is a launch: what is
// of the harness, and the use case.
func engineOnly(inputs []*Input, sides []*Side) {
	if !slices.ContainsFunc(inputs, func(in *Input) bool { return in.launch != nil }) {
		return
	}
	for i, s := range sides {
		if s == nil {
			continue
		}
		kept := *s
		kept.Values = slices.DeleteFunc(slices.Clone(s.Values), func(v explain.Value) bool {
			return v.Group != explain.Engine && v.Group != explain.Environment && v.Name != "engine"
		})
		sides[i] = &kept
	}
}

// compareFor compares for one backend. A side that does not configure the
// backend makes one difference: its section.
func compareFor(name string, inputs []*Input, sides []*Side, o Options) *Report {
	if !slices.Contains(sides, nil) {
		all := make([]Side, len(sides))
		for i, s := range sides {
			all[i] = *s
		}
		return Compare(all, o)
	}
	b, _ := backend.Of(name)
	plain := make([]Side, len(sides))
	for i, s := range sides {
		plain[i] = Side{Name: inputs[i].Name, Backend: name}
		if s == nil {
			_, plain[i].Machine = config.UseCase(inputs[i].path)
			continue
		}
		plain[i] = *s
		plain[i].Values = []explain.Value{{
			Name: b.EngineSection(), Group: explain.Engine, Value: "configured", Set: true,
			Chain: []explain.Step{{Layer: "overlay", Key: b.EngineSection()}},
		}}
	}
	r := Compare(plain, o)
	r.Backends = nil
	for i := range r.Sides {
		if sides[i] == nil {
			r.Sides[i].Engines = nil
		}
	}
	return r
}

// optionsFor returns the options for overlays that are compared with manifests:
// the same backend, release and round, where the command line does not say.
func (r *Reader) optionsFor(inputs []*Input) (compile.Options, error) {
	options := r.Compile
	overlays := slices.ContainsFunc(inputs, func(in *Input) bool { return in.manifest == nil })
	options.Releases = maps.Clone(options.Releases)
	for _, in := range inputs {
		m := in.manifest
		if m == nil || !overlays {
			continue
		}
		if len(r.Compile.Backends) == 0 {
			if !slices.Contains(options.Backends, m.Backend) {
				options.Backends = append(slices.Clip(options.Backends), m.Backend)
			}
			if len(options.Backends) > 1 {
				return options, fmt.Errorf("the manifests are for backends %s and %s: name the one to resolve the overlays for", options.Backends[0], options.Backends[1])
			}
		}
		SameRelease(&options, m)
	}
	return options, nil
}

// SameRelease takes a manifest's release and round where nothing else is said.
// It writes into Releases, which no other options may share.
func SameRelease(options *compile.Options, m *manifest.Manifest) {
	if options.Releases == nil {
		options.Releases = map[string]string{}
	}
	if _, named := options.Releases[m.Engine.Name]; !named && slices.Contains(schema.Releases(m.Engine.Name), m.Engine.Version) {
		options.Releases[m.Engine.Name] = m.Engine.Version
		if m.Engine.Fork != "" {
			options.Releases[m.Engine.Name] += "+" + m.Engine.Fork
		}
	}
	if options.Round == "" {
		options.Round = m.Harness
	}
}

// resolve returns an overlay's sides by backend.
func (r *Reader) resolve(in *Input, options compile.Options) (map[string]*Side, error) {
	loaded, err := r.project(in.tree).LoadText(in.path, in.text)
	if in.tree != nil && errors.Is(err, config.ErrNoBase) {
		return nil, fmt.Errorf("%w for %s: no config.yaml or common/config.yaml in its folder or above", config.ErrNoBase, in.Name)
	}
	if err != nil {
		return nil, err
	}
	var name func(string) string
	if in.tree != nil {
		name = in.tree.Name
	}
	out := r.compiler(options).Check(loaded)
	sides := map[string]*Side{}
	for _, target := range out.Targets {
		if target.Values != nil {
			side := FromView(explain.LastWords(loaded, out, target), name)
			side.Name = in.Name
			sides[target.Backend.Name] = &side
		}
	}
	for i := 0; name != nil && i < len(out.Found); i++ {
		out.Found[i].Pos.File = name(out.Found[i].Pos.File)
	}
	switch {
	case len(sides) == 0:
		return nil, &Unresolved{in.Name, out.Found}
	case out.Found.HasErrors():
		r.mu.Lock()
		r.faulty = append(r.faulty, Faulty{in.Name, out.Found})
		r.mu.Unlock()
	}
	return sides, nil
}

// project reads files of one tree; the base that the command line names is the
// revision's too.
func (r *Reader) project(tree *gitrev.Tree) *config.Project {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.projects[tree]; p != nil {
		return p
	}
	if r.projects == nil {
		r.projects = map[*gitrev.Tree]*config.Project{}
	}
	options := r.Project
	if tree != nil && options.Base != "" {
		options.Base = tree.Then(options.Base)
	}
	p := config.New(options)
	r.projects[tree] = p
	return p
}

func (r *Reader) compiler(o compile.Options) *compile.Compiler {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := fmt.Sprint(o.Backends, o.Round, o.Releases) // maps print sorted
	if c := r.compilers[id]; c != nil {
		return c
	}
	if r.compilers == nil {
		r.compilers = map[string]*compile.Compiler{}
	}
	c := compile.New(o)
	r.compilers[id] = c
	return c
}
