package dataset

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"mlcfg/internal/atomicfile"
)

// writers are the formats that [Set.Write] knows.
var writers = map[string]func(*Set, []outColumn, io.Writer) error{
	"jsonl":   writeJSONL,
	"json":    writeJSON,
	"csv":     writeCSV,
	"parquet": writeParquet,
}

// FormatOfName returns the format that Write gives a file of this name, and an
// error that lists the known ones.
func FormatOfName(path string) (string, error) {
	format := strings.TrimPrefix(filepath.Ext(strings.ToLower(path)), ".")
	if format == "ndjson" {
		format = "jsonl"
	}
	if _, ok := writers[format]; ok {
		return format, nil
	}
	if format == "pkl" || format == "pickle" {
		return "", fmt.Errorf("%s: pickles are read, not written; want .jsonl, .json, .csv or .parquet", path)
	}
	return "", fmt.Errorf("%s: want a name that ends in .jsonl, .json, .csv or .parquet", path)
}

// WriteFile writes the set to path in the format of its name, beside it first
// and then renamed. Columns have the names they were read under, or the MLPerf
// names. Columns without a meaning are not in a set and not written.
func (s *Set) WriteFile(path string) error {
	format, err := FormatOfName(path)
	if err != nil {
		return err
	}
	return atomicfile.WriteFunc(path, 0o644, func(w io.Writer) error { return s.Write(w, format) })
}

// Write writes the set as jsonl, json, csv or parquet.
func (s *Set) Write(w io.Writer, format string) error {
	write, ok := writers[format]
	if !ok {
		return fmt.Errorf("the format %q cannot be written", format)
	}
	b := bufio.NewWriterSize(w, 1<<20)
	if err := write(s, s.outColumns(), b); err != nil {
		return err
	}
	return b.Flush()
}

// outColumn is a column to write: its name and how a sample's value is had
// (nil for none): string, int, []int32, []string or []Message.
type outColumn struct {
	name  string
	role  Role
	value func(*Sample) any
}

// outColumns lists the columns that any sample has a value for.
func (s *Set) outColumns() []outColumn {
	str := func(get func(*Sample) string) func(*Sample) any {
		return func(x *Sample) any {
			if v := get(x); v != "" {
				return v
			}
			return nil
		}
	}
	ints := func(get func(*Sample) []int32) func(*Sample) any {
		return func(x *Sample) any {
			if v := get(x); v != nil {
				return v
			}
			return nil
		}
	}
	all := []outColumn{
		{"id", RoleID, str(func(x *Sample) string { return x.ID })},
		{"dataset", RoleSource, str(func(x *Sample) string { return x.Source })},
		{"metric", RoleMetric, str(func(x *Sample) string { return x.Metric })},
		{"input", RolePrompt, str(func(x *Sample) string { return x.Prompt })},
		{"messages", RoleMessages, func(x *Sample) any {
			if x.Messages == nil {
				return nil
			}
			return x.Messages
		}},
		{"tok_input", RoleTokens, ints(func(x *Sample) []int32 { return x.Tokens })},
		{"output", RoleReference, str(func(x *Sample) string { return cmp.Or(x.Reference, x.Answer) })},
		{"tok_output", RoleRefTokens, ints(func(x *Sample) []int32 { return x.ReferenceTokens })},
		{"max_tokens", RoleMaxTokens, func(x *Sample) any {
			if x.MaxTokens == 0 {
				return nil
			}
			return x.MaxTokens
		}},
		{"stop_sequence", RoleStop, func(x *Sample) any {
			if x.Stop == nil {
				return nil
			}
			return x.Stop
		}},
		{"tok_stop_sequence", RoleStopTokens, ints(func(x *Sample) []int32 { return x.StopTokens })},
	}
	names := map[Role]string{}
	for _, c := range s.Columns {
		if c.Role != NoRole && names[c.Role] == "" {
			names[c.Role] = c.Name
		}
	}
	var out []outColumn
	for _, c := range all {
		for i := range s.Samples {
			if c.value(&s.Samples[i]) != nil {
				if names[c.role] != "" {
					c.name = names[c.role]
				}
				out = append(out, c)
				break
			}
		}
	}
	return out
}

func writeJSONL(s *Set, columns []outColumn, w io.Writer) error {
	for i := range s.Samples {
		if err := writeObject(&s.Samples[i], columns, w); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
	}
	return nil
}

func writeJSON(s *Set, columns []outColumn, w io.Writer) error {
	for i := range s.Samples {
		sep := ",\n"
		if i == 0 {
			sep = "[\n"
		}
		if _, err := io.WriteString(w, sep); err != nil {
			return err
		}
		if err := writeObject(&s.Samples[i], columns, w); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "\n]\n")
	return err
}

// writeObject writes a sample as one JSON object on one line.
func writeObject(x *Sample, columns []outColumn, w io.Writer) error {
	sep := []byte("{")
	var b []byte
	for _, c := range columns {
		v := c.value(x)
		if v == nil {
			continue
		}
		b = append(b, sep...)
		var err error
		if b, err = appendJSON(b, c.name); err != nil {
			return err
		}
		if b, err = appendJSON(append(b, ": "...), v); err != nil {
			return err
		}
		sep = []byte(", ")
	}
	if len(b) == 0 {
		b = append(b, '{')
	}
	_, err := w.Write(append(b, '}'))
	return err
}

func appendJSON(b []byte, v any) ([]byte, error) {
	if ints, ok := v.([]int32); ok {
		b = append(b, '[')
		for i, n := range ints {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = strconv.AppendInt(b, int64(n), 10)
		}
		return append(b, ']'), nil
	}
	var s strings.Builder
	e := json.NewEncoder(&s)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return append(b, strings.TrimSuffix(s.String(), "\n")...), nil
}

func writeCSV(s *Set, columns []outColumn, w io.Writer) error {
	c := csv.NewWriter(w)
	row := make([]string, len(columns))
	for i, col := range columns {
		row[i] = col.name
	}
	if err := c.Write(row); err != nil {
		return err
	}
	for i := range s.Samples {
		for j, col := range columns {
			row[j] = ""
			switch v := col.value(&s.Samples[i]).(type) {
			case nil:
			case string:
				row[j] = v
			case []string:
				if len(v) > 1 {
					return fmt.Errorf("sample %d: CSV holds one stop text a sample, this has %d", i, len(v))
				}
				row[j] = strings.Join(v, "")
			default:
				b, err := appendJSON(nil, v)
				if err != nil {
					return err
				}
				row[j] = string(b)
			}
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
