package check

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/launch"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// LaunchOptions say what launches are checked for. The zero value takes what their files say.
type LaunchOptions struct {
	// Releases are those that the user named, by engine; they go before a file's.
	Releases map[string]*schema.Schema
	// Variables are names of environment variables that the site's fork reads.
	Variables []string
	Forks     []*schema.Fork
	Site      *config.Site
}

// LaunchChecker checks launches of files. It may be used from several goroutines.
type LaunchChecker struct {
	options LaunchOptions
	known   verdicts
}

// NewLaunchChecker makes a checker.
func NewLaunchChecker(o LaunchOptions) *LaunchChecker { return &LaunchChecker{options: o} }

// launchRules are the rules over several keys that need nothing of a configuration but the
// engine's own sections.
var launchRules = []rule{engineRefuses, textsAreJSON, nestedRefuses, textsAreHeld, switchesWork, batchHoldsSequences, sglangParallel, sglangPages, modelFits}

// launchFinding is a finding with the words and variables that it is about: those of several
// arguments, or of none that can be told.
type launchFinding struct {
	diag.Diagnostic
	arguments []int // indexes of launch.Line.Arguments
	words     []launch.Word
	variable  int  // -1 for none
	config    bool // it is about a line of the file of arguments
}

// CLISection is what the flags of the server are called, which are none of the engine's.
const CLISection = "cli"

// launchCheck is the check of one launch against one release.
type launchCheck struct {
	*checker
	launch *launch.Launch
	line   *launch.Line
	values *Config
	result []launchFinding
	list   diag.List
}

// check checks a launch against one release.
func (lc *LaunchChecker) check(l *launch.Launch, s *schema.Schema) []launchFinding {
	return lc.run(l, s).result
}

func (lc *LaunchChecker) run(l *launch.Launch, s *schema.Schema) *launchCheck {
	c := &launchCheck{launch: l, line: l.Line(s)}
	c.checker = &checker{
		schema: s, round: schema.Shared(), site: lc.options.Site, variables: lc.options.Variables, forks: lc.options.Forks,
		overlay: l.Pos.File, tree: c.merged(), found: &c.list, backend: l.Backend.Name, faulty: map[string]bool{},
	}
	var unseen diag.List
	secrets := (&checker{tree: c.tree, found: &unseen, faulty: map[string]bool{}}).credentials()
	for _, f := range c.line.Found {
		f.Backend = l.Backend.Name
		c.result = append(c.result, launchFinding{Diagnostic: f.Diagnostic, words: f.Words, variable: -1, config: f.Config})
	}
	c.values = &Config{
		Backend: l.Backend, Schema: s, Round: c.round, tree: c.tree, faulty: c.faulty, overlay: l.Pos.File,
		Env:          c.env(l.Backend),
		EngineConfig: c.engineSection(l.Backend.EngineSection(), schema.EngineConfig),
		release:      l.Release.Before, gpu: cmp.Or(l.GPU, gpuOfName(l.Pos.File)),
	}
	c.values.server = c.engineSection(CLISection, schema.CLIOnly)
	c.unclear()
	if !c.line.Open {
		for _, rule := range launchRules {
			rule(c.values, &c.list)
		}
	}
	secrets.Hide(c.list)
	for _, d := range c.list {
		f := c.placed(d)
		if f.Code == "engine-refuses" && slices.ContainsFunc(f.arguments, func(i int) bool { return !whole(c.line.Arguments[i].Value) }) {
			continue // what the file does not tell may be what is missing
		}
		if f.Code == "not-built-in" && slices.ContainsFunc(c.line.Arguments, func(a launch.Argument) bool { return strings.HasSuffix(a.Key.Name, "_plugin") }) {
			continue // the plugin's
		}
		c.result = append(c.result, f)
	}
	return c
}

// merged is the launch as a configuration with one layer. Arguments whose values are not known
// are left out.
func (c *launchCheck) merged() *merge.Tree {
	b := c.launch.Backend
	sections := map[string]*source.Node{}
	section := func(name string) *source.Node {
		if sections[name] == nil {
			sections[name] = &source.Node{Kind: source.Map, Pos: c.launch.Pos}
		}
		return sections[name]
	}
	for _, a := range c.line.Arguments {
		if a.Value == nil {
			continue
		}
		name, key := NameOf(c.launch, a)
		set(section(name), key, a.Pos, withoutHoles(a.Value), a.Inside != "")
	}
	for _, v := range c.launch.Variables {
		if !v.Value.Known() {
			continue
		}
		n := source.Of(v.Value.Text)
		n.Pos, n.Literal = v.Value.Pos(), true
		set(section(b.EnvSection()), v.Name, v.Pos, n, false)
	}
	root := &source.Node{Kind: source.Map, Pos: c.launch.Pos}
	for _, name := range []string{b.EngineSection(), CLISection, b.EnvSection()} {
		if n := sections[name]; n != nil {
			root.Fields = append(root.Fields, source.Field{Key: name, KeyPos: c.launch.Pos, Value: n})
		}
	}
	return merge.Merge(merge.Layer{Name: "overlay", Root: root})
}

// NameOf is the section and the key of an argument in [Resolved.Tree]. The model that follows by
// itself is the engine's own key.
func NameOf(l *launch.Launch, a launch.Argument) (section, key string) {
	switch {
	case a.Flag == "":
		return l.Backend.EngineSection(), l.Backend.Model
	case a.Key.Section == schema.CLIOnly:
		return CLISection, a.Key.Name
	}
	return l.Backend.EngineSection(), a.Key.Name
}

// set sets a field, over one that is there; maps said with dots are put together.
func set(m *source.Node, name string, at diag.Pos, value *source.Node, together bool) {
	if value == nil {
		return
	}
	old := m.Field(name)
	switch {
	case old == nil:
		m.Fields = append(m.Fields, source.Field{Key: name, KeyPos: at, Value: value})
	case together && old.Value.Kind == source.Map && value.Kind == source.Map:
		both := &source.Node{Kind: source.Map, Pos: old.Value.Pos, Fields: slices.Clone(old.Value.Fields)}
		for _, f := range value.Fields {
			set(both, f.Key, f.KeyPos, f.Value, true)
		}
		old.Value = both
	default:
		old.Value, old.KeyPos = value, at
	}
}

// withoutHoles is a value without the parts that are not known, nil where that is all.
func withoutHoles(n *source.Node) *source.Node {
	switch n.Kind {
	case source.String:
		if strings.Contains(n.Str, launch.Hole) {
			return nil
		}
	case source.List:
		if slices.ContainsFunc(n.Items, func(item *source.Node) bool { return !whole(item) }) {
			return nil
		}
	case source.Map:
		known := &source.Node{Kind: source.Map, Pos: n.Pos}
		for _, f := range n.Fields {
			if value := withoutHoles(f.Value); value != nil && !strings.Contains(f.Key, launch.Hole) {
				known.Fields = append(known.Fields, source.Field{Key: f.Key, KeyPos: f.KeyPos, Value: value})
			}
		}
		return known
	}
	return n
}

// whole reports whether all of a value is known.
func whole(n *source.Node) bool {
	if n == nil {
		return false
	}
	for _, f := range n.Fields {
		if strings.Contains(f.Key, launch.Hole) || !whole(f.Value) {
			return false
		}
	}
	return !slices.ContainsFunc(n.Items, func(item *source.Node) bool { return !whole(item) }) && !strings.Contains(n.Str, launch.Hole)
}

// unclear has rules leave alone what the file tells in part.
func (c *launchCheck) unclear() {
	for _, a := range c.line.Arguments {
		if !whole(a.Value) {
			c.faulty[c.launch.Backend.EngineSection()+"."+a.Key.Name] = true
			delete(c.values.EngineConfig, a.Key.Name)
		}
	}
	for _, f := range c.line.Found {
		if f.Key != "" {
			c.faulty[c.launch.Backend.EngineSection()+"."+f.Key] = true
		}
	}
	for _, name := range c.launch.Maybe {
		if !slices.ContainsFunc(c.launch.Variables, func(v launch.Variable) bool { return v.Name == name }) {
			c.faulty[c.launch.Backend.EnvSection()+"."+name] = true
		}
	}
	for _, v := range c.launch.Variables {
		if !v.Value.Known() {
			c.faulty[c.launch.Backend.EnvSection()+"."+v.Name] = true
		}
	}
}

// placed is a finding of the configuration as one of the launch: what it is about, and names as
// the command line spells them.
func (c *launchCheck) placed(d diag.Diagnostic) launchFinding {
	f := launchFinding{Diagnostic: d, variable: -1}
	section, name, _ := strings.Cut(d.Key, ".")
	name, _, _ = strings.Cut(name, ".")
	if section == c.launch.Backend.EnvSection() {
		f.variable = slices.IndexFunc(c.launch.Variables, func(v launch.Variable) bool { return v.Name == name })
		f.Suggestion = bare(d.Suggestion)
		return f
	}
	for i, a := range c.line.Arguments {
		if _, key := NameOf(c.launch, a); key == name {
			f.arguments = append(f.arguments, i)
			if d.Pos == a.Pos && d.Suggestion != "" { // in the place of the flag
				f.Suggestion = ""
				if flag, ok := c.schema.Flag(d.Suggestion); ok {
					f.Suggestion = flag.Names[0]
				}
				return f
			}
		}
	}
	if strings.Count(d.Key, ".") == 1 {
		f.Suggestion = bare(d.Suggestion)
	}
	return f
}

// bare is a suggested value as a word.
func bare(suggestion string) string {
	if text, err := strconv.Unquote(suggestion); err == nil && text != "" && !strings.ContainsAny(text, " \t\n'\"\\$`*?{}[]()<>|&;#~") {
		return text
	}
	return suggestion
}

// Resolved is a launch as one release reads it.
type Resolved struct {
	Launch *launch.Launch
	Line   *launch.Line
	// Tree has the engine's section, that of its variables, and the server's own arguments;
	// Values what they come to.
	Tree   *merge.Tree
	Values *Config
	Found  diag.List
}

// Resolve reads a launch as its release does; as the newest that it may be of where the file
// leaves that open.
func (lc *LaunchChecker) Resolve(l *launch.Launch) (*Resolved, error) {
	s, err := lc.release(l)
	if err != nil {
		return nil, err
	}
	return lc.ResolveAs(l, s), nil
}

// ResolveAs reads a launch as a release does.
func (lc *LaunchChecker) ResolveAs(l *launch.Launch, s *schema.Schema) *Resolved {
	c := lc.run(l, s)
	return &Resolved{Launch: l, Line: c.line, Tree: c.tree, Values: c.values, Found: list(c.result)}
}

// Named is the release that the user named for the engine of a launch, or its file; ok is false
// where neither does.
func (lc *LaunchChecker) Named(l *launch.Launch) (s *schema.Schema, ok bool) {
	if lc.options.Releases[l.Backend.Engine] == nil && l.Release.Number == "" {
		return nil, false
	}
	only := *l
	only.Release.Later, only.Release.Floor = false, false
	s, err := lc.release(&only)
	return s, err == nil
}

func (lc *LaunchChecker) release(l *launch.Launch) (*schema.Schema, error) {
	if s := lc.options.Releases[l.Backend.Engine]; s != nil {
		return s, nil
	}
	candidates := l.Release.Candidates(l.Backend.Engine)
	if len(candidates) == 0 {
		return nil, fmt.Errorf("no release of %s is known", l.Backend.Title)
	}
	return schema.Load(l.Backend.Engine, candidates[len(candidates)-1])
}

// File checks all launches of a file, without what its comments switch off.
func (lc *LaunchChecker) File(f *launch.File, launches []launch.Launch) (found diag.List) {
	ignored := diag.ReadIgnored(f.Path, f.Data)
	found.Add(ignored.Found...)
	for i := range launches {
		l := &launches[i]
		for _, d := range lc.Launch(l) {
			if !ignored.Has(d.Code, d.Pos.Line) && !ignored.Has(d.Code, l.Pos.Line) {
				found.Add(d)
			}
		}
	}
	for _, d := range lc.pairs(launches) {
		if !ignored.Has(d.Code, d.Pos.Line) {
			found.Add(d)
		}
	}
	found.Sort()
	return found
}

// Launch checks a launch against every release that it may be of. What all of them refuse is an
// error; what only the newest, or the oldest, of several refuses is a warning that says so.
func (lc *LaunchChecker) Launch(l *launch.Launch) diag.List {
	engine := l.Backend.Engine
	if s := lc.options.Releases[engine]; s != nil {
		return list(lc.check(l, s))
	}
	candidates := l.Release.Candidates(engine)
	if len(candidates) == 0 {
		return nil
	}
	found := lc.against(l, candidates, candidates[len(candidates)-1])
	if l.Release.Floor && len(candidates) > 1 {
		newest := found
		for _, d := range lc.against(l, candidates, candidates[0]) {
			if !slices.ContainsFunc(newest, func(n diag.Diagnostic) bool {
				return n.Pos == d.Pos && n.Code == d.Code && (n.Severity == diag.Error || reason(n) == reason(d))
			}) {
				found.Add(d)
			}
		}
	}
	found.Sort()
	return found
}

// reason is what a finding says behind the release.
func reason(d diag.Diagnostic) string {
	_, text, _ := strings.Cut(d.Message, ": ")
	return text
}

func list(found []launchFinding) (all diag.List) {
	for _, f := range found {
		all.Add(f.Diagnostic)
	}
	all.Sort()
	return all
}

// against checks a launch against one of the releases that it may be of.
func (lc *LaunchChecker) against(l *launch.Launch, candidates []string, release string) (all diag.List) {
	s, err := schema.Load(l.Backend.Engine, release)
	if err != nil {
		return nil
	}
	found := lc.check(l, s)
	if len(candidates) == 1 {
		return list(found)
	}
	var line *launch.Line
	for _, f := range found {
		if line == nil {
			line = l.Line(s)
		}
		other, every := lc.another(l, line, f, candidates)
		switch {
		case every && f.Severity == diag.Error:
			f.Hint = strings.TrimPrefix(f.Hint+"; "+fmt.Sprintf("no release of %s from %s to %s takes it", l.Backend.Title, candidates[0], candidates[len(candidates)-1]), "; ")
			if l.Release.Later || mayBeNew(f) {
				f.Severity = diag.Warning
			}
		case f.Severity == diag.Info:
			if !every {
				continue
			}
		default:
			f.Severity = diag.Warning
			f.Hint = strings.TrimPrefix(f.Hint+"; "+lc.why(l, release, other), "; ")
		}
		all.Add(f.Diagnostic)
	}
	return all
}

// mayBeNew reports whether a finding may be of what a build newer than all releases has: a value,
// or a key of JSON, that is like none of those there are.
func mayBeNew(f launchFinding) bool {
	return f.Suggestion == "" && f.words == nil && (f.Code == schema.NotInEnum || f.Code == schema.UnknownKey)
}

// why says which release a finding is of that not all releases have which may be meant.
func (lc *LaunchChecker) why(l *launch.Launch, release, other string) string {
	text := "the file does not tell the release: " + release + " is the newest"
	switch {
	case l.Release.Floor && release == l.Release.Number:
		text = release + " is the oldest release that is meant"
	case l.Release.Floor:
		text = release + " is the newest release that is meant"
	case l.Release.Later:
		text = fmt.Sprintf("%s is newer than %s: %s is the newest release", l.Release.From, l.Release.Number, release)
	}
	if other != "" {
		text += ", " + other + " takes it"
	}
	return text
}
