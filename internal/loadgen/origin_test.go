package loadgen

import (
	"slices"
	"testing"
)

func TestWhere(t *testing.T) {
	conf, found := ParseConf("/conf/user.conf", []byte("# own\nm.Server.target_qps = 4\nm.Server.use_token_latencies = 1\nm.Server.ttft_latency = 2000\n"), UserConf)
	if len(found) > 0 {
		t.Fatal(found)
	}
	s, _ := Freeze(Request{
		Benchmark: "m", Scenario: Server, Mode: PerformanceOnly, Round: "v6.1", UserConfPath: "/conf/user.conf", UserConf: conf, DataSamples: 100,
		Harness: &Harness{TargetQPS: -1, TotalSampleCount: -1, DurationSec: 30},
	})
	for field, want := range map[string]string{
		"server_target_qps": "target_qps (/conf/user.conf:2)",
		"ttft_latency_ns":   "ttft_latency (/conf/user.conf:4)",
		"min_duration_ms":   "harness_config.duration_sec",
		"min_query_count":   "m.Server.min_query_count in /conf/user.conf",
		"tpot_latency_ns":   "m.Server.tpot_latency in /conf/user.conf",
	} {
		if got := s.Where(field); got != want {
			t.Errorf("%s: got %q, want %q", field, got, want)
		}
	}
	e, err := s.Effective()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"TTFT p99 of at most 2s (/conf/user.conf:4)", "TPOT p99 of at most 100ms (LoadGen's default)",
		"at least 30s (harness_config.duration_sec)", "at least 100 queries (LoadGen's default)",
	}
	if got := s.JudgedBy(&e); !slices.Equal(got, want) {
		t.Errorf("judged by\n%q\nwant\n%q", got, want)
	}
	if got, want := s.MissingLimits(), []string{"m.Server.tpot_latency = 200"}; !slices.Equal(got, want) {
		t.Errorf("missing: got %q, want %q", got, want)
	}
}

func TestConfKeys(t *testing.T) {
	keys := ConfKeys()
	if len(keys) < 20 {
		t.Fatalf("%d keys", len(keys))
	}
	for _, k := range keys {
		if k.About == "" || k.Value == "" {
			t.Errorf("%s: said to be %q, its value %q", k.Name, k.About, k.Value)
		}
	}
	if i := slices.IndexFunc(keys, func(k ConfKey) bool { return k.Name == "ttft_latency" }); i < 0 || keys[i].Value != "milliseconds, whole" || !slices.Equal(keys[i].Scenarios, []string{"Server"}) {
		t.Errorf("ttft_latency is %+v", keys[max(i, 0)])
	}
}
