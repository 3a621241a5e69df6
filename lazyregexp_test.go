package mlcfg_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestLazyRegexps holds that no regular expression of the two programs is compiled at
// their start, which costs more than most of them do for one file: internal/lazyregexp has
// those of whole packages.
func TestLazyRegexps(t *testing.T) {
	out, err := exec.Command("git", "ls-files", "*.go").Output()
	if err != nil {
		t.Skipf("SKIPPED: git ls-files does not work here: %v", err)
	}
	found := 0
	for _, path := range strings.Fields(string(out)) {
		if strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "tools/") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "regexp") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if vars, ok := decl.(*ast.GenDecl); ok && vars.Tok == token.VAR {
				found += compiles(t, set, vars)
			}
		}
	}
	if found == 0 {
		t.Error("no regular expression was found")
	}
}

// compiles reports calls that compile an expression in package variables, outside of
// functions, and returns how many lazy ones there are.
func compiles(t *testing.T, set *token.FileSet, vars *ast.GenDecl) (lazy int) {
	ast.Inspect(vars, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			switch {
			case !ok:
			case x.Name == "lazyregexp":
				lazy++
			case x.Name == "regexp" && strings.Contains(n.Sel.Name, "Compile"):
				t.Errorf("%s: an expression is compiled at start: use lazyregexp.New", set.Position(n.Pos()))
			}
		}
		return true
	})
	return lazy
}
