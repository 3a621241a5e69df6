package pickle

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
)

func source(b []byte) Source {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
}

func some(names ...string) func(string) bool {
	return func(n string) bool {
		for _, x := range names {
			if x == n {
				return true
			}
		}
		return false
	}
}

func TestValues(t *testing.T) {
	long := strings.Repeat("x", 100)
	tests := []struct {
		name, code string
		check      func(t *testing.T, d *Doc)
	}{
		{"small list of ints", "]\x94(K\x01M\x2c\x01J\xff\xff\xff\xffe", func(t *testing.T, d *Doc) {
			ints, ok := d.Root.Ints()
			if !ok || len(ints) != 3 || ints[0] != 1 || ints[1] != 300 || ints[2] != -1 {
				t.Errorf("ints %v %v", ints, ok)
			}
		}},
		{"list that stops being ints", "](K\x01K\x02eNa", func(t *testing.T, d *Doc) {
			if n, _ := d.Root.At(1).Int(); d.Root.Len() != 3 || n != 2 || !d.Root.At(2).IsNone() {
				t.Errorf("list of %d", d.Root.Len())
			}
		}},
		{"long", "\x8a\x05\x00\x00\x00\x00\x01", func(t *testing.T, d *Doc) {
			if n, ok := d.Root.Int(); !ok || n != 1<<32 {
				t.Errorf("int %d", n)
			}
		}},
		{"negative long", "\x8a\x02\x00\xff", func(t *testing.T, d *Doc) {
			if n, ok := d.Root.Int(); !ok || n != -256 {
				t.Errorf("int %d", n)
			}
		}},
		{"larger than 64 bits", "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01", func(t *testing.T, d *Doc) {
			if d.Root.Kind() != Big {
				t.Errorf("kind %s", d.Root.Kind())
			}
		}},
		{"float", "G\x3f\xf8\x00\x00\x00\x00\x00\x00", func(t *testing.T, d *Doc) {
			if f, ok := d.Root.Float(); !ok || f != 1.5 {
				t.Errorf("float %v", f)
			}
		}},
		{"dict, last key wins", "}(\x8c\x01aK\x01\x8c\x01aK\x02u", func(t *testing.T, d *Doc) {
			if n, _ := d.Lookup(d.Root, "a").Int(); n != 2 {
				t.Errorf("a is %d", n)
			}
		}},
		{"memo", "K\x05\x94K\x06\x94\x86h\x00h\x01\x87", func(t *testing.T, d *Doc) {
			if n, _ := d.Root.At(2).Int(); d.Root.Len() != 3 || d.Root.At(0).Len() != 2 || n != 6 {
				t.Errorf("tuple of %d", d.Root.Len())
			}
		}},
		{"long text loaded later", "\x8c\x64" + long, func(t *testing.T, d *Doc) {
			var got string
			err := d.Load(context.Background(), []Request{{d.Root, func(b []byte, same bool) error { got = string(b); return nil }}})
			if err != nil || got != long {
				t.Errorf("%q, %v", got, err)
			}
		}},
		{"bytes of protocol 2", "c_codecs\nencode\n(X\x03\x00\x00\x00a\xc3\xbfX\x06\x00\x00\x00latin1tR", func(t *testing.T, d *Doc) {
			var got []byte
			err := d.Load(context.Background(), []Request{{d.Root, func(b []byte, same bool) error { got = append(got, b...); return nil }}})
			if err != nil || string(got) != "a\xff" {
				t.Errorf("%q, %v", got, err)
			}
		}},
		{"object with state", "cm\nf\n)R}b", func(t *testing.T, d *Doc) {
			if d.Name(d.Root) != "m.f" || d.Root.Args().Kind() != Tuple || d.Root.State().Kind() != Dict {
				t.Errorf("%s %v %v", d.Name(d.Root), d.Root.Args().Kind(), d.Root.State().Kind())
			}
		}},
		{"a list that holds itself", "]\x94h\x00a", func(t *testing.T, d *Doc) {
			if d.Root.At(0).At(0).At(0).Kind() != List {
				t.Error("not a list in a list")
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Read(context.Background(), source([]byte("\x80\x04"+tt.code+".")), Options{Allow: some("_codecs.encode", "m.f")})
			if err != nil {
				t.Fatal(err)
			}
			tt.check(t, d)
		})
	}
}

func TestHostile(t *testing.T) {
	nested := strings.Repeat("(", 100000)
	tests := []struct{ name, code, want string }{
		{"os.system by GLOBAL", "\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R.", "pickle offset 2 (GLOBAL): os.system is refused"},
		{"posix.system by STACK_GLOBAL", "\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02ls\x85R.", "pickle offset 17 (STACK_GLOBAL): posix.system is refused"},
		{"eval of Python 2", "\x80\x02c__builtin__\neval\nX\x01\x00\x00\x001\x85R.", "builtins.eval is refused"},
		{"getattr chain", "\x80\x04cbuiltins\ngetattr\n.", "builtins.getattr is refused"},
		{"nested attribute", "\x80\x04\x8c\x01m\x8c\x04f.os\x93.", "m.f.os is refused"},
		{"INST", "\x80\x02(ios\nsystem\n.", "(INST): this opcode is not read"},
		{"OBJ", "\x80\x02(o.", "(OBJ): this opcode is not read"},
		{"persistent id", "\x80\x02Pabc\n.", "(PERSID): this opcode is not read"},
		{"extension registry", "\x80\x02\x82\x01.", "(EXT1): this opcode is not read"},
		{"out-of-band buffer", "\x80\x05\x97.", "(NEXT_BUFFER): this opcode is not read"},
		{"protocol 0", "(lp0\n.", "not a pickle of protocol 2 or later: it starts with byte 0x28"},
		{"protocol 6", "\x80\x06.", "protocol 6, want 2 to 5"},
		{"no such opcode", "\x80\x02\xff", "(0xff): there is no such opcode"},
		{"no STOP", "\x80\x02N", "pickle offset 3: the file ends before the pickle's STOP"},
		{"nothing", "", "the file ends before"},
		{"text longer than the file", "\x80\x04\x8d\x00\x00\x00\x00\x01\x00\x00\x00abc.", "4294967296 bytes in one value, at most 4294967295 are read"},
		{"text of 2 GiB", "\x80\x04X\xff\xff\xff\x7fabc.", "a value claims 2147483647 bytes and the file ends before"},
		{"short text cut", "\x80\x04\x8c\x30abc", "unexpected EOF"},
		{"integer of 2 GiB", "\x80\x04\x8b\xff\xff\xff\x7f\x01.", "an integer claims 2147483647 bytes"},
		{"integer of negative length", "\x80\x04\x8b\xff\xff\xff\xff\x01.", "an integer of negative length"},
		{"memo entry never set", "\x80\x04j\xff\xff\xff\xff.", "memo entry 4294967295 was never set"},
		{"far memo entry", "\x80\x04Nr\xff\xff\xff\xff0j\xff\xff\xff\xff.", ""},
		{"marks without end", "\x80\x04" + nested + ".", "values are left on the stack"},
		{"lists in lists", "\x80\x04" + strings.Repeat("]", 100000) + strings.Repeat("a", 99999) + ".", ""},
		{"underflow", "\x80\x04a.", "(APPEND): the stack has too few values"},
		{"tuple over a mark", "\x80\x04N(\x86.", "(TUPLE2): the stack has too few values"},
		{"append to a dict", "\x80\x04}Na.", "the container is a dict, want a list"},
		{"odd SETITEMS", "\x80\x04}(Nu.", "a key without its value"},
		{"no mark", "\x80\x04t.", "no mark on the stack"},
		{"call of a number", "\x80\x04K\x01)R.", "what is called is no name but a value of type int"},
		{"call with a list", "\x80\x04cm\nf\n]R.", "the arguments are a list, want a tuple"},
		{"state of a list", "\x80\x04]Nb.", "a list is given a state"},
		{"keyword arguments", "\x80\x04cm\nf\n)}NNs\x92.", "keyword arguments are not read"},
		{"endless name", "\x80\x04c" + strings.Repeat("x", 5000), "a name of more than 1024 bytes"},
		{"bytes in another encoding", "\x80\x04c_codecs\nencode\n\x8c\x01a\x8c\x05utf-8\x86R.", "only latin1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(context.Background(), source([]byte(tt.code)), Options{Allow: some("m.f", "_codecs.encode")})
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestRefusedIsTyped(t *testing.T) {
	_, err := Read(context.Background(), source([]byte("\x80\x02cos\nsystem\n.")), Options{})
	var refused *RefusedError
	var place *Error
	if !errors.As(err, &refused) || refused.Name != "os.system" || !errors.As(err, &place) || place.Offset != 2 {
		t.Errorf("error %#v", err)
	}
}

// TestMemory holds that small files that want much memory are stopped at the bound.
func TestMemory(t *testing.T) {
	const limit = 8 << 20
	bombs := map[string]string{
		"containers":   "\x80\x04(" + strings.Repeat("]\x94", 1<<20) + "t.",
		"stack":        "\x80\x04N" + strings.Repeat("2", 1<<21) + ".",
		"memo entries": "\x80\x04N" + strings.Repeat("\x94", 1<<21) + ".",
		"far memo":     "\x80\x04N" + strings.Repeat("r\x00\x00\xff\xffr\x00\x01\xff\xff", 1<<18) + ".",
		"doubling":     "\x80\x04]\x94(" + strings.Repeat("h\x00", 10) + strings.Repeat("th\x00h\x00", 1<<20) + ".",
		"short texts":  "\x80\x04" + strings.Repeat("\x8c\x04abcd", 1<<20) + ".",
	}
	for name, code := range bombs {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			src := source([]byte(code))
			runtime.ReadMemStats(&before)
			_, err := Read(context.Background(), src, Options{MaxMemory: limit})
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("read without complaint")
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 6*limit {
				t.Errorf("%d MiB were allocated under a bound of %d MiB", used>>20, limit>>20)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("\x80\x04]\x94(K\x01M\x2c\x01J\xff\xff\xff\xffe."))
	f.Add([]byte("\x80\x04}(\x8c\x01aK\x01\x8c\x01aK\x02u."))
	f.Add([]byte("\x80\x02c_codecs\nencode\n(X\x03\x00\x00\x00a\xc3\xbfX\x06\x00\x00\x00latin1tR."))
	f.Add([]byte("\x80\x02cos\nsystem\n."))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Read(context.Background(), source(b), Options{Allow: func(string) bool { return true }, MaxMemory: 1 << 20})
		if err != nil {
			return
		}
		walk(t, d, d.Root, 0)
	})
}

// walk visits a value to some depth and loads every text.
func walk(t *testing.T, d *Doc, v Value, depth int) {
	if depth > 6 {
		return
	}
	d.Name(v)
	for i := range min(v.Len(), 8) {
		k, x := v.Pair(i)
		walk(t, d, k, depth+1)
		walk(t, d, x, depth+1)
		if v.Kind() == List || v.Kind() == Tuple || v.Kind() == Set {
			walk(t, d, v.At(i), depth+1)
		}
	}
	walk(t, d, v.Args(), depth+1)
	walk(t, d, v.State(), depth+1)
	switch v.Kind() {
	case Text, Bytes, Latin1:
		if err := d.Load(context.Background(), []Request{{v, func([]byte, bool) error { return nil }}}); err != nil {
			t.Errorf("loading a text: %v", err)
		}
	}
}
