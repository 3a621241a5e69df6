package run

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"mlcfg/internal/backend"
	"mlcfg/internal/client"
	"mlcfg/internal/client/mock"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

func TestDifferences(t *testing.T) {
	for _, c := range []struct {
		name     string
		external bool
		endpoint engine.Endpoint
		want     []string
	}{
		{"the manifest's release", false, engine.Endpoint{Release: "0.9.2", Model: "x"}, nil},
		{"a build of it", false, engine.Endpoint{Release: "0.9.2+rocm641"}, nil},
		{"another", false, engine.Endpoint{Release: "0.32.0"}, []string{"replica 0 is vllm 0.32.0; the manifest was checked against 0.9.2"}},
		{"a candidate of it", false, engine.Endpoint{Release: "0.9.2rc1"}, []string{"replica 0 is vllm 0.9.2rc1; the manifest was checked against 0.9.2"}},
		{"unknown", false, engine.Endpoint{}, []string{"replica 0 does not say which release it is; the manifest was checked against vllm 0.9.2"}},
		{"another model", true, engine.Endpoint{Release: "0.9.2", Model: "y"}, []string{`replica 0 serves "y"; the manifest's model is "/model"`}},
		{"simulated", true, engine.Endpoint{Simulated: true, Model: "y"}, nil},
	} {
		b, _ := backend.Of("vllm")
		p := &Plan{
			Engine:   &engine.Plan{External: c.external, Facts: b},
			Manifest: &manifest.Manifest{Engine: manifest.Engine{Name: "vllm", Version: "0.9.2"}, EngineConfig: map[string]any{"model": "/model"}},
		}
		if got := p.differences([]engine.Endpoint{c.endpoint}); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// What answers is looked at before and after the run: a replica that became another makes
// the result INVALID, one that is simulated makes it a simulated one, in every form.
func TestEndpointsOfARun(t *testing.T) {
	server := start(t, mock.Config{})[0]
	models := func(before, after page) func(int) page {
		return func(n int) page { return []page{before, after}[min(n, 1)] }
	}
	m := page{`{"data":[{"id":"m"}]}`, false}
	for name, c := range map[string]struct {
		models    func(int) page
		simulated bool
		fault     string
		log       string
	}{
		"the same":               {models(m, m), false, "", ""},
		"another model":          {models(m, page{`{"data":[{"id":"n"}]}`, false}), false, `replica 0 serves "n" after the run, before it "m"`, ""},
		"gone":                   {models(m, page{}), false, "", ""},
		"simulated at the start": {models(page{m.body, true}, m), true, "", "the engine says that it is simulated"},
		"simulated by its name":  {models(page{`{"data":[{"id":"simulated/m"}]}`, false}, m), true, "", "the engine says that it is simulated"},
		"simulated at the end":   {models(m, page{m.body, true}), true, "", "after the run replica 0 says that it is simulated"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := NewPlan(t.Context(), mocked(t, loadgen.Offline, nil), external(front(t, server.URL(), c.models)))
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "run")
			var log strings.Builder
			sum, err := Run(t.Context(), p, Output{Dir: dir, Log: &Log{W: &log}, Program: loadgen.Program{Name: "mlrun", Version: "test"}})
			if err != nil {
				t.Fatal(err)
			}
			if sum.Simulated != c.simulated || c.fault != "" && (sum.Valid || !slices.Contains(sum.Reasons, c.fault)) || !strings.Contains(log.String(), c.log) {
				t.Errorf("simulated %t, valid %t, %q\n%s", sum.Simulated, sum.Valid, sum.Reasons, log.String())
			}
			if got := parquetSays(t, dir, "mlrun.simulated"); (got == "true") != c.simulated {
				t.Errorf("Parquet says that it is simulated: %q", got)
			}
			if found, err := report.Verify(dir, p.Manifest); err != nil || len(found) > 0 {
				t.Errorf("%q, %v", found, err)
			}
		})
	}
	// One release before the run and another after it: a router has sent elsewhere.
	b, _ := backend.Of("vllm")
	version := ""
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(map[string]string{"/v1/models": m.body, "/version": version}[r.URL.Path]))
	}))
	defer h.Close()
	for after, want := range map[string]string{`{"version":"1"}`: "", `{"version":"2"}`: `replica 0 is release "2" after the run, before it "1"`} {
		version = after
		r := &runner{plan: &Plan{Engine: &engine.Plan{Facts: b}}}
		if err := r.lookAgain(t.Context(), []engine.Endpoint{{URL: h.URL, Model: "m", Release: "1"}}); err != nil || strings.Join(r.state.Faults, "") != want {
			t.Errorf("%q, %v; want %q", r.state.Faults, err, want)
		}
	}
}

// parquetSays is what a file of Parquet records says of itself.
func parquetSays(t *testing.T, dir, key string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, record.PartsDir, "*.parquet"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%q, %v", files, err)
	}
	f, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	value, _ := file.Lookup(key)
	return value
}

// Answers that call themselves simulated are believed, in the warm-up too, whatever the
// list of models says.
func TestAnswersSaySo(t *testing.T) {
	server := start(t, mock.Config{})[0]
	to, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		warm bool
		says bool // answers do: all, or those of the warm-up
	}{"none": {true, false}, "all": {false, true}, "in the warm-up": {true, true}} {
		var asked atomic.Int64
		proxy := httputil.NewSingleHostReverseProxy(to)
		proxy.ModifyResponse = func(r *http.Response) error {
			if r.Request.Method != http.MethodPost {
				return nil
			}
			name, n := "m", asked.Add(1)
			if c.says && (!c.warm || n <= warmUpRequests) {
				name = `simulated\/m`
			}
			return renamed(r, name)
		}
		h := httptest.NewServer(proxy)
		defer h.Close()
		p, err := NewPlan(t.Context(), mocked(t, loadgen.Offline, func(_ *loadgen.Settings, m *manifest.Manifest) {
			m.HarnessConfig["enable_warmup"] = c.warm
		}), func() Options { o := external(h.URL); o.Concurrency = 1; return o }())
		if err != nil {
			t.Fatal(err)
		}
		sum, err := Run(t.Context(), p, Output{Dir: filepath.Join(t.TempDir(), "run"), Program: loadgen.Program{Name: "mlrun", Version: "test"}})
		if err != nil || sum.Simulated != c.says {
			t.Errorf("%s: %v, %+v", name, err, sum)
		}
	}
}

// A client that did not keep up makes what it timed INVALID, and nothing is timed for accuracy.
func TestKeptUp(t *testing.T) {
	for _, c := range []struct {
		mode   loadgen.Mode
		kept   bool
		faults []string
	}{
		{loadgen.PerformanceOnly, true, nil},
		{loadgen.PerformanceOnly, false, []string{"the client did not keep up: late", "the client did not keep up: stood still"}},
		{loadgen.AccuracyOnly, false, nil},
	} {
		r := &runner{}
		if r.keptUp(&loadgen.Phase{Mode: c.mode}, &client.Summary{KeptUp: c.kept, Reasons: []string{"late", "stood still"}}); !slices.Equal(r.state.Faults, c.faults) {
			t.Errorf("%v, kept up %t: %q, want %q", c.mode, c.kept, r.state.Faults, c.faults)
		}
	}
}

// What the client could not know is told: connections that were made once more, and
// that replicas broke theirs.
func TestEndOfAPhase(t *testing.T) {
	for class, broken := range map[client.ErrorClass]bool{client.ConnectError: true, client.SendError: true, client.BrokenError: true, client.StatusError: false} {
		for _, n := range []int{0, 1} {
			r := &runner{plan: &Plan{Engine: &engine.Plan{}}}
			r.ended(&client.Summary{Failed: map[client.ErrorClass]int{class: n}, Wall: time.Minute})
			if r.broken != (broken && n > 0) || r.active != time.Minute {
				t.Errorf("%d of %s: broken %t, %v", n, class, r.broken, r.active)
			}
		}
	}
	for resent, want := range map[int]string{0: "", 3: "note: 3 requests met a connection that the engine had closed"} {
		var log strings.Builder
		r := &runner{plan: &Plan{Engine: &engine.Plan{}}, log: &Log{W: &log}}
		r.ended(&client.Summary{Resent: resent})
		if !strings.Contains(log.String(), want) || want == "" && log.Len() > 0 {
			t.Errorf("%d resent: %q", resent, log.String())
		}
	}
}
