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
