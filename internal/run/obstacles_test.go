package run

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/client/mock"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/record/metrics"
)

// Whatever a run cannot write, before its test or behind it, ends it with an error or
// makes it INVALID; none is called valid whose directory does not hold what was measured.
func TestObstacles(t *testing.T) {
	for name, c := range map[string]struct {
		file  string // a folder takes its place before the engine starts
		empty bool   // a file does
		late  bool   // when the engine is looked for
		warm  bool
		want  string // in the error; "INVALID: " before it: a fault of the result
	}{
		"the state":            {file: record.StateFile, want: record.StateFile},
		"engines' logs":        {file: record.EngineDir, want: "making the folder of the engine's logs: "},
		"records":              {file: record.FileName, want: record.FileName},
		"LoadGen's logs":       {file: loadgen.DetailName + loadgen.PartialSuffix, want: loadgen.DetailName},
		"LoadGen's summary":    {file: loadgen.SummaryName, want: loadgen.SummaryName},
		"Parquet":              {file: record.PartsDir + "/part-00000.parquet", want: ""},
		"the engines' metrics": {file: metrics.FileName, empty: true, want: "INVALID: creating the metrics file: "},
		"the summary":          {file: record.SummaryFile, want: record.SummaryFile},
		"why it is not valid":  {file: record.InvalidFile, want: ""},
		"the seal":             {file: record.SealFile, want: record.SealFile},
		"what engines say":     {file: endpointsFile, late: true, want: "endpoints.json"},
		"the state, warmed up": {file: record.StateFile, late: true, warm: true, want: record.StateFile},
		"the state, measuring": {file: record.StateFile, late: true, want: record.StateFile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "run")
			m := mocked(t, loadgen.Offline, func(_ *loadgen.Settings, m *manifest.Manifest) { m.HarnessConfig["enable_warmup"] = c.warm })
			at := filepath.Join(dir, c.file)
			o := external(front(t, start(t, mock.Config{})[0].URL(), func(n int) page {
				if c.late && n == 0 {
					if err := errors.Join(os.RemoveAll(at), os.Mkdir(at, 0o700)); err != nil {
						t.Error(err)
					}
				}
				return page{`{"data":[{"id":"m"}]}`, false}
			}))
			make := map[bool]string{true: "touch '", false: "mkdir -p '"}[c.empty]
			if o.PowerScript = ""; !c.late {
				o.PowerScript = shell(t, "cd '"+dir+"' && rm -f '"+c.file+"' && "+make+c.file+"'")
			}
			p, err := NewPlan(t.Context(), m, o)
			if err != nil {
				t.Fatal(err)
			}
			sum, err := Run(t.Context(), p, Output{Dir: dir, Program: loadgen.Program{Name: "mlrun", Version: "test"}})
			text, fault := strings.CutPrefix(c.want, "INVALID: ")
			switch {
			case fault:
				if err != nil || sum == nil || sum.Valid || !slices.ContainsFunc(sum.Reasons, func(r string) bool { return strings.HasPrefix(r, text) }) {
					t.Errorf("%v, %+v; want the reason %s", err, sum, text)
				}
			case text != "":
				if err == nil || !strings.Contains(err.Error(), text) {
					t.Errorf("%v, %+v; want %s", err, sum, text)
				}
			case err == nil && sum == nil: // it is in nobody's way
				t.Errorf("%+v", sum)
			}
		})
	}
}

// A directory that is damaged while a run goes on gives no result.
func TestDamagedWhileItRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	servers := start(t, mock.Config{Fault: func(n int) mock.Fault {
		if n == 3 {
			_ = os.Remove(filepath.Join(dir, record.ManifestFile))
		}
		return mock.NoFault
	}})
	p, err := NewPlan(t.Context(), mocked(t, loadgen.Offline, nil), external(servers[0].URL()))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := Run(t.Context(), p, Output{Dir: dir, Program: loadgen.Program{Name: "mlrun", Version: "test"}})
	if err == nil || !strings.Contains(err.Error(), record.ManifestFile) || sum != nil {
		t.Errorf("%v, %+v", err, sum)
	}
	if text, err := os.ReadFile(filepath.Join(dir, record.InvalidFile)); err != nil || !strings.Contains(string(text), record.ManifestFile) {
		t.Errorf("INVALID says %q, %v", text, err)
	}
}

// While a run goes on Prometheus finds how: the phase, its size, the limits, and what the
// replicas have done; behind it nobody answers.
func TestMetricsOfARun(t *testing.T) {
	for _, c := range []struct {
		name     string
		scenario loadgen.Scenario
		change   func(*loadgen.Settings)
		want     []string
		lacks    []string
	}{
		{"server", loadgen.Server, nil, []string{
			`mlrun_run_info{benchmark="made-up",scenario="Server",machine="alpha",backend="vllm",simulated="false",engine="vllm 0.10.2",phase="performance"} 1`,
			`of="ttft"} 20`, `of="tpot"} 20`, `replica="0"`, "mlrun_phase_left_seconds",
		}, []string{`of="latency"} `, `replica="1"`, "mlrun_samples{benchmark=\"made-up\",scenario=\"Server\",machine=\"alpha\",backend=\"vllm\",simulated=\"false\"} 0"}},
		{"a latency of the whole", loadgen.Server, func(s *loadgen.Settings) { s.UseTokenLatencies, s.ServerTargetLatency = false, 7*time.Second }, []string{`mlrun_latency_limit_seconds{benchmark="made-up",scenario="Server",machine="alpha",backend="vllm",simulated="false",of="latency"} 7`}, []string{`of="ttft"} 20`}},
		{"offline", loadgen.Offline, nil, []string{`scenario="Offline"`, `phase="performance"`}, []string{"mlrun_latency_limit_seconds{"}},
		{"accuracy", loadgen.Server, func(s *loadgen.Settings) { s.Mode = loadgen.AccuracyOnly }, []string{`phase="accuracy"`}, []string{"mlrun_latency_limit_seconds{"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			url := "http://" + l.Addr().String() + "/metrics"
			seen := make(chan string, 1)
			servers := start(t, mock.Config{Fault: func(n int) mock.Fault {
				if n == 20 {
					seen <- get(url)
				}
				return mock.NoFault
			}})
			m := mocked(t, c.scenario, func(s *loadgen.Settings, m *manifest.Manifest) {
				if c.change != nil {
					c.change(s)
				}
				m.TestMode = s.Mode.String()
			})
			p, err := NewPlan(t.Context(), m, external(servers[0].URL()))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Run(t.Context(), p, Output{Dir: filepath.Join(t.TempDir(), "run"), Program: loadgen.Program{Name: "mlrun", Version: "test"}, Metrics: l}); err != nil {
				t.Fatal(err)
			}
			page := <-seen
			for _, want := range c.want {
				if !strings.Contains(page, want) {
					t.Errorf("no %s in\n%s", want, page)
				}
			}
			for _, lacks := range c.lacks {
				if strings.Contains(page, lacks) {
					t.Errorf("%s is in\n%s", lacks, page)
				}
			}
			for _, counted := range []string{"mlrun_phase_elapsed_seconds", "mlrun_requests_sent"} {
				if i := strings.Index(page, "\n"+counted+"{"); i < 0 || strings.HasSuffix(strings.SplitN(page[i+1:], "\n", 2)[0], " 0") {
					t.Errorf("%s does not count:\n%s", counted, page)
				}
			}
			if conn, err := net.Dial("tcp", l.Addr().String()); err == nil {
				conn.Close()
				t.Error("the run is over, and its page is there")
			}
		})
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	there := t.TempDir()
	p := &Plan{Engine: &engine.Plan{}, Manifest: &manifest.Manifest{}}
	if _, err := Run(t.Context(), p, Output{Dir: there, Metrics: l}); err == nil {
		t.Error("a directory that is there is written into")
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is open: %v", err)
	}
}

func get(url string) string {
	res, err := http.Get(url) //nolint:gosec,noctx // a test's own
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return string(text)
}
