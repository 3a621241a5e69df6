package mlcfg_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mlcfg/internal/backend"
)

// TestEnginesHaveOneRoom: what an engine is stands in internal/backend, so no
// other program text names one as a value. Help texts that show a command may.
func TestEnginesHaveOneRoom(t *testing.T) {
	names := map[string]bool{}
	for _, name := range backend.Names() {
		names[name] = true
	}
	seen := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == "schema" || path == "internal/backend" || d.Name() == "testdata" || path != "." && strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		seen++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if text, err := strconv.Unquote(lit.Value); err == nil && names[text] {
				t.Errorf("%s names the engine %s, which internal/backend alone may", set.Position(lit.Pos()), text)
			}
			return true
		})
		return nil
	})
	if err != nil || seen < 200 {
		t.Fatalf("%d files looked at, %v", seen, err)
	}
}
