//go:build !split

package dataset

import (
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

// writeParquet writes one row group after the other, compressed with Zstandard.
// Lists are in Parquet's three-level form, as pandas and pyarrow write them.
func writeParquet(s *Set, columns []outColumn, w io.Writer) error {
	group := parquet.Group{}
	for i, c := range columns {
		if c.role == RoleMessages && s.rawMessages() {
			c = outColumn{c.name, RolePrompt, messagesText(c.value)}
			columns[i] = c
		}
		group[c.name] = parquet.Optional(nodeOf(c.role))
	}
	schema := parquet.NewSchema("dataset", group)
	out := parquet.NewGenericWriter[any](w, schema, parquet.Compression(compress.Codec(&parquet.Zstd)))
	byName := map[string]outColumn{}
	for _, c := range columns {
		byName[c.name] = c
	}
	const batch = 256
	var rows []parquet.Row
	for i := range s.Samples {
		row := parquet.Row{}
		leaf := 0
		for _, f := range schema.Fields() { // in the order of the schema
			row, leaf = appendValue(row, leaf, byName[f.Name()].value(&s.Samples[i]), byName[f.Name()].role)
		}
		if rows = append(rows, row); len(rows) == batch || i == len(s.Samples)-1 {
			if _, err := out.WriteRows(rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
	}
	return out.Close()
}

// nodeOf is the Parquet type of a role's column.
func nodeOf(role Role) parquet.Node {
	switch role {
	case RoleTokens, RoleRefTokens, RoleStopTokens:
		return parquet.List(parquet.Optional(parquet.Int(32)))
	case RoleStop:
		return parquet.List(parquet.Optional(parquet.String()))
	case RoleMaxTokens:
		return parquet.Int(64)
	case RoleMessages:
		return parquet.List(parquet.Optional(parquet.Group{"content": parquet.Optional(parquet.String()), "role": parquet.Optional(parquet.String())}))
	}
	return parquet.String()
}

// appendValue adds a column's values to a row. Definition levels: 0 no value, 1
// a value or an empty list, 3 an element of a list, 4 a field of one.
func appendValue(row parquet.Row, leaf int, v any, role Role) (parquet.Row, int) {
	leaves := 1
	if role == RoleMessages {
		leaves = 2
	}
	list := func(n int, at func(i int) []parquet.Value, def int) {
		for l := range leaves {
			if n == 0 {
				row = append(row, parquet.NullValue().Level(0, 1, leaf+l))
			}
			for i := range n {
				row = append(row, at(i)[l].Level(min(i, 1), def, leaf+l))
			}
		}
	}
	switch v := v.(type) {
	case nil:
		for l := range leaves {
			row = append(row, parquet.NullValue().Level(0, 0, leaf+l))
		}
	case string:
		row = append(row, parquet.ByteArrayValue([]byte(v)).Level(0, 1, leaf))
	case int:
		row = append(row, parquet.Int64Value(int64(v)).Level(0, 1, leaf))
	case []int32:
		if len(v) == 0 {
			row = append(row, parquet.NullValue().Level(0, 1, leaf))
		}
		for i, x := range v {
			row = append(row, parquet.Int32Value(x).Level(min(i, 1), 3, leaf))
		}
	case []string:
		list(len(v), func(i int) []parquet.Value { return []parquet.Value{parquet.ByteArrayValue([]byte(v[i]))} }, 3)
	case []Message:
		list(len(v), func(i int) []parquet.Value {
			return []parquet.Value{parquet.ByteArrayValue([]byte(v[i].Content)), parquet.ByteArrayValue([]byte(v[i].Role))}
		}, 4)
	}
	return row, leaf + leaves
}

// rawMessages reports whether any chat holds more than roles and texts, for which
// there is no column of fixed fields.
func (s *Set) rawMessages() bool {
	for i := range s.Samples {
		for _, m := range s.Samples[i].Messages {
			if m.Raw != "" {
				return true
			}
		}
	}
	return false
}

// messagesText makes JSON of chats.
func messagesText(value func(*Sample) any) func(*Sample) any {
	return func(x *Sample) any {
		v := value(x)
		if v == nil {
			return nil
		}
		text, err := appendJSON(nil, v)
		if err != nil {
			return nil // messages are texts and JSON
		}
		return string(text)
	}
}
