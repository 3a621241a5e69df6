package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"mlcfg/schema"
	"mlcfg/schema/importer"
)

var errNotInstalled = errors.New("the engines' sources or their light packages cannot be had here")

// scripts are the programs that ask the engines, seen from the repository's root.
const scripts = "tools/exact/py"

// release is one whose own code can be asked.
type release struct {
	importer.Spec
	python, sources string
	schema          *schema.Schema
}

// install makes the environment and lays the release's sources out, where the cache
// has neither.
func install(ctx context.Context, cache string, spec importer.Spec) (*release, error) {
	known, err := schema.Load(spec.Engine, spec.Release)
	if err != nil {
		return nil, err
	}
	python, err := environment(ctx, filepath.Join(cache, "environment"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotInstalled, err)
	}
	e := &release{Spec: spec, python: python, sources: filepath.Join(cache, spec.Engine+"-"+spec.Release), schema: known}
	// What says which release is installed, and that it is one for the CPU.
	metadata := filepath.Join(e.sources, spec.Engine+"-"+spec.Release+"+cpu.dist-info", "METADATA")
	if _, err := os.Stat(metadata); err == nil {
		return e, nil
	}
	im := importer.Importer{Cache: filepath.Join(cache, "packages"), Progress: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }}
	if err := im.Sources(ctx, spec, e.sources); err != nil {
		return nil, fmt.Errorf("%w: %w", errNotInstalled, err)
	}
	if err := os.MkdirAll(filepath.Dir(metadata), 0o755); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s+cpu\n", spec.Engine, spec.Release)
	return e, os.WriteFile(metadata, []byte(text), 0o644)
}

// environment is a virtual environment with the packages of requirements.txt; it is
// made anew where these are others.
func environment(ctx context.Context, dir string) (python string, err error) {
	list := filepath.Join(scripts, "requirements.txt")
	want, err := os.ReadFile(list)
	if err != nil {
		return "", fmt.Errorf("this is run from the root of the repository: %w", err)
	}
	python, done := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "complete")
	if have, err := os.ReadFile(done); err == nil && bytes.Equal(have, want) {
		return python, nil
	}
	base, err := interpreter(ctx)
	if err != nil {
		return "", err
	}
	for _, command := range [][]string{
		{base, "-m", "venv", "--clear", dir},
		{python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", list},
	} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%q: %w\n%s", command, err, out)
		}
	}
	return python, os.WriteFile(done, want, 0o644)
}

// interpreter finds a Python that the pinned packages are for.
func interpreter(ctx context.Context) (string, error) {
	home, _ := os.UserHomeDir()
	var candidates []string
	for _, version := range []string{"3.12", "3.13"} {
		installed, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", version+".*", "bin", "python"))
		candidates = append(append(candidates, "python"+version), installed...)
	}
	for _, python := range append(candidates, "python3") {
		if exec.CommandContext(ctx, python, "-c", "import sys, venv, ensurepip; sys.exit(not (3, 12) <= sys.version_info[:2] <= (3, 13))").Run() == nil {
			return python, nil
		}
	}
	return "", errors.New("no Python 3.12 or 3.13 with venv")
}

// answer is what the engine made of a case.
type answer struct {
	Value any    `json:"value"`
	Error string `json:"error"`
}

// ask puts cases of a kind to the release; there is an answer for each. What several
// cases have in common is asked once.
func (e *release) ask(ctx context.Context, kind string, cases [][2]any) ([]answer, error) {
	at := make([]int, len(cases))
	places := map[string]int{}
	var once []json.RawMessage
	for i, c := range cases {
		b, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		place, known := places[string(b)]
		if !known {
			place = len(once)
			places[string(b)], once = place, append(once, b)
		}
		at[i] = place
	}
	given, err := e.askOnce(ctx, kind, once)
	if err != nil {
		return nil, err
	}
	answers := make([]answer, len(cases))
	for i, place := range at {
		answers[i] = given[place]
	}
	return answers, nil
}

func (e *release) askOnce(ctx context.Context, kind string, cases []json.RawMessage) ([]answer, error) {
	input, err := json.Marshal(cases)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, e.python, filepath.Join(scripts, "driver.py"), e.Engine, e.sources, kind)
	cmd.Stdin = bytes.NewReader(input)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return len(s) > 6 && s[:6] == "PYTHON" })
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("asking %s: %w\n%s", e.Spec, err, complaint.String())
	}
	var answers []answer
	d := json.NewDecoder(&out)
	d.UseNumber()
	if err := d.Decode(&answers); err != nil || len(answers) != len(cases) {
		return nil, fmt.Errorf("asking %s: %d answers to %d cases, %w", e.Spec, len(answers), len(cases), err)
	}
	return answers, nil
}
