package mlcfg_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
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
	within := func(name, room string) bool { return name == room || strings.HasPrefix(name, room+"/") }
	depends := func(name, room string) bool {
		return slices.ContainsFunc(packages[name].Deps, func(dep string) bool {
			return within(strings.TrimPrefix(dep, "mlcfg/"), room)
		})
	}
	// mlrun runs manifests and nothing else: of the compiler it sees the manifest
	// and findings. What a key is it need not know, so that neither the schema nor
	// CUE is a part of it.
	runner := []string{"cmd/mlrun", "internal/run", "internal/engine", "internal/manifest", "internal/backend", "internal/client", "internal/record", "internal/report", "internal/loadgen"}
	for name, p := range packages {
		if !slices.ContainsFunc(runner, func(room string) bool { return within(name, room) }) {
			continue
		}
		for _, compiler := range []string{"source", "merge", "config", "check", "compile", "explain", "edit", "render", "lsp"} {
			if depends(name, "internal/"+compiler) {
				t.Errorf("%s depends on internal/%s", name, compiler)
			}
		}
		if depends(name, "schema") {
			t.Errorf("%s depends on the schema", name)
		}
		for _, dep := range p.Deps {
			if strings.HasPrefix(dep, "cuelang.org/") {
				t.Errorf("%s depends on %s", name, dep)
				break
			}
		}
	}
	// The makers' programs, a browser among them, are for tests, pictures and measurements.
	for name, p := range packages {
		if within(name, "tools") {
			continue
		}
		for _, dep := range p.Imports {
			if within(strings.TrimPrefix(dep, "mlcfg/"), "tools") {
				t.Errorf("%s imports %s", name, dep)
			}
		}
	}
	// One package reads YAML, and one package handles command lines.
	for name, p := range packages {
		all := slices.Concat(p.Imports, p.TestImports, p.XTestImports)
		if slices.Contains(all, "gopkg.in/yaml.v3") && name != "internal/source" && name != "tools/bench/overlays" {
			t.Errorf("%s imports yaml.v3, which internal/source alone may (and the benchmark that compares with it)", name)
		}
		if slices.Contains(all, "github.com/urfave/cli/v2") && !strings.HasPrefix(name, "cmd/") && !within(name, "internal/cli") {
			t.Errorf("%s imports the flag package, which only cmd/ and internal/cli may", name)
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
		"internal/source":  {"merge", "config", "check", "compile", "manifest", "loadgen"},
		"internal/merge":   {"config", "check", "compile", "manifest", "loadgen"},
		"internal/diag":    {"source", "merge", "config", "check", "compile", "manifest", "loadgen"},
		"internal/config":  {"check", "compile", "manifest", "loadgen"},
		"internal/loadgen": {"source", "merge", "check", "client", "engine", "run"},
		"internal/engine":  {"run", "report"},
		"internal/client":  {"run", "report", "loadgen"},
		"internal/record":  {"run", "report", "engine", "client"},
		"internal/report":  {"run", "engine", "client"},
		"internal/render":  {"check", "compile", "explain", "edit", "lsp", "launch", "engine", "client", "record", "run", "report"},
		"internal/backend": {"diag", "source", "merge", "config", "check", "compile", "manifest", "loadgen", "engine", "client", "record", "run", "report"},
		"schema":           {"source", "merge", "config", "check", "compile", "manifest", "loadgen"},
	} {
		for name := range packages {
			if !within(name, low) {
				continue
			}
			for _, high := range highs {
				if depends(name, "internal/"+high) {
					t.Errorf("%s depends on internal/%s", name, high)
				}
			}
		}
	}
	rooms(t, packages)
}

// TestSplit holds what the program that starts for one file must not start with: the packages
// alone would take longer than the lint.
func TestSplit(t *testing.T) {
	out, err := exec.Command("go", "list", "-tags", "split,urfave_cli_no_docs", "-deps", "./cmd/mlcfg").Output()
	if err != nil {
		t.Skipf("SKIPPED: go list does not work here: %v", err)
	}
	for dep := range strings.FieldsSeq(string(out)) {
		for _, slow := range []string{"cuelang.org/", "github.com/cockroachdb/apd", "google.golang.org/protobuf", "github.com/parquet-go/", "github.com/klauspost/compress/zstd", "github.com/ulikunitz/xz", "github.com/russross/blackfriday", "encoding/gob", "net/http"} {
			if strings.HasPrefix(dep, slow) {
				t.Errorf("mlcfg built with -tags split depends on %s", dep)
			}
		}
	}
}

// rooms holds the list of rooms in docs/development.md to the packages that are there:
// each room one line, each line a room.
func rooms(t *testing.T, packages map[string]listed) {
	t.Helper()
	page, err := os.ReadFile("docs/development.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^    ((?:internal|tools|schema|cmd)[\w/]*)  +\S`).FindAllSubmatch(page, -1) {
		told[string(m[1])]++
	}
	there := map[string]bool{}
	for name := range packages {
		parts := strings.Split(name, "/")
		switch parts[0] {
		case "internal", "tools", "cmd":
			there[parts[0]+"/"+parts[1]] = true
		case "schema":
			there["schema"] = true
		}
	}
	for name := range there {
		if told[name] != 1 {
			t.Errorf("docs/development.md names %s %d times, not once", name, told[name])
		}
	}
	for name := range told {
		if !there[name] {
			t.Errorf("docs/development.md names %s, which is not there", name)
		}
	}
}
