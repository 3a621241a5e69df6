package mlcfg_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
	Deps                               []string
}

// TestImports holds the rules about who may know whom.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports,Deps", "./...").Output()
	if err != nil {
		t.Skipf("SKIPPED: go list does not work here: %v", err)
	}
	packages := map[string]listed{}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages[strings.TrimPrefix(p.ImportPath, "mlcfg/")] = p
	}
	// mlrun runs manifests and nothing else: of the compiler it sees the
	// manifest, findings and the schema's flag tables.
	for name, p := range packages {
		if name != "cmd/mlrun" && name != "internal/run" && name != "internal/manifest" {
			continue
		}
		for _, compiler := range []string{"source", "merge", "check", "compile", "project", "diff"} {
			if slices.Contains(p.Deps, "mlcfg/internal/"+compiler) {
				t.Errorf("%s depends on internal/%s", name, compiler)
			}
		}
	}
	// A browser is for tests and pictures.
	for _, program := range []string{"cmd/mlrun", "cmd/mlcfg"} {
		if slices.Contains(packages[program].Deps, "mlcfg/internal/browser") {
			t.Errorf("%s depends on internal/browser", program)
		}
	}
	// One package reads YAML, and one package handles command lines.
	for name, p := range packages {
		all := slices.Concat(p.Imports, p.TestImports, p.XTestImports)
		if slices.Contains(all, "gopkg.in/yaml.v3") && name != "internal/source" && name != "bench/overlays" {
			t.Errorf("%s imports yaml.v3, which internal/source alone may (and the benchmark that compares with it)", name)
		}
		if slices.Contains(all, "github.com/urfave/cli/v2") && !strings.HasPrefix(name, "cmd/") && name != "internal/cliargs" && name != "internal/clidoc" {
			t.Errorf("%s imports the flag package, which only cmd/, internal/cliargs and internal/clidoc may", name)
		}
		if strings.HasPrefix(name, "internal/") || name == "schema" {
			for _, dep := range p.Imports {
				if strings.HasPrefix(dep, "mlcfg/cmd/") {
					t.Errorf("%s imports %s: arrows never turn back", name, dep)
				}
			}
		}
	}
	// What knows no key stays free of those that do.
	for low, highs := range map[string][]string{
		"internal/source":  {"merge", "check", "compile", "manifest", "loadgen"},
		"internal/layout":  {"merge", "check", "compile", "manifest", "loadgen"},
		"internal/merge":   {"check", "compile", "manifest", "loadgen"},
		"internal/diag":    {"source", "merge", "check", "compile", "manifest", "loadgen"},
		"internal/project": {"check", "compile", "manifest", "loadgen"},
		"internal/loadgen": {"source", "merge", "check", "client", "engine", "run"},
		"internal/engine":  {"run", "report"},
		"internal/client":  {"run", "report", "loadgen"},
		"schema":           {"source", "merge", "check", "compile", "manifest", "loadgen"},
	} {
		for _, high := range highs {
			if slices.Contains(packages[low].Deps, "mlcfg/internal/"+high) {
				t.Errorf("%s depends on internal/%s", low, high)
			}
		}
	}
}
