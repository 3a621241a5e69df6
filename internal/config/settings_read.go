package config

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"mlcfg/internal/diag"
	"mlcfg/internal/fit"
	"mlcfg/schema"
)

func join(at, step string) string {
	if at == "" {
		return step
	}
	return at + "." + step
}

// settingsReader checks what a project file says.
type settingsReader struct {
	file   string
	values map[string]any
	places map[string]diag.Pos
	found  diag.List
}

func (r *settingsReader) add(key string, pos diag.Pos, code, suggestion, format string, args ...any) {
	if pos.File == "" {
		pos.File = r.file
	}
	r.found.Add(diag.Diagnostic{Pos: pos, Severity: diag.Error, Code: code, Key: key, Suggestion: suggestion, Message: fmt.Sprintf(format, args...)})
}

// key checks one key against the schema. What has a fault is taken out.
func (r *settingsReader) key(section *schema.Section, name string) {
	k, ok := section.Key(name)
	if !ok {
		near, also := schema.Nearest(section.Names(), name), ""
		if near != "" {
			also = ", did you mean " + near
		}
		r.add(name, r.places[name+":"], schema.UnknownKey, near, "a project file has no key %s%s", name, also)
		if near == "" {
			r.found[len(r.found)-1].Hint = "the keys are " + strings.Join(section.Names(), ", ")
		}
		return
	}
	faults := k.Check(r.values[name])
	for _, f := range faults {
		at := join(name, strings.Join(f.Path, "."))
		at = strings.TrimSuffix(at, ".")
		if f.Code == schema.UnknownKey {
			also := ""
			if f.Suggestion != "" {
				also = ", did you mean " + f.Suggestion
			}
			r.add(at, r.places[at+":"], f.Code, f.Suggestion, "%s%s", f.Message, also)
			continue
		}
		r.add(at, r.places[at], f.Code, f.Suggestion, "%s is %s", at, f.Message)
	}
	if faults != nil {
		delete(r.values, name)
	}
}

// engines resolves the releases that are named.
func (r *settingsReader) engines(own []*schema.Fork) map[string]string {
	named, _ := r.values["engines"].(map[string]any)
	exact := map[string]string{}
	for engine, v := range named {
		spec, ok := v.(string)
		if !ok {
			continue
		}
		release, fork, err := schema.Version(engine, spec, own)
		if err != nil {
			r.add("engines."+engine, r.places["engines."+engine], "engine-version", "", "%v", err)
			continue
		}
		if exact[engine] = release; fork != nil {
			exact[engine] += "+" + fork.Name
		}
	}
	return exact
}

// forks reads the site's own forks.
func (r *settingsReader) forks(files []string) (forks []*schema.Fork) {
	for _, file := range files {
		fork, err := readFork(file)
		if err != nil {
			r.add("forks", r.places["forks"], Code, "", "%v", err)
			continue
		}
		forks = append(forks, fork)
	}
	return forks
}

// patterns checks patterns of files below the project's folder.
func (r *settingsReader) patterns(key string, patterns []string) (good []string) {
	for i, p := range patterns {
		at := join(key, strconv.Itoa(i))
		switch {
		case !doublestar.ValidatePattern(p):
			r.add(at, r.places[at], "bad-pattern", "", "%q is not a pattern: * stands within one folder, ** for any number of them", p)
		case filepath.IsAbs(p) || strings.HasPrefix(path.Clean(p), ".."):
			r.add(at, r.places[at], "bad-pattern", "", "%q leads out of the project: patterns start at the project file's folder", p)
		default:
			good = append(good, p)
		}
	}
	return good
}

// files finds the files of patterns; each pattern has to match some.
func (r *settingsReader) files(s *Settings, key string, patterns []string) (files []string) {
	for i, p := range patterns {
		at := join(key, strconv.Itoa(i))
		if len(r.patterns(key, []string{p})) == 0 {
			continue
		}
		matches, err := s.glob(p)
		if err != nil || len(matches) == 0 {
			r.add(at, r.places[at], "bad-pattern", "", "%q matches no file", p)
		}
		files = append(files, matches...)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// manifests checks the form of manifests' paths: two manifests must not share one.
func (r *settingsReader) manifests(form string) string {
	if form == "" {
		return ""
	}
	for _, part := range []string{"{overlay}", "{backend}"} {
		if !strings.Contains(form, part) {
			r.add("manifests", r.places["manifests"], "bad-pattern", "", "%q lacks %s: manifests would share a path", form, part)
			return ""
		}
	}
	if filepath.IsAbs(form) || strings.HasPrefix(path.Clean(form), "..") {
		r.add("manifests", r.places["manifests"], "bad-pattern", "", "%q leads out of the project: it starts at the project file's folder", form)
		return ""
	}
	return form
}

// gpus are the accelerators of machines; one that is not known is left out.
func (r *settingsReader) gpus() map[string]string {
	values, _ := r.values["gpus"].(map[string]any)
	all := map[string]string{}
	for machine, value := range values {
		name, ok := value.(string)
		if !ok {
			continue
		}
		if _, err := fit.FindGPU(name); err != nil {
			near := schema.Nearest(fit.GPUs(), name)
			r.add("gpus."+machine, r.places["gpus."+machine], Code, near, "%v", err)
			hint := `one that mlcfg does not know takes its memory and compute capability: "X1 (96 GiB, 9.0)"`
			if near != "" {
				hint = "did you mean " + near
			}
			r.found[len(r.found)-1].Hint = hint
			continue
		}
		all[machine] = name
	}
	return all
}

// silenced are the findings that are not reported. Each needs a code that there is, and a reason.
func (r *settingsReader) silenced() map[string]string {
	values, _ := r.values["silenced"].(map[string]any)
	all := map[string]string{}
	for code, value := range values {
		reason, _ := value.(string)
		d := diag.Diagnostic{Pos: r.places["silenced."+code], Severity: diag.Error, Code: "ignored-without-reason", Key: "silenced." + code}
		switch {
		case diag.About(code) == "":
			d.Message = "no finding has the code " + code + ": nothing is switched off by it"
		case len(strings.TrimSpace(reason)) < diag.ShortestReason:
			d.Message = "the project file switches findings off and gives no reason"
		default:
			all[code] = reason
			continue
		}
		if d.Pos.File == "" {
			d.Pos = diag.Pos{File: r.file}
		}
		r.found.Add(d)
	}
	return all
}
