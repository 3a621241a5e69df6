// Package sweep expands a grid or a list of overrides into the points of a sweep, and names them.
//
//	axis, err := sweep.ParseAxis("vllm_engine_config.max_num_seqs=256,512")
//	points, err := sweep.Grid([]sweep.Axis{axis})
//	names := sweep.Names(points)   // 001-max_num_seqs-256, 002-max_num_seqs-512
package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Most is the most points of a sweep: each is a run.
const Most = 10_000

// Axis is a key and the values that it takes, as the command line has them.
type Axis struct {
	Key    string
	Values []string
}

// ParseAxis reads KEY=VALUE,VALUE... A comma within brackets, braces or quotes is part of a value.
func ParseAxis(text string) (Axis, error) {
	key, list, ok := strings.Cut(text, "=")
	if key = strings.TrimSpace(key); !ok || key == "" {
		return Axis{}, fmt.Errorf("%q is not KEY=VALUE,VALUE", text)
	}
	a := Axis{Key: key}
	for _, v := range split(list) {
		if v = strings.TrimSpace(v); v == "" {
			return a, fmt.Errorf("%s has an empty value: write '' for an empty text", key)
		}
		if slices.Contains(a.Values, v) {
			return a, fmt.Errorf("%s has the value %s twice", key, v)
		}
		a.Values = append(a.Values, v)
	}
	return a, nil
}

// split parts a list at its commas, but not within brackets, braces and quotes.
func split(list string) (parts []string) {
	var at nesting
	from := 0
	for i, c := range list {
		if at.outside(c) && c == ',' {
			parts, from = append(parts, list[from:i]), i+1
		}
	}
	return append(parts, list[from:])
}

// nesting is how deep a place in a text is within brackets, and within which quote.
type nesting struct {
	depth int
	quote rune
}

// outside takes the next character, and reports whether it stands in no bracket and no quote.
func (n *nesting) outside(c rune) bool {
	switch {
	case n.quote != 0:
		if c == n.quote {
			n.quote = 0
		}
		return false
	case c == '\'' || c == '"':
		n.quote = c
	case c == '[' || c == '{':
		n.depth++
	case c == ']' || c == '}':
		n.depth = max(0, n.depth-1)
	}
	return n.depth == 0 && n.quote == 0
}

// Grid is every combination of the axes' values, the last axis' first; a point is its overrides,
// each KEY=VALUE.
func Grid(axes []Axis) ([][]string, error) {
	points := [][]string{nil}
	seen := map[string]bool{}
	for _, a := range axes {
		if seen[a.Key] {
			return nil, fmt.Errorf("%s is an axis twice", a.Key)
		}
		seen[a.Key] = true
		if len(points)*len(a.Values) > Most {
			return nil, fmt.Errorf("the grid has more than %d points", Most)
		}
		var next [][]string
		for _, p := range points {
			for _, v := range a.Values {
				next = append(next, append(slices.Clone(p), a.Key+"="+v))
			}
		}
		points = next
	}
	return points, nil
}

// ParsePoints reads a list: a point a line, its overrides KEY=VALUE between spaces, which within
// quotes are part of a value. What follows # at the beginning of a line is a comment.
func ParsePoints(text string) ([][]string, error) {
	var points [][]string
	number := 0
	for line := range strings.Lines(text) {
		number++
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var point []string
		for _, o := range words(line) {
			if key, _, ok := strings.Cut(o, "="); !ok || key == "" {
				return nil, fmt.Errorf("line %d: %q is not KEY=VALUE", number, o)
			}
			point = append(point, o)
		}
		if points = append(points, point); len(points) > Most {
			return nil, fmt.Errorf("line %d: more than %d points", number, Most)
		}
	}
	if len(points) == 0 {
		return nil, errors.New("there is no point in it")
	}
	return points, nil
}

// words are a line's parts between spaces that are not within quotes or brackets.
func words(line string) []string {
	var at nesting
	return strings.FieldsFunc(line, func(c rune) bool { return at.outside(c) && (c == ' ' || c == '\t') })
}

// longestName bounds what of a point's overrides is in its name.
const longestName = 80

// Names are the points' names, in which their order and their overrides show: the number, and each
// key's last word with its value, of characters that every file name may have.
func Names(points [][]string) []string {
	digits := max(3, len(fmt.Sprint(len(points))))
	var names []string
	for i, p := range points {
		var parts []string
		for _, o := range p {
			key, value, _ := strings.Cut(o, "=")
			parts = append(parts, key[strings.LastIndexByte(key, '.')+1:]+"-"+value)
		}
		text := strings.Trim(strings.Map(plain, strings.Join(parts, "_")), "-_.")
		if len(text) > longestName {
			text = strings.TrimRight(text[:longestName], "-_.")
		}
		name := fmt.Sprintf("%0*d", digits, i+1)
		if text != "" {
			name += "-" + text
		}
		names = append(names, name)
	}
	return names
}

func plain(c rune) rune {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		return c
	}
	return '-'
}
