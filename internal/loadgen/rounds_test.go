package loadgen

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/tools/sharedata"
)

// confRounds names the round of each file of the reference data.
var confRounds = map[string]string{
	"mlperf_v5.0.conf": "v5.0", "mlperf_v5.1.1.conf": "v5.1", "mlperf_v6.0.conf": "v6.0.0pre", "mlperf_pre_v6.1.conf": "v6.0", "mlperf_v6.1.conf": "v6.1",
}

func parseConfFile(t testing.TB, path string, kind ConfKind) *Conf {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, found := ParseConf(filepath.Base(path), data, kind)
	for _, d := range found {
		t.Errorf("%v: %s: %s", d.Pos, d.Key, d.Message)
	}
	return c
}

// Every setting of every language benchmark must be what LoadGen reads out of
// the round's mlperf.conf.
func TestRoundsEqualMLPerfConf(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(sharedata.LoadGen(t), "conf", "*.conf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		c := parseConfFile(t, path, MLPerfConf)
		name := RoundOf(c)
		if want := confRounds[filepath.Base(path)]; want != name {
			t.Errorf("%s: recognised as %q, want %q", path, name, want)
			continue
		}
		r, err := roundNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, model := range append(modelsOf(c), "unheard-of", "*") {
			if slices.Contains(otherModels, model) {
				continue
			}
			for scenario := range Offline + 1 {
				t.Run(fmt.Sprintf("%s/%s/%v", name, model, scenario), func(t *testing.T) {
					got, want := DefaultSettings(), DefaultSettings()
					r.apply(&got, model, scenario)
					c.Apply(&want, model, scenario)
					fields := want.fields()
					for i, f := range got.fields() {
						if got, want := f.value(), fields[i].value(); fmt.Sprint(got) != fmt.Sprint(want) {
							t.Errorf("%s: got %v, want %v", f.name, got, want)
						}
					}
				})
			}
		}
	}
}

// modelsOf lists the file's models.
func modelsOf(c *Conf) []string {
	return slices.DeleteFunc(c.models(), func(m string) bool { return m == "*" })
}

// A file's models must all be known, and no others claimed.
func TestModelNames(t *testing.T) {
	c := parseConfFile(t, filepath.Join(sharedata.LoadGen(t), "conf", "mlperf_v6.1.conf"), MLPerfConf)
	got := modelNames()
	slices.Sort(got)
	if want := modelsOf(c); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestRoundNames(t *testing.T) {
	for given, want := range map[string]string{"": "v6.1", "v5.1": "v5.1", "5.1": "v5.1", "V6.0": "v6.0"} {
		if r, err := roundNamed(given); err != nil || r.name != want {
			t.Errorf("%q: got %q, %v; want %q", given, r.name, err, want)
		}
	}
	if _, err := roundNamed("v7"); err == nil || !strings.Contains(err.Error(), "v5.0, v5.1, v6.0.0pre, v6.0, v6.1") {
		t.Errorf("v7: got %v", err)
	}
	for _, c := range []struct {
		round, since string
		want         bool
	}{{"v6.1", "v6.0", true}, {"v6.0", "v6.0", true}, {"v5.1", "v6.0", false}, {"", "v6.1", true}, {"v7", "v6.0", false}} {
		if got := Reached(c.round, c.since); got != c.want {
			t.Errorf("%q has reached %s: %t", c.round, c.since, got)
		}
	}
}

func TestRealUserConfs(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(sharedata.Corpus(t), "user_conf", "*.conf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			c := parseConfFile(t, path, UserConf)
			s := DefaultSettings()
			for _, model := range c.models() {
				set, found := c.Apply(&s, model, Server)
				if len(found) > 0 {
					t.Errorf("%s: %v", model, found)
				}
				if set["server_target_qps"].Line == 0 || s.ServerTargetQPS < 2 {
					t.Errorf("%s: target_qps is %v, from %v", model, s.ServerTargetQPS, set["server_target_qps"])
				}
			}
		})
	}
}

func TestRoundName(t *testing.T) {
	for name, want := range map[string]string{"6.0": "v6.0", "V6.1": "v6.1", "v5.1": "v5.1", "": "", "v7": "v7"} {
		if got := RoundName(name); got != want {
			t.Errorf("RoundName(%q) is %q, want %q", name, got, want)
		}
	}
}
