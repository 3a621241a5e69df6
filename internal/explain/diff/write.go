package diff

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"mlcfg/internal/cli/ansi"
	"mlcfg/internal/diag"
	"mlcfg/internal/explain"
	"mlcfg/internal/manifest"
)

// Only is a file of a folder that has no partner in the others.
type Only struct {
	// Name is the file relative to the folders, In the folders that have it.
	Name string   `json:"name"`
	In   []string `json:"in"`
}

// TextOptions say how text is written. The zero value writes no colours.
type TextOptions struct {
	// Color adds ANSI colours: for terminals only.
	Color bool
}

// The widths that columns may have, in characters.
const (
	changeWidth = 64
	cellWidth   = 28
)

// WriteText writes reports for people: two sides as a list of changes, more as
// a table. Reports without a difference are left out.
func WriteText(w io.Writer, reports []*Report, only []Only, o TextOptions) error {
	t := &textWriter{out: bufio.NewWriter(w), style: ansi.Style{On: o.Color}}
	for _, r := range reports {
		if !r.Differs() {
			continue
		}
		if t.written {
			fmt.Fprintln(t.out)
		}
		t.written = true
		if !r.Table {
			t.list(r)
		} else {
			t.table(r)
		}
	}
	for i, f := range only {
		if i == 0 && t.written {
			fmt.Fprintln(t.out)
		}
		fmt.Fprintf(t.out, "%s %s\n", t.style.Yellow("only in"), diag.Clean(strings.Join(f.In, ", ")+": "+f.Name))
	}
	return t.out.Flush()
}

type textWriter struct {
	out     *bufio.Writer
	style   ansi.Style
	written bool
}

func (t *textWriter) list(r *Report) {
	s := t.style
	width := 0
	for _, side := range r.Sides {
		width = max(width, utf8.RuneCountInString(diag.Clean(side.Name)))
	}
	for i, side := range r.Sides {
		line := []string{"--- ", "+++ "}[i] + ansi.Pad(diag.Clean(side.Name), width) + "  " + strings.Join(side.Engines, ", ")
		if i == 0 {
			line = s.Red(line)
		} else {
			line = s.Green(line)
		}
		fmt.Fprintln(t.out, line)
	}
	keys, changes, ratios := 0, 0, 0
	for i := range r.Rows {
		row := &r.Rows[i]
		keys = max(keys, utf8.RuneCountInString(row.label(r, false)))
		changes = max(changes, min(utf8.RuneCountInString(row.change()), changeWidth))
		ratios = max(ratios, utf8.RuneCountInString(Ratio(row.Ratio)))
	}
	heading := ""
	for i := range r.Rows {
		row := &r.Rows[i]
		if h := row.heading(); h != heading {
			heading = h
			fmt.Fprintln(t.out, s.Bold(heading))
		}
		sign := map[Change]string{Added: s.Green("+"), Removed: s.Red("-"), Changed: s.Yellow("~")}[row.Change]
		line := "  " + sign + " " + ansi.Pad(row.label(r, false), keys) + "  " + s.Bold(ansi.Pad(row.change(), changes)) + "  " +
			ansi.PadLeft(Ratio(row.Ratio), ratios) + "  " + s.Faint(row.origins())
		fmt.Fprintln(t.out, strings.TrimRight(line, " "))
	}
	fmt.Fprintln(t.out, s.Faint(r.Summary()))
}

// Summary counts the changes in words.
func (r *Report) Summary() string {
	var words []string
	for _, c := range []Change{Changed, Added, Removed} {
		if n := r.Count(c); n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, c))
		}
	}
	if n := r.Count(Varies); n == 1 {
		words = append(words, "1 key differs")
	} else if n > 1 {
		words = append(words, fmt.Sprintf("%d keys differ", n))
	}
	if len(words) == 0 {
		words = append(words, "no difference")
	}
	if r.Ignored > 0 {
		words = append(words, fmt.Sprintf("%d ignored", r.Ignored))
	}
	return strings.Join(words, ", ")
}

// section is the part of the key that the heading has: all before its first
// dot. Keys at the top have none.
func (row *Row) section() string {
	section, _, ok := strings.Cut(row.Key, ".")
	if !ok {
		return ""
	}
	return section
}

// heading names a group with the section that its rows are in.
func (row *Row) heading() string {
	if s := row.section(); s != "" {
		return string(row.Group) + " (" + diag.Clean(s) + ")"
	}
	return string(row.Group)
}

// label is the key, without the section where the heading has it, with the
// backends where not all of the report's are meant.
func (row *Row) label(r *Report, full bool) string {
	key := row.Key
	if s := row.section(); s != "" && !full {
		key = key[len(s)+1:]
	}
	key = diag.Clean(key)
	if shared := row.Group == explain.Environment || row.Group == explain.UseCase; shared && len(r.Backends) > len(row.Backends) {
		key += " [" + strings.Join(row.Backends, ", ") + "]"
	}
	return key
}

// change is what became of the value: "256 → 512".
func (row *Row) change() string {
	texts := row.texts(changeWidth)
	from, to := row.Cells[0], row.Cells[1]
	if from.Set && to.Set {
		texts = row.texts((changeWidth - 3) / 2)
	}
	switch {
	case from.Set && to.Set, from.HasDefault, to.HasDefault:
		return texts[0] + " → " + texts[1]
	case from.Set:
		return texts[0]
	}
	return texts[1]
}

// texts are the values, cut to a width. What long values start with alike is
// left out first, so that the difference shows.
func (row *Row) texts(width int) []string {
	texts := make([]string, len(row.Cells))
	long := false
	var set []string
	for i, c := range row.Cells {
		texts[i] = c.text(row.Group)
		long = long || utf8.RuneCountInString(texts[i]) > width
		if c.Set {
			set = append(set, texts[i])
		}
	}
	if !long {
		return texts
	}
	skip := 0
	if len(set) > 1 {
		skip = commonStart(set)
	}
	for i, c := range row.Cells {
		if c.Set && skip > 0 {
			texts[i] = "…" + texts[i][skip:]
		}
		texts[i] = ansi.Cut(texts[i], width)
	}
	return texts
}

// commonStart is how many bytes texts start with alike, up to the last slash,
// comma or blank among them.
func commonStart(texts []string) int {
	n := len(texts[0])
	for _, t := range texts[1:] {
		n = min(n, len(t))
		for i := range n {
			if t[i] != texts[0][i] {
				n = i
				break
			}
		}
	}
	return strings.LastIndexAny(texts[0][:n], "/, ") + 1
}

// text is a value on one line; what is not set shows the engine's default.
// Variables of an environment are text, always, and shown without quotes.
func (c Cell) text(g explain.Group) string {
	text, isText := c.Value.(string)
	switch {
	case c.Set && isText && g == explain.Environment && text != "":
		return diag.Clean(text)
	case c.Set:
		return diag.Clean(manifest.Line(c.Value))
	case c.HasDefault:
		return "(default " + diag.Clean(manifest.Line(c.Default)) + ")"
	}
	return ""
}

// origins says which layers made the difference.
func (row *Row) origins() string {
	var places []string
	for _, c := range row.Cells {
		if c.Set {
			places = append(places, explain.Margin(c.Origin))
		}
	}
	if len(places) == 2 && places[0] == places[1] && !strings.Contains(places[0], ":") {
		places = places[:1]
	}
	return diag.Clean(strings.Join(places, " → "))
}

// Ratio writes a ratio with four digits: "×1.333"; 0 is empty.
func Ratio(f float64) string {
	if f == 0 || f == 1 {
		return ""
	}
	digits := 4
	if f >= 1000 {
		digits = int(math.Log10(f)) + 1
	}
	return "×" + strconv.FormatFloat(f, 'g', min(digits, 15), 64)
}

// Title is what a table calls a side.
func (h Head) Title() string {
	if h.Machine != "" {
		return h.Machine
	}
	return h.Name
}

// titles are the sides' titles, their names where two machines are the same.
func (r *Report) titles() []string {
	titles := make([]string, len(r.Sides))
	seen := map[string]int{}
	for i, s := range r.Sides {
		titles[i] = s.Title()
		seen[titles[i]]++
	}
	for i, s := range r.Sides {
		if seen[titles[i]] > 1 {
			titles[i] = s.Name
		}
	}
	return titles
}

func (t *textWriter) table(r *Report) {
	s := t.style
	titles := r.titles()
	for i, side := range r.Sides {
		fmt.Fprintln(t.out, s.Faint(diag.Clean(titles[i]+": "+side.Name+"  "+strings.Join(side.Engines, ", "))))
	}
	keys := 0
	widths := make([]int, len(titles))
	for i, title := range titles {
		titles[i] = ansi.Cut(diag.Clean(title), cellWidth)
		widths[i] = utf8.RuneCountInString(titles[i])
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		keys = max(keys, utf8.RuneCountInString(row.label(r, false)), utf8.RuneCountInString(row.heading())-4)
		for j, text := range row.texts(cellWidth) {
			widths[j] = max(widths[j], utf8.RuneCountInString(text))
		}
	}
	heading := ""
	for i := range r.Rows {
		row := &r.Rows[i]
		if h := row.heading(); h != heading {
			heading = h
			line := s.Bold(ansi.Pad(heading, keys+4))
			for j, title := range titles {
				line += s.Bold(ansi.PadLeft(title, widths[j])) + "  "
			}
			fmt.Fprintln(t.out, strings.TrimRight(line, " "))
		}
		line := "  " + ansi.Pad(row.label(r, false), keys) + "  "
		for j, text := range row.texts(cellWidth) {
			if text == "" {
				text = "·"
			}
			text = ansi.PadLeft(text, widths[j])
			if !sameCells(row.Cells[:1], row.Cells[j:j+1]) {
				text = s.Yellow(text)
			}
			line += text + "  "
		}
		fmt.Fprintln(t.out, strings.TrimRight(line, " "))
	}
	fmt.Fprintln(t.out, s.Faint(r.Summary()))
}

// Sentence says a difference of two sides in words: "harness_config.target_qps
// is 70 there, 75 now".
func (row *Row) Sentence() string {
	texts := row.texts(changeWidth)
	from, to := row.Cells[0], row.Cells[1]
	key := diag.Clean(row.Key)
	switch {
	case !from.Set:
		return fmt.Sprintf("%s is not there, now it is %s", key, texts[1])
	case !to.Set:
		return fmt.Sprintf("%s is %s there, now it is not set", key, texts[0])
	}
	text := fmt.Sprintf("%s is %s there, now it is %s", key, texts[0], texts[1])
	if ratio := Ratio(row.Ratio); ratio != "" {
		text += " (" + ratio + ")"
	}
	return text
}
