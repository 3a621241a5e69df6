package main

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"mlcfg/internal/sharedata"
)

var update = flag.Bool("update", false, "rewrite golden files")

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
			UpdateScripts:       *update,
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
