package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pickler writes the opcodes of pickle protocol 4 that a data frame needs.
type pickler struct{ bytes.Buffer }

func (p *pickler) text(s string) {
	p.WriteByte('X')
	_ = binary.Write(p, binary.LittleEndian, uint32(len(s)))
	p.WriteString(s)
	p.WriteByte(0x94)
}

func (p *pickler) integer(n int32) {
	p.WriteByte('J')
	_ = binary.Write(p, binary.LittleEndian, n)
}

func (p *pickler) global(name string) { p.WriteString("c" + name + "\n") }

// array writes a numpy array of objects; cells writes them.
func (p *pickler) array(shape []int32, n int, cell func(i int)) {
	p.global("numpy.core.multiarray\n_reconstruct")
	p.global("numpy\nndarray")
	p.WriteString("K\x00\x85C\x01b\x87R(K\x01(")
	for _, s := range shape {
		p.integer(s)
	}
	p.WriteByte('t')
	p.global("numpy\ndtype")
	p.text("O8")
	p.WriteString("\x89\x88\x87R\x89]\x94")
	const batch = 1000 // as Python's pickler does
	for i := 0; i < n; i += batch {
		p.WriteByte('(')
		for j := i; j < min(n, i+batch); j++ {
			cell(j)
		}
		p.WriteByte('e')
	}
	p.WriteString("tb")
}

// frame writes a data frame of object columns, as pandas 1.3 and later do.
func (p *pickler) frame(names []string, rows int, cell func(col, row int)) {
	p.WriteString("\x80\x04")
	p.global("pandas.core.frame\nDataFrame")
	p.WriteString(")\x81}(")
	p.text("_mgr")
	p.global("pandas.core.internals.managers\nBlockManager")
	p.WriteByte('(')
	p.global("pandas._libs.internals\n_unpickle_block")
	p.array([]int32{int32(len(names)), int32(rows)}, len(names)*rows, func(i int) { cell(i/rows, i%rows) })
	p.global("builtins\nslice")
	p.integer(0)
	p.integer(int32(len(names)))
	p.WriteString("K\x01\x87RK\x02\x87Rt](")
	p.global("pandas.core.indexes.base\n_new_Index")
	p.global("pandas.core.indexes.base\nIndex")
	p.WriteByte('}')
	p.text("data")
	p.array([]int32{int32(len(names))}, len(names), func(i int) { p.text(names[i]) })
	p.WriteString("s\x86R")
	p.global("pandas.core.indexes.base\n_new_Index")
	p.global("pandas.core.indexes.range\nRangeIndex")
	p.WriteString("}(")
	for _, kv := range []struct {
		key string
		n   int32
	}{{"start", 0}, {"stop", int32(rows)}, {"step", 1}} {
		p.text(kv.key)
		p.integer(kv.n)
	}
	p.WriteString("u\x86Re\x86Rub.")
}

// largeSet is of the size and shape of the llama2-70b data set.
func largeSet(tb testing.TB, count int) *Set {
	lengths, err := ParseLengths("lognormal:290,200,10,1023")
	if err != nil {
		tb.Fatal(err)
	}
	set, err := Synthetic(count, Spec{Input: lengths}, 1)
	if err != nil {
		tb.Fatal(err)
	}
	texts, err := Synthetic(count, Spec{Input: lengths, Text: true}, 2)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range set.Samples {
		s := &set.Samples[i]
		s.Prompt, s.Reference = texts.Samples[i].Prompt, texts.Samples[count-1-i].Prompt
		s.ReferenceTokens = set.Samples[count-1-i].Tokens
	}
	return set
}

func writePickle(tb testing.TB, set *Set, path string) {
	var p pickler
	names := []string{"input", "output", "tok_input", "tok_output"}
	p.frame(names, set.Len(), func(col, row int) {
		s := &set.Samples[row]
		ids := s.Tokens
		switch col {
		case 0:
			p.text(s.Prompt)
			return
		case 1:
			p.text(s.Reference)
			return
		case 3:
			ids = s.ReferenceTokens
		}
		p.WriteString("]\x94")
		for i := 0; i < len(ids); i += 1000 {
			p.WriteByte('(')
			for _, id := range ids[i:min(len(ids), i+1000)] {
				if id < 256 {
					p.Write([]byte{'K', byte(id)})
				} else {
					p.Write([]byte{'M', byte(id), byte(id >> 8)})
				}
			}
			p.WriteByte('e')
		}
	})
	if err := os.WriteFile(path, p.Bytes(), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// TestPickleWriter holds that the benchmark's pickle is what it says.
func TestPickleWriter(t *testing.T) {
	set := largeSet(t, 50)
	path := filepath.Join(t.TempDir(), "x.pkl")
	writePickle(t, set, path)
	got, err := Read(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(set.Samples, got.Samples); d != "" {
		t.Error(d)
	}
}

// BenchmarkRead reads 24,576 samples with and without their texts. Peak memory
// is not what B/op tells; docs/performance.md has it.
func BenchmarkRead(b *testing.B) {
	set := largeSet(b, 24576)
	dir := b.TempDir()
	writePickle(b, set, filepath.Join(dir, "x.pkl"))
	for _, name := range []string{"x.jsonl", "x.parquet"} {
		if err := set.WriteFile(filepath.Join(dir, name)); err != nil {
			b.Fatal(err)
		}
	}
	for _, name := range []string{"x.pkl", "x.jsonl", "x.parquet"} {
		for what, opt := range map[string]Options{"all": {}, "tokens": {Only: []Role{RoleTokens}}} {
			b.Run(filepath.Ext(name)[1:]+"/"+what, func(b *testing.B) {
				path := filepath.Join(dir, name)
				st, err := os.Stat(path)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(st.Size())
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Read(context.Background(), path, opt); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
