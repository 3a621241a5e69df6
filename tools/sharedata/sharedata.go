// Package sharedata finds the reference data that tests read: real
// configuration, LoadGen's expected values, engine definitions, or the Python that makes it. The data is
// not part of this repository; a test that needs it is skipped, with a word
// on how to supply it, where it is absent.
package sharedata

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Corpus is the first of [Corpora].
func Corpus(t testing.TB) string { return Corpora(t)[0] }

// Corpora are the folders of real configuration, one layout each (config.yaml, models/,
// expected/): those of the list MLCFG_CORPUS, or all ../shared/corpus* beside the repository.
func Corpora(t testing.TB) []string {
	t.Helper()
	var folders []string
	for _, path := range filepath.SplitList(os.Getenv("MLCFG_CORPUS")) {
		if path == "" {
			continue
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(Root(t), path)
		}
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("MLCFG_CORPUS names a folder that is not there: %v", err)
		}
		folders = append(folders, path)
	}
	if len(folders) > 0 {
		return folders
	}
	first := dir(t, "", "corpus")
	more, err := filepath.Glob(first + "_*")
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{first}, more...)
}

// LoadGen is the folder of LoadGen's expected values: LOADGEN_CASES, or
// ../shared/loadgen beside the repository.
func LoadGen(t testing.TB) string { return dir(t, "LOADGEN_CASES", "loadgen") }

// Engines is the folder of engine definitions dumped from the real packages:
// ENGINE_DUMPS, or ../shared/engines beside the repository.
func Engines(t testing.TB) string { return dir(t, "ENGINE_DUMPS", "engines") }

// Fit is the folder of engines' reports of memory, kv_cases.json: FIT_CASES, or ../shared/fit
// beside the repository.
func Fit(t testing.TB) string { return dir(t, "FIT_CASES", "fit") }

func dir(t testing.TB, env, name string) string {
	t.Helper()
	root := Root(t)
	path := ""
	if env != "" {
		path = os.Getenv(env)
	}
	switch {
	case path == "":
		path = filepath.Join(root, "..", "shared", name)
	case !filepath.IsAbs(path):
		path = filepath.Join(root, path)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED, no reference data: %s does not exist; set %s to its folder", path, cmp.Or(env, "MLCFG_CORPUS"))
	}
	return path
}

// Python is the interpreter that MLCFG_PYTHON names, python3 without it. A test that
// needs a module which it does not have is skipped.
func Python(t testing.TB, module string) string {
	t.Helper()
	python := cmp.Or(os.Getenv("MLCFG_PYTHON"), "python3")
	if err := exec.Command(python, "-c", "import "+module).Run(); err != nil {
		t.Skipf("%s has no %s", python, module)
	}
	return python
}

// Generate runs a Python program and returns its first argument, the folder or file
// that it writes.
func Generate(t testing.TB, python, program, path string, args ...string) string {
	t.Helper()
	if out, err := exec.Command(python, append([]string{program, path}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// Root is the repository's root: the nearest folder upwards with a go.mod.
func Root(t testing.TB) string {
	t.Helper()
	at, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at
		}
		up := filepath.Dir(at)
		if up == at {
			t.Fatal("no go.mod above the working folder")
		}
		at = up
	}
}
