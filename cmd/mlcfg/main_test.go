package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"mlcfg/tools/goldenfile"
	"mlcfg/tools/sharedata"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mlcfg": main})
}

// TestScript runs the scenarios of command lines. $EXAMPLES is the example
// configuration; those of script_corpus need the real one, $CORPUS.
func TestScript(t *testing.T) {
	root := sharedata.Root(t)
	scripts := func(t *testing.T, dir string, vars ...string) {
		testscript.Run(t, testscript.Params{
			Dir:                 filepath.Join("testdata", dir),
			UpdateScripts:       *goldenfile.Update,
			RequireExplicitExec: true,
			Setup: func(env *testscript.Env) error {
				env.Setenv("EXAMPLES", filepath.Join(root, "examples"))
				for i := 0; i < len(vars); i += 2 {
					env.Setenv(vars[i], vars[i+1])
				}
				return nil
			},
		})
	}
	t.Run("own", func(t *testing.T) { scripts(t, "script") })
	t.Run("corpus", func(t *testing.T) { scripts(t, "script_corpus", "CORPUS", sharedata.Corpus(t)) })
}

// TestReleasesPage holds docs/releases.md against the embedded schemas.
func TestReleasesPage(t *testing.T) {
	want, err := os.ReadFile(filepath.Join(sharedata.Root(t), "docs", "releases.md"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	a := &app{stdout: &out, stderr: io.Discard, getenv: func(string) string { return "" }}
	if code := a.run([]string{"mlcfg", "schema", "list", "--format", "markdown"}); code != exitOK {
		t.Fatalf("exit status %d", code)
	}
	if out.String() != string(want) {
		t.Error("docs/releases.md is not what the schemas say; run make schema-docs")
	}
}
