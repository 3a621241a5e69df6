package explain

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/compile"
	"mlcfg/internal/config"
)

// The last words on a configuration are those of its whole view, credentials hidden too.
func TestLastWords(t *testing.T) {
	whole := testView(t) // writes the files
	c, err := config.New(config.Options{}).Load("offline_x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out := compile.New(compile.Options{Backends: []string{"vllm"}}).Check(c)
	last := LastWords(c, out, out.Targets[0])
	words := func(v *View) (all []string) {
		for _, value := range v.Values {
			all = append(all, fmt.Sprintf("%s %v %v %T %v %+v", value.Name, value.Group, value.Set, value.Value, value.Value, value.Origin()))
		}
		return all
	}
	if diff := cmp.Diff(words(whole), words(last)); diff != "" {
		t.Errorf("(-whole +last)\n%s", diff)
	}
	if len(last.Unread) > 0 || len(words(last)) < 10 {
		t.Errorf("%d values, %d unread", len(last.Values), len(last.Unread))
	}
}
