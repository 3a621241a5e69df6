package report

import (
	"fmt"
	"math"
	"slices"

	"mlcfg/internal/manifest"
)

// Difference is a key in which manifests differ, and what each says; a key that
// a manifest lacks is empty there.
type Difference struct {
	Key    string
	Values []string
}

// differences lists the settings that differ between runs, by key.
func differences(runs []*Run) []Difference {
	flat := make([]map[string]string, len(runs))
	keys := map[string]bool{}
	for i, r := range runs {
		flat[i] = map[string]string{}
		m := r.Manifest
		env := map[string]any{}
		for k, v := range m.EnvConfig {
			env[k] = v
		}
		for name, v := range map[string]any{
			"backend": m.Backend, "engine": m.Engine.Name + " " + m.Engine.Version, "machine": m.Machine, "env_config": env,
			"engine_config": m.EngineConfig, "sampling_config": m.SamplingConfig, "harness_config": m.HarnessConfig, "loadgen": m.Loadgen,
		} {
			flatten(flat[i], name, v)
		}
		for k := range flat[i] {
			keys[k] = true
		}
	}
	var out []Difference
	for k := range keys {
		d := Difference{Key: k}
		for i := range flat {
			d.Values = append(d.Values, flat[i][k])
		}
		if len(slices.Compact(slices.Clone(d.Values))) > 1 {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b Difference) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	return out
}

func flatten(out map[string]string, path string, v any) {
	m, ok := v.(map[string]any)
	if !ok {
		out[path] = fmt.Sprint(v)
		return
	}
	for k, v := range m {
		flatten(out, path+"."+k, v)
	}
}

// Group is the runs of one manifest: repetitions of one measurement.
type Group struct {
	Name string
	Runs int
	// Rows are the figures with their 95 % confidence, in the order of [groupRows].
	Rows []Estimate
}

// Estimate is a mean over repeated runs and half the width of its 95 %
// confidence interval by Student's t; Half is NaN for one run alone.
type Estimate struct{ Mean, Half float64 }

// String is mean ± half width.
func (e Estimate) String() string {
	if math.IsNaN(e.Mean) {
		return "–"
	}
	if math.IsNaN(e.Half) {
		return number(e.Mean)
	}
	return number(e.Mean) + " ± " + number(e.Half)
}

// groupRows are the figures that runs are compared by.
var groupRows = []struct {
	Name string
	of   func(*Summary) float64
}{
	{"samples/s", func(s *Summary) float64 { return s.SamplesPerSecond }},
	{"tokens/s", func(s *Summary) float64 { return s.TokensPerSecond }},
	{"TTFT p50, ms", func(s *Summary) float64 { return p(s.TTFT, func(s *Spread) float64 { return s.P50MS }) }},
	{"TTFT p99, ms", func(s *Summary) float64 { return p(s.TTFT, func(s *Spread) float64 { return s.P99MS }) }},
	{"TPOT p50, ms", func(s *Summary) float64 { return p(s.TPOT, func(s *Spread) float64 { return s.P50MS }) }},
	{"TPOT p99, ms", func(s *Summary) float64 { return p(s.TPOT, func(s *Spread) float64 { return s.P99MS }) }},
	{"latency p50, ms", func(s *Summary) float64 { return p(s.Latency, func(s *Spread) float64 { return s.P50MS }) }},
	{"latency p99, ms", func(s *Summary) float64 { return p(s.Latency, func(s *Spread) float64 { return s.P99MS }) }},
}

func p(s *Spread, of func(*Spread) float64) float64 {
	if s == nil {
		return math.NaN()
	}
	return of(s)
}

// groups gathers runs by manifest, in the order of their first.
func groups(runs []*Run, sums []*Summary) []Group {
	var order []string
	members := map[string][]*Summary{}
	names := map[string]string{}
	for i, r := range runs {
		d := r.Manifest.Digest
		if members[d] == nil {
			order = append(order, d)
			names[d] = fmt.Sprintf("%s %s %s", r.Manifest.Machine, r.Manifest.Backend, shortDigest(r.Manifest))
		}
		members[d] = append(members[d], sums[i])
	}
	var out []Group
	for _, d := range order {
		g := Group{Name: names[d], Runs: len(members[d])}
		for _, row := range groupRows {
			var values []float64
			for _, s := range members[d] {
				values = append(values, row.of(s))
			}
			g.Rows = append(g.Rows, estimate(values))
		}
		out = append(out, g)
	}
	return out
}

func shortDigest(m *manifest.Manifest) string {
	d := m.Digest
	if len(d) > len("sha256:")+8 {
		d = d[len("sha256:") : len("sha256:")+8]
	}
	return d
}

// studentT is the two-sided 95 % point of Student's t for 1 to 30 degrees of
// freedom; above, the normal distribution's 1.96 is near enough.
var studentT = [...]float64{
	12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
	2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
}

func estimate(values []float64) Estimate {
	n := float64(len(values))
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	e := Estimate{Mean: sum / n, Half: math.NaN()}
	if len(values) < 2 {
		return e
	}
	squares := 0.0
	for _, v := range values {
		squares += (v - e.Mean) * (v - e.Mean)
	}
	t := 1.96
	if len(values)-1 <= len(studentT) {
		t = studentT[len(values)-2]
	}
	e.Half = t * math.Sqrt(squares/(n-1)/n)
	return e
}
