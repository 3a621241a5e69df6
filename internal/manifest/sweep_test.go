package manifest

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// An index is read as it was written, by its own name or its folder's; anything else is refused.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, SweepFile)
	if _, _, err := ReadSweep(dir); err == nil {
		t.Error("a folder without an index is read")
	}
	s := &Sweep{Overlay: "m/x.yaml", Backend: "vllm", Points: []SweepPoint{{"001-a-1", "001-a-1.yaml", "sha256:00", []string{"a=<1>"}}}, Skipped: []SkippedPoint{{[]string{"a=2"}, []string{"no"}}}}
	text, err := s.JSON()
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, path} {
		if got, at, err := ReadSweep(name); err != nil || at != dir || !reflect.DeepEqual(got, s) {
			t.Errorf("%+v, %s, %v", got, at, err)
		}
	}
	for _, c := range []struct{ from, to, want string }{
		{`"mlcfg/sweep"`, `"mlcfg/manifest"`, `its kind is "mlcfg/manifest"`},
		{`"format": 1`, `"format": 2`, "it is of format 2"},
		{`"backend"`, `"engine"`, `unknown field "engine"`},
		{`"001-a-1.yaml"`, `"../x.yaml"`, "is not the name of a file in its folder"},
		{`"001-a-1"`, `".hidden"`, "is not the name of a file in its folder"},
		{string(text), "kind: mlcfg/sweep", "not the index of a sweep: invalid character 'k'"},
		{string(text), " \n", "empty: not the index of a sweep"},
		{string(text), `{"kind":"mlcfg/sweep","format":1}`, "it has no point"},
		{string(text), `{"kind":"mlcfg/sweep","format":1,"points":[{"name":"a","file":"a"},{"name":"a","file":"b"}]}`, "two points are named a"},
	} {
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), c.from, c.to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ReadSweep(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.to, err, c.want)
		}
	}
}

func FuzzSweep(f *testing.F) {
	f.Add(`{"kind":"mlcfg/sweep","format":1,"overlay":"x","backend":"vllm","points":[{"name":"a","file":"a.yaml","digest":"d","overrides":["k=1"]}]}`)
	f.Add(`{"kind":"mlcfg/sweep","format":1,"points":[{"name":"..","file":"/etc/passwd"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := decodeSweep([]byte(text))
		if err != nil {
			return
		}
		for _, p := range s.Points {
			if filepath.Base(p.File) != p.File || filepath.Base(p.Name) != p.Name {
				t.Errorf("%q leads out of its folder", p)
			}
		}
		again, err := s.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeSweep(again); err != nil {
			t.Errorf("%s: %v", again, err)
		}
	})
}
