package layout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mlcfg/internal/source"
)

// writer makes up configuration files as people write them: any indentation,
// spelling, style and place of comments.
type writer struct {
	*rand.Rand
	strings.Builder
	comments []string
	keys     int
	// linked makes anchors and aliases.
	linked  bool
	anchors []string
}

var scalars = []string{
	"1", "-1", "0.90", "1_000", "010", "0x1F", "0b11", "1:30", "1:30.5", "+7", "08", "0o17", "1e3", "1.5E3", "2.e+3", ".5", "-.5", ".inf", "-.INF", ".NaN",
	"true", "True", "off", "YES", "no", "y", "N", "~", "null", "NULL", "", "None", "MISSING", "'None'", `"null"`, "???",
	"fp8", "/model/llama2-70b-chat-hf/fp8_quantized", "a#b", "a b  c", "${a.b}", `"ERROR"`, "'it''s'", `'say "x"'`, `"tab\t \u00e9 \x41 \/"`, `'a\b'`, `""`, "''",
	"2001-12-14", "2001-12-14t21:59:43.10-05:00", "\"#not\"", "'a # b'", "!!str 5", "!!float 1", "!!int '7'", "!!null x", "!!bool 'yes'", "-x", "a:b", "http://x/y", "é ü", "'multi\n\n   line'", "\"fold\n   ed\"", "=x", "x@y", "--", "z*",
}

func (w *writer) comment() string {
	c := fmt.Sprintf("# c%d %s", len(w.comments), []string{"", "x: 1", "'", "[", "\"quo", "ends here"}[w.IntN(6)])
	c = strings.TrimRight(c, " ")
	w.comments = append(w.comments, c)
	return c
}

// end ends a line, sometimes with a comment, blank lines and comments below.
func (w *writer) end(indent int) {
	if w.IntN(6) == 0 {
		w.WriteString(strings.Repeat(" ", 1+w.IntN(3)) + w.comment())
	} else if w.IntN(20) == 0 {
		w.WriteString("  ")
	}
	w.WriteString([]string{"\n", "\n", "\n", "\n", "\r\n"}[w.IntN(5)])
	for w.IntN(6) == 0 {
		switch w.IntN(3) {
		case 0:
			w.WriteString("\n")
		case 1:
			w.WriteString("   \n")
		default:
			w.WriteString(strings.Repeat(" ", []int{indent, indent, w.IntN(9)}[w.IntN(3)]) + w.comment() + "\n")
		}
	}
}

func (w *writer) key() string {
	w.keys++
	switch w.IntN(12) {
	case 0:
		return fmt.Sprintf("'k%d'", w.keys)
	case 1:
		return fmt.Sprintf(`"k %d"`, w.keys)
	case 2:
		return fmt.Sprintf("0%d", w.keys*8)
	}
	return fmt.Sprintf("k%d", w.keys)
}

func (w *writer) scalar() string {
	s := scalars[w.IntN(len(scalars))]
	if w.linked && w.IntN(5) == 0 {
		if len(w.anchors) > 0 && w.IntN(2) == 0 {
			return "*" + w.anchors[w.IntN(len(w.anchors))]
		}
		w.anchors = append(w.anchors, fmt.Sprintf("a%d", w.keys*100+len(w.anchors)))
		return "&" + w.anchors[len(w.anchors)-1] + " " + s
	}
	return s
}

func (w *writer) flow(depth int, indent int) {
	list := w.IntN(2) == 0
	w.WriteString(map[bool]string{true: "[", false: "{"}[list])
	gap := func() {
		if w.IntN(4) == 0 {
			w.end(indent)
			w.WriteString(strings.Repeat(" ", indent+1))
		}
	}
	gap()
	n := w.IntN(9)
	for i := range n {
		if !list {
			w.WriteString(w.key() + ": ")
		}
		if depth < 3 && w.IntN(4) == 0 {
			w.flow(depth+1, indent)
		} else {
			s := "*"
			for strings.ContainsAny(s, "*{[\n") || s == "" {
				s = w.scalar()
			}
			w.WriteString(s)
		}
		if i+1 < n {
			w.WriteString(", ")
		}
		gap()
	}
	w.WriteString(map[bool]string{true: "]", false: "}"}[list])
}

// block writes a block scalar.
func (w *writer) block(indent int) {
	more := 1 + w.IntN(4)
	head := []string{"|", ">"}[w.IntN(2)]
	lead := ""
	if w.IntN(4) == 0 {
		head += fmt.Sprint(more)
		lead = "  "
	}
	head += []string{"", "-", "+"}[w.IntN(3)]
	w.WriteString(head)
	if w.IntN(4) == 0 {
		w.WriteString(" " + w.comment())
	}
	w.WriteString("\n")
	for i := range 1 + w.IntN(4) {
		if i > 0 && w.IntN(3) == 0 {
			w.WriteString("\n")
		}
		pad := lead
		if i > 0 {
			pad = strings.Repeat(" ", w.IntN(3))
		}
		w.WriteString(strings.Repeat(" ", indent+more) + pad + []string{"text", "# no comment", "a: b", "- x"}[w.IntN(4)] + "\n")
	}
	if w.IntN(3) == 0 {
		w.WriteString("\n")
	}
}

// value writes what stands behind a colon or dash at an indentation.
func (w *writer) value(depth, indent int) {
	kind := w.IntN(10)
	switch {
	case kind == 0:
		w.WriteString(" ")
		w.flow(0, indent)
		w.end(indent)
	case kind == 1:
		w.WriteString(" ")
		w.block(indent)
	case kind <= 3 && depth < 3:
		w.end(indent)
		w.entries(depth+1, indent+1+w.IntN(4), kind == 2)
	default:
		s := w.scalar()
		if strings.Contains(s, "\n") {
			s = strings.ReplaceAll(s, "\n", "\n"+strings.Repeat(" ", indent+1))
		}
		w.WriteString(" " + s)
		w.end(indent)
	}
}

func (w *writer) entries(depth, indent int, list bool) {
	for range 1 + w.IntN(5) {
		w.WriteString(strings.Repeat(" ", indent))
		switch {
		case !list:
			w.WriteString(w.key() + ":")
			w.value(depth, indent)
		case depth < 3 && w.IntN(3) == 0:
			gap := 1 + w.IntN(2)
			w.WriteString("-" + strings.Repeat(" ", gap) + w.key() + ":")
			w.value(depth+1, indent+1+gap)
			for range w.IntN(3) {
				w.WriteString(strings.Repeat(" ", indent+1+gap) + w.key() + ":")
				w.value(depth+1, indent+1+gap)
			}
		default:
			w.WriteString("-")
			w.value(depth, indent)
		}
	}
}

func madeUp(seed uint64) *writer {
	w := &writer{Rand: rand.New(rand.NewPCG(seed, 5))}
	w.linked = w.IntN(4) == 0
	for w.IntN(3) == 0 {
		w.end(0)
	}
	names := slices.Clone(order)
	w.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names[:1+w.IntN(len(names)-1)] {
		w.WriteString(name + ":")
		w.value(0, 0)
	}
	return w
}

// TestMadeUpFiles formats files that a generator made up: the same values, each
// comment there once, and canonical form its own.
func TestMadeUpFiles(t *testing.T) {
	const files = 3000
	read := 0
	for seed := range uint64(files) {
		w := madeUp(seed)
		data := []byte(w.String())
		before, found := source.Parse("x", data)
		if found.HasErrors() {
			continue // the generator sometimes writes what is none
		}
		read++
		out := twice(t, "x", data)
		after, _ := source.Parse("x", out)
		if diff := cmp.Diff(before.Interface(), after.Interface(), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("seed %d: values changed:\n%s\n%s\nto\n%s", seed, diff, data, out)
		}
		if got := comments(string(out)); !slices.Equal(got, slices.Sorted(slices.Values(w.comments))) {
			t.Errorf("seed %d: comments %q, want %q\n%s\nto\n%s", seed, got, w.comments, data, out)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if read < files/2 {
		t.Errorf("only %d of %d files could be read", read, files)
	}
}

// comments finds the generator's comments in a text, sorted.
func comments(s string) (found []string) {
	for line := range strings.Lines(s) {
		if i := strings.Index(line, "# c"); i >= 0 && strings.IndexByte("0123456789", line[i+3]) >= 0 {
			found = append(found, strings.TrimRight(line[i:], " \n"))
		}
	}
	slices.Sort(found)
	return found
}

func FuzzFormat(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(madeUp(seed).String())
	}
	// A tag without a name, and a line of a block that is only spaces, but more than its indentation.
	f.Add("a: ! b\nc: ! \"12\"\n")
	f.Add("a: |\n b\n    \nc: >\n d\n    ")
	f.Add("a: >1\n    \n b\n")
	f.Add("a: >+\n b\n ")
	f.Add("a; { {b}}#c: d\n")
	f.Fuzz(func(t *testing.T, s string) {
		out, found, err := Format("x", []byte(s), order, source.OmegaConf23)
		if err != nil {
			t.Fatal(err)
		}
		if out == nil {
			if !found.HasErrors() {
				t.Fatal("no output and no finding")
			}
			return
		}
		twice(t, "x", []byte(s))
	})
}
