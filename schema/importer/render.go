package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/lazyregexp"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
)

// plainName is what the engines' keys look like.
var plainName = lazyregexp.New(`^[A-Za-z0-9_.-]+$`)

// renderField writes a definition as one line of CUE, without its releases:
// label, value, attributes.
func renderField(d Definition) (string, error) {
	if !plainName.MatchString(d.Name) {
		return "", fmt.Errorf("%q is no name of a key", d.Name)
	}
	alts := slices.Clone(d.Type)
	for _, a := range d.Type {
		if err := a.Union.check(); err != nil {
			return "", fmt.Errorf("key %q: %w", d.Name, err)
		}
	}
	value, err := renderValue(alts, d.Default)
	if err != nil {
		return "", fmt.Errorf("key %s: %w", d.Name, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s?: %s", label(d.Name), value)
	if d.Required {
		b.WriteString(" @required()")
	}
	if d.DefaultNote != "" {
		fmt.Fprintf(&b, " @default(%s)", quote(oneLine(d.DefaultNote, 120)))
	}
	if config := configBody(d.Type); config != "" {
		fmt.Fprintf(&b, " @config(%s)", config)
	}
	if f := d.Flag; f != nil {
		args := make([]string, 0, len(f.Names)+3)
		for _, n := range f.Names {
			args = append(args, quote(n))
		}
		for _, p := range [][2]string{{"negative", f.Negative}, {"action", actionText(f.Action)}, {"nargs", f.Nargs}} {
			if p[1] != "" {
				args = append(args, p[0]+"="+quote(p[1]))
			}
		}
		fmt.Fprintf(&b, " @flag(%s)", strings.Join(args, ","))
	}
	if d.Deprecated != "" {
		fmt.Fprintf(&b, " @deprecated(%s)", quote(oneLine(d.Deprecated, 300)))
	}
	if d.Unread {
		b.WriteString(" @unread()")
	}
	if d.Limit != "" {
		fmt.Fprintf(&b, " @limit(%s)", quote(d.Limit))
	}
	for _, r := range d.Refusals {
		if err := r.Valid(); err != nil {
			return "", fmt.Errorf("key %s: %w", d.Name, err)
		}
		fmt.Fprintf(&b, " @refuse(%s,says=%s)", quote(r.When), quote(oneLine(r.Says, 300)))
	}
	return b.String(), nil
}

// actionText leaves the usual action out.
func actionText(action string) string {
	if action == "store" {
		return ""
	}
	return action
}

func quote(s string) string { return literal.String.Quote(s) }

func label(name string) string {
	if ast.IsValidIdent(name) && !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, "#") {
		return name
	}
	return literal.Label.Quote(name)
}

// oneLine folds white space and cuts long text at a word.
func oneLine(s string, limit int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= limit {
		return s
	}
	cut := strings.LastIndexByte(s[:limit], ' ')
	if cut < limit/2 {
		cut = limit
	}
	return strings.ToValidUTF8(s[:cut], "") + " …"
}

// check refuses what an attribute cannot hold.
func (u *Union) check() error {
	if u == nil {
		return nil
	}
	for value := range u.Cases {
		if !plainName.MatchString(value) || value == "by" {
			return fmt.Errorf("%q is no name of a case", value)
		}
	}
	return nil
}

// configBody is the body of @config, empty for a key whose maps are free.
func configBody(alts []Alternative) string {
	for _, a := range alts {
		switch {
		case a.Config != "":
			return quote(a.Config)
		case a.Union != nil && a.Union.By != "":
			words := []string{}
			if a.Union.Otherwise != "" {
				words = append(words, quote(a.Union.Otherwise))
			}
			words = append(words, "by="+quote(a.Union.By))
			for _, value := range slices.Sorted(maps.Keys(a.Union.Cases)) {
				words = append(words, value+"="+quote(a.Union.Cases[value]))
			}
			return strings.Join(words, ",")
		}
	}
	return ""
}

// renderValue writes the disjunction, the default marked with *: in the place
// of an equal literal, or in front.
func renderValue(alts []Alternative, defaultJSON json.RawMessage) (string, error) {
	var words []string
	for _, a := range alts {
		word, err := renderAlternative(a)
		if err != nil {
			return "", err
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if slices.Contains(words, "_") {
		words = []string{"_"}
	}
	if defaultJSON != nil {
		text, err := renderJSON(defaultJSON, hasKind(alts, "float") && !hasKind(alts, "int"))
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(text, "{") {
			text = "close(" + text + ")" // else CUE takes any map for it
		}
		words = slices.DeleteFunc(words, func(w string) bool { return w == text })
		if len(words) == 0 {
			words = append(words, text) // CUE wants an alternative beside a default
		}
		words = slices.Insert(words, 0, "*"+text)
	}
	// null reads best at the end, where it is not the default.
	if i := slices.Index(words, "null"); i >= 0 {
		words = append(slices.Delete(words, i, i+1), "null")
	}
	if len(words) == 0 {
		return "", fmt.Errorf("no type")
	}
	return strings.Join(words, " | "), nil
}

func hasKind(alts []Alternative, kind string) bool {
	return slices.ContainsFunc(alts, func(a Alternative) bool { return a.Kind == kind })
}

func renderAlternative(a Alternative) (string, error) {
	switch a.Kind {
	case "null", "bool", "string":
		return a.Kind, nil
	case "int":
		return "int" + bounds(a), nil
	case "float":
		return "number" + bounds(a), nil
	case "any":
		return "_", nil
	case "env-int", "env-float", "env-bool", "env-truth", "env-word", "env-filled", "env-switch", "env-text":
		form := strings.TrimPrefix(a.Kind, "env-")
		return "#" + strings.ToUpper(form[:1]) + form[1:], nil
	case "env-json":
		return "#JSON", nil
	case "pattern":
		text, err := renderJSON(a.Value, false)
		return "=~" + text, err
	case "literal":
		return renderJSON(a.Value, false)
	case "list":
		if a.Items == nil {
			return "[...]", nil
		}
		inner, err := renderValue(a.Items, nil)
		return "[..." + paren(inner) + "]", err
	case "map":
		if a.Values == nil {
			return "{...}", nil
		}
		inner, err := renderValue(a.Values, nil)
		return "{[string]: " + inner + "}", err
	}
	return "", fmt.Errorf("unknown kind %q", a.Kind)
}

func paren(s string) string {
	if strings.Contains(s, " ") {
		return "(" + s + ")"
	}
	return s
}

func bounds(a Alternative) string {
	text := ""
	for _, p := range []struct {
		op string
		n  json.Number
	}{{">=", a.GE}, {">", a.GT}, {"<=", a.LE}, {"<", a.LT}} {
		if p.n != "" {
			text += " & " + p.op + p.n.String()
		}
	}
	for _, n := range a.Not {
		text += " & !=" + n.String()
	}
	return text
}

// renderJSON writes a JSON value as CUE; asFloat makes 1 of a float key 1.0.
func renderJSON(data json.RawMessage, asFloat bool) (string, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return "", fmt.Errorf("reading value %s: %w", data, err)
	}
	return renderGo(v, asFloat)
}

func renderGo(v any, asFloat bool) (string, error) {
	switch x := v.(type) {
	case nil:
		return "null", nil
	case bool:
		return strconv.FormatBool(x), nil
	case string:
		return literal.String.Quote(x), nil
	case json.Number:
		if asFloat && !strings.ContainsAny(x.String(), ".eE") {
			return x.String() + ".0", nil
		}
		return x.String(), nil
	case []any:
		parts := make([]string, len(x))
		for i, el := range x {
			part, err := renderGo(el, false)
			if err != nil {
				return "", err
			}
			parts[i] = part
		}
		return "[" + strings.Join(parts, ", ") + "]", nil
	case map[string]any:
		names := make([]string, 0, len(x))
		for name := range x {
			names = append(names, name)
		}
		slices.Sort(names)
		parts := make([]string, len(names))
		for i, name := range names {
			part, err := renderGo(x[name], false)
			if err != nil {
				return "", err
			}
			parts[i] = label(name) + ": " + part
		}
		return "{" + strings.Join(parts, ", ") + "}", nil
	}
	return "", fmt.Errorf("a value of type %T", v)
}

// renderDoc writes help text as comment lines of at most about 96 letters,
// indented by one tab. Line breaks of the text are kept only between paragraphs.
func renderDoc(doc string) string {
	var b strings.Builder
	for i, paragraph := range paragraphs(doc) {
		if i > 0 {
			b.WriteString("\t//\n")
		}
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && len(line)+1+len(word) > 96 {
				b.WriteString("\t// " + line + "\n")
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		b.WriteString("\t// " + line + "\n")
	}
	return b.String()
}

// paragraphs splits at empty lines and before list items.
func paragraphs(doc string) []string {
	var out []string
	open := false
	for line := range strings.SplitSeq(strings.ToValidUTF8(doc, "?"), "\n") {
		text := strings.TrimSpace(strings.Map(printable, line))
		item := strings.HasPrefix(text, "- ") || strings.HasPrefix(text, "* ")
		switch {
		case text == "":
			open = false
		case open && !item:
			out[len(out)-1] += " " + text
		default:
			out = append(out, text)
			open = true
		}
	}
	return out
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r == 0xfeff {
		return ' '
	}
	return r
}
