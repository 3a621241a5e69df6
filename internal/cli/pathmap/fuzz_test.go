package pathmap

import (
	"strings"
	"testing"
)

// A translation begins with the TO of a mapping whose FROM holds the path, and
// what is mapped nowhere stays as it is.
func FuzzParse(f *testing.F) {
	f.Add("/data=/mnt/data", "/data/a/../b")
	f.Add("/=x", "/a")
	f.Add("=", "")
	f.Add("/conf/=conf", "/configuration")
	f.Fuzz(func(t *testing.T, mapping, path string) {
		m, err := Parse([]string{mapping})
		if err != nil {
			return
		}
		got := m.Translate(path, ".")
		if !strings.HasPrefix(path, m[0].From) && strings.HasPrefix(path, "/") && got != path {
			t.Errorf("%q is translated to %q by %q", path, got, mapping)
		}
	})
}
