package diag

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestCatalog: every code that the source can emit has its meaning in the
// catalog, and nothing else has.
func TestCatalog(t *testing.T) {
	used := sourceCodes(t, filepath.Join("..", ".."))
	var known []string
	for _, c := range Catalog() {
		known = append(known, c.Code)
		if len(c.About) < 20 || strings.HasSuffix(c.About, ".") {
			t.Errorf("%s: %q is no description, a sentence without full stop", c.Code, c.About)
		}
	}
	if !slices.IsSorted(known) {
		t.Error("the catalog is not sorted")
	}
	for _, code := range used {
		if !slices.Contains(known, code) {
			t.Errorf("code %s has no entry in the catalog", code)
		}
	}
	for _, code := range known {
		if !slices.Contains(used, code) {
			t.Errorf("code %s of the catalog is emitted nowhere", code)
		}
	}
	if About("unknown-key") == "" || About("nothing") != "" {
		t.Error("About")
	}
}

// sourceCodes finds the codes in the program's source: text and constants that
// go into a field Code or a parameter named code.
func sourceCodes(t *testing.T, root string) []string {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, dir := range []string{"internal", "cmd", "schema"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
			files = append(files, f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	constants := map[string]string{} // by name; for codes the names differ between packages
	takes := map[string]int{}        // functions with a parameter named code, by package and name: its index
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if i < len(n.Values) {
						if text, ok := literal(n.Values[i]); ok {
							constants[f.Name.Name+"."+name.Name] = text
						}
					}
				}
			case *ast.FuncDecl:
				if i := codeParameter(n.Type); i >= 0 {
					takes[f.Name.Name+"."+n.Name.Name] = i
				}
			case *ast.AssignStmt:
				if fn, ok := n.Rhs[0].(*ast.FuncLit); ok && codeParameter(fn.Type) >= 0 {
					takes[f.Name.Name+"."+n.Lhs[0].(*ast.Ident).Name] = codeParameter(fn.Type)
				}
			}
			return true
		})
	}
	codes := map[string]bool{}
	for _, f := range files {
		add := func(e ast.Expr) {
			text, ok := literal(e)
			if s, isSelector := e.(*ast.SelectorExpr); isSelector {
				if x, isName := s.X.(*ast.Ident); isName {
					text, ok = constants[x.Name+"."+s.Sel.Name]
				}
			} else if id, isName := e.(*ast.Ident); isName {
				text, ok = constants[f.Name.Name+"."+id.Name]
			}
			if ok && regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(text) {
				codes[text] = true
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if id, ok := n.Key.(*ast.Ident); ok && id.Name == "Code" {
					add(n.Value)
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if s, ok := left.(*ast.SelectorExpr); ok && s.Sel.Name == "Code" && i < len(n.Rhs) {
						add(n.Rhs[i])
					}
				}
			case *ast.CallExpr:
				name := ""
				switch fn := n.Fun.(type) {
				case *ast.Ident:
					name = fn.Name
				case *ast.SelectorExpr:
					name = fn.Sel.Name
				}
				if i, ok := takes[f.Name.Name+"."+name]; ok && i < len(n.Args) {
					add(n.Args[i])
				}
			}
			return true
		})
	}
	var all []string
	for code := range codes {
		all = append(all, code)
	}
	slices.Sort(all)
	return all
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// codeParameter is the index of a parameter named code, -1 where there is none.
func codeParameter(f *ast.FuncType) int {
	i := 0
	for _, field := range f.Params.List {
		for _, name := range field.Names {
			if name.Name == "code" {
				return i
			}
			i++
		}
	}
	return -1
}
