package importer

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"

	"mlcfg/schema"
)

// source is what the CUE files of an engine say, or those of a schema that no release
// changes: files in which each top-level struct is a section and each of its fields one
// definition of one key.
type source struct {
	pkg      string
	releases []string
	// forms are the definitions (#Int: ...) that fields name, with their texts.
	forms  map[string]ast.Expr
	texts  map[string]string
	fields []sourceField
	cue    *cue.Context
}

// sourceField is a definition of a key as it stands in a file.
type sourceField struct {
	section, name string
	file          string
	first, last   int // indexes into the releases
	text          string
	doc           []string // the lines of the comment above, with their slashes
	field         *ast.Field
	value         cue.Value // for the attributes
}

// sourceFile is a CUE file; name is how positions call it.
type sourceFile struct{ name, text string }

// read takes files apart. Sources with releases say by @release in which ones a
// definition holds.
func read(files []sourceFile) (*source, error) {
	s := &source{forms: map[string]ast.Expr{}, texts: map[string]string{}, cue: cuecontext.New()}
	parsed := make([]*ast.File, len(files))
	for i, f := range files {
		file, err := parser.ParseFile(f.name, f.text, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("reading CUE: %s", strings.TrimSpace(errors.Details(err, nil)))
		}
		s.pkg, parsed[i] = file.PackageName(), file
		if err := s.heads(f, file); err != nil {
			return nil, err
		}
	}
	for i, file := range parsed {
		for _, d := range file.Decls {
			section, ok := d.(*ast.Field)
			if !ok {
				continue
			}
			name, _, err := ast.LabelName(section.Label)
			if body, isStruct := section.Value.(*ast.StructLit); err == nil && isStruct && !strings.HasPrefix(name, "#") {
				if err := s.section(files[i], name, body); err != nil {
					return nil, err
				}
			}
		}
	}
	return s, nil
}

// heads reads the list of releases and the forms, which any file may have.
func (s *source) heads(f sourceFile, file *ast.File) error {
	for _, d := range file.Decls {
		field, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		name, _, err := ast.LabelName(field.Label)
		if err != nil {
			return fmt.Errorf("%s: %w", field.Pos(), err)
		}
		if strings.HasPrefix(name, "#") {
			s.forms[name], s.texts[name] = field.Value, textOf(f, field.Value)
		}
		if list, ok := field.Value.(*ast.ListLit); ok && name == "releases" {
			if err := s.cue.BuildExpr(list).Decode(&s.releases); err != nil {
				return fmt.Errorf("%s: reading the releases: %w", field.Pos(), err)
			}
		}
	}
	return nil
}

// textOf is the source of a node.
func textOf(f sourceFile, node ast.Node) string {
	return f.text[node.Pos().Offset():node.End().Offset()]
}

func (s *source) section(f sourceFile, name string, body *ast.StructLit) error {
	for _, d := range body.Elts {
		field, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		e := sourceField{section: name, file: f.name, field: field}
		var err error
		if e.name, _, err = ast.LabelName(field.Label); err != nil {
			return fmt.Errorf("%s: %w", field.Pos(), err)
		}
		if field.Constraint.String() != "?" {
			return fmt.Errorf("%s: want an optional field, %s?: …", field.Pos(), e.name)
		}
		for _, group := range ast.Comments(field) {
			for _, comment := range group.List {
				if group.Doc {
					e.doc = append(e.doc, comment.Text)
				}
			}
		}
		end := field.End().Offset()
		for _, a := range field.Attrs {
			if key, _ := a.Split(); key == "release" {
				end = a.Pos().Offset()
			}
		}
		e.text = strings.TrimSpace(f.text[field.Pos().Offset():end])
		// The value alone may name a form, which is read by its syntax; the attributes need none.
		e.value = s.cue.BuildExpr(&ast.StructLit{Elts: []ast.Decl{&ast.Field{
			Label: field.Label, Value: ast.NewIdent("_"), Attrs: field.Attrs,
		}}}).LookupPath(cue.MakePath(cue.Str(e.name)))
		if err := s.span(&e); err != nil {
			return err
		}
		s.fields = append(s.fields, e)
	}
	return nil
}

// span reads in which releases a definition holds.
func (s *source) span(e *sourceField) error {
	a := e.value.Attribute("release")
	if len(s.releases) == 0 {
		return nil
	}
	if a.Err() != nil && s.pkg == handPackage {
		e.last = len(s.releases) - 1 // what is written by hand says only what differs
		return nil
	}
	first, err := a.String(0)
	if err != nil {
		return fmt.Errorf("%s: want a field that ends in @release(...): %s", e.field.Pos(), e.text)
	}
	last, ok, err := a.Lookup(1, "last")
	if err != nil || !ok {
		last = s.releases[len(s.releases)-1]
	}
	e.first, e.last = slices.Index(s.releases, first), slices.Index(s.releases, last)
	if e.first < 0 || e.last < e.first {
		return fmt.Errorf("%s: unknown releases %q to %q: %s", e.field.Pos(), first, last, e.text)
	}
	return nil
}

// definition is the field as the index has it.
func (s *source) definition(e *sourceField) (schema.Definition, error) {
	pos := e.field.Pos()
	d := schema.Definition{Section: e.section, Name: e.name, First: e.first, Last: e.last, File: e.file, Line: pos.Line(), Column: pos.Column()}
	lines := make([]string, len(e.doc))
	for i, line := range e.doc {
		lines[i] = strings.TrimPrefix(strings.TrimPrefix(line, "//"), " ")
	}
	d.Doc = strings.Join(lines, "\n")
	x := expression{forms: s.forms, cue: s.cue}
	var err error
	if d.Alternatives, err = x.alternatives(e.field.Value, nil); err != nil {
		return d, fmt.Errorf("%s: key %s: %w", pos, e.name, err)
	}
	d.Default, d.HasDefault = x.def, x.hasDefault
	for _, a := range e.value.Attributes(cue.FieldAttr) {
		// What is not there is an empty text.
		text, _ := a.String(0)
		switch a.Name() {
		case "flag":
			d.Flag = flagOf(a)
		case "deprecated":
			d.Deprecated = text
		case "default":
			d.DefaultNote = text
		case "limit":
			d.Limit = text
		case "refuse":
			says, _, _ := a.Lookup(1, "says")
			d.Refusals = append(d.Refusals, schema.Refusal{When: text, Says: says})
		case "config":
			d.Config, d.Union = configOf(a)
		case "required":
			d.Required = true
		case "unread":
			d.Unread = true
		case "own":
			d.Own = true
		case "notrun":
			d.NotRun = text
		case "until":
			d.Until = text
		case "without":
			d.Without = text
		case "anycase":
			d.AnyCase = true
		case "only":
			d.Only = append(d.Only, onlyOf(a))
		}
	}
	d.Inert = s.inert(e)
	return d, nil
}

// configOf reads @config("A"), and @config("A",by="mode",x="A",y="B") where a key of the
// map tells of which section it is; "A", which is then optional, is that of a map without it.
func configOf(a cue.Attribute) (string, *schema.Union) {
	u := &schema.Union{Cases: map[string]string{}}
	config := ""
	for i := range a.NumArgs() {
		switch key, value := a.Arg(i); {
		case value == "":
			config, _ = a.String(i)
		case key == "by":
			u.By = value
		default:
			u.Cases[key] = value
		}
	}
	if u.By == "" {
		return config, nil
	}
	return config, u
}

// onlyOf reads @only("WHO",value="V",in="SCENARIO",else="WHAT").
func onlyOf(a cue.Attribute) schema.Only {
	var o schema.Only
	for i := range a.NumArgs() {
		switch key, value := a.Arg(i); key {
		case "value":
			o.Value = value
		case "in":
			o.In = value
		case "else":
			o.Else = value
		default:
			o.Who, _ = a.String(i)
		}
	}
	return o
}

func flagOf(a cue.Attribute) *schema.Flag {
	f := &schema.Flag{Action: "store"}
	for i := range a.NumArgs() {
		switch key, value := a.Arg(i); {
		case value == "":
			if name, err := a.String(i); err == nil {
				f.Names = append(f.Names, name)
			}
		case key == "negative":
			f.Negative = value
		case key == "action":
			f.Action = value
		case key == "nargs":
			f.Nargs = value
		}
	}
	return f
}

// inert tells of a variable that no source of the release reads while that of
// an earlier one did. What none ever read may be read by native code.
func (s *source) inert(e *sourceField) bool {
	unread := func(e *sourceField) bool {
		a := e.value.Attribute("unread")
		return a.Err() == nil
	}
	if !unread(e) {
		return false
	}
	for i := range s.fields {
		o := &s.fields[i]
		if o.section == e.section && o.name == e.name && o.last < e.first && !unread(o) {
			return true
		}
	}
	return false
}
