package loadgen

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A manifest's loadgen section is refused, or comes back as it was.
func FuzzReadSection(f *testing.F) {
	whole, err := json.Marshal(Section{Settings: DefaultSettings(), Round: "v5.1", Frozen: true}.Map())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"frozen":1,"origins":{"x":[]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m map[string]any
		if json.Unmarshal(data, &m) != nil {
			return
		}
		s, err := ReadSection(m)
		if err != nil {
			return
		}
		again, err := ReadSection(s.Map())
		if err != nil || !cmp.Equal(s, again) {
			t.Errorf("%v\n%s", err, cmp.Diff(s, again))
		}
		if e, err := s.Settings.Effective(s.Library); err == nil {
			_ = e
		}
	})
}
