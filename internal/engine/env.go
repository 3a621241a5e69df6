package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// passedAlways are the variables that an engine gets from mlrun's own
// environment where they are set there: who and where it is, where libraries
// and caches lie. Nothing among them tunes an engine, and no secret is.
var passedAlways = []string{
	"PATH", "LD_LIBRARY_PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
	"VIRTUAL_ENV", "CONDA_PREFIX", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "HF_HOME", "CUDA_HOME", "ROCM_PATH", "HIP_PATH",
}

// Passed are the names of the variables that an engine gets from mlrun's environment:
// those that it always gets, and those that are named.
func (h Host) Passed(named []string) []string {
	names := slices.DeleteFunc(slices.Clone(passedAlways), func(name string) bool {
		_, set := h.variable(name)
		return !set
	})
	return append(names, named...)
}

// EnvVar is one variable of an engine's environment.
type EnvVar struct {
	Name  string
	Value string
	// Passed reports whether the value comes from mlrun's own environment. It is
	// never printed: that is the way for secrets.
	Passed bool
}

// String is NAME=value, or for a passed one NAME alone, with a word.
func (e EnvVar) String() string {
	if e.Passed {
		return e.Name + " (passed through)"
	}
	return e.Name + "=" + e.Value
}

// MarshalJSON leaves out the value of a passed variable.
func (e EnvVar) MarshalJSON() ([]byte, error) {
	if e.Passed {
		return json.Marshal(struct {
			Name   string `json:"name"`
			Passed bool   `json:"passed"`
		}{e.Name, true})
	}
	return json.Marshal(struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}{e.Name, e.Value})
}

// environment is the manifest's env_config and what is passed through, nothing
// else, sorted by name. The manifest goes before what is always passed; a
// variable both in the manifest and named to be passed is an error.
func environment(config map[string]string, host []string, named []string) ([]EnvVar, error) {
	own := map[string]string{}
	for _, entry := range host {
		if name, value, ok := strings.Cut(entry, "="); ok {
			own[name] = value
		}
	}
	vars := map[string]EnvVar{}
	for _, name := range passedAlways {
		if value, ok := own[name]; ok {
			vars[name] = EnvVar{Name: name, Value: value, Passed: true}
		}
	}
	var errs []error
	for name, value := range config {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) {
			errs = append(errs, fmt.Errorf("env_config.%s cannot be an environment variable", name))
			continue
		}
		vars[name] = EnvVar{Name: name, Value: value}
	}
	for _, name := range named {
		value, ok := own[name]
		_, inManifest := config[name]
		switch {
		case inManifest:
			errs = append(errs, fmt.Errorf("%s is to be passed through and stands in the manifest's env_config too", name))
		case !ok:
			errs = append(errs, fmt.Errorf("%s is to be passed through, but is not set here", name))
		default:
			vars[name] = EnvVar{Name: name, Value: value, Passed: true}
		}
	}
	list := slices.SortedFunc(maps.Values(vars), func(a, b EnvVar) int { return strings.Compare(a.Name, b.Name) })
	return list, errors.Join(errs...)
}

// with sets a variable in a sorted environment, instead of one of that name.
func with(env []EnvVar, v EnvVar) []EnvVar {
	i, found := slices.BinarySearchFunc(env, v.Name, func(e EnvVar, name string) int { return strings.Compare(e.Name, name) })
	if found {
		env = slices.Clone(env)
		env[i] = v
		return env
	}
	return slices.Insert(slices.Clone(env), i, v)
}

// lookup finds a variable's value.
func lookup(env []EnvVar, name string) (string, bool) {
	for _, e := range env {
		if e.Name == name {
			return e.Value, true
		}
	}
	return "", false
}

// environ is the environment as a process takes it.
func environ(env []EnvVar) []string {
	list := make([]string, len(env))
	for i, e := range env {
		list[i] = e.Name + "=" + e.Value
	}
	return list
}

// secrets are the values that must not be printed: of the variables passed
// because they were named, not of those that are always passed.
func secrets(env []EnvVar) []string {
	var list []string
	for _, e := range env {
		// A short value would blot out half a log.
		if e.Passed && len(e.Value) >= 6 && !slices.Contains(passedAlways, e.Name) {
			list = append(list, e.Value)
		}
	}
	return list
}
