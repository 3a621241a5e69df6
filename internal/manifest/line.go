package manifest

import (
	"fmt"
	"strings"
)

// Line writes any value of a manifest on one line, for people: scalars as they
// stand in a manifest, lists and maps in YAML's flow form, keys sorted. What no
// manifest can hold is written as Go prints it.
func Line(v any) string {
	var b strings.Builder
	writeLine(&b, v)
	return b.String()
}

func writeLine(b *strings.Builder, v any) {
	switch v := v.(type) {
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writeLine(b, item)
		}
		b.WriteByte(']')
		return
	case map[string]any:
		b.WriteByte('{')
		for i, key := range sortedKeys(v) {
			if i > 0 {
				b.WriteString(", ")
			}
			writeLine(b, key)
			b.WriteString(": ")
			writeLine(b, v[key])
		}
		b.WriteByte('}')
		return
	}
	text, err := appendScalar(nil, v)
	if err != nil {
		fmt.Fprintf(b, "%q", fmt.Sprint(v))
		return
	}
	b.Write(text)
}
