package loadgen

import (
	"maps"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/manifest"
)

// unusual has a value in every field that no default has.
func unusual(t *testing.T) Settings {
	t.Helper()
	var s Settings
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Float64:
			f.SetFloat(0.1 + 1/float64(i+1))
		case reflect.Uint64:
			f.SetUint(math.MaxUint64 - uint64(i))
		case reflect.Int:
			f.SetInt(int64(i))
		case reflect.Uint8:
			f.SetUint(3)
		case reflect.Int64:
			f.SetInt(int64(time.Duration(i) * time.Millisecond))
		default:
			t.Fatalf("field %d has kind %v", i, f.Kind())
		}
	}
	return s
}

func TestMapRoundTrips(t *testing.T) {
	for _, want := range []Settings{unusual(t), DefaultSettings(), {}} {
		m := want.Map()
		if got := reflect.TypeOf(want).NumField(); len(m) != got {
			t.Errorf("the map has %d names, Settings has %d fields", len(m), got)
		}
		got, err := FromMap(m)
		if err != nil || got != want {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
}

func TestMapSurvivesAManifest(t *testing.T) {
	want := unusual(t)
	m := manifest.Manifest{
		BenchmarkName: "b", Scenario: "server", TestMode: "performance", Backend: "vllm",
		Engine: manifest.Engine{Name: "vllm", Version: "1"}, Loadgen: want.Map(), Schema: "s",
	}
	for name, encode := range map[string]func() ([]byte, error){"yaml": m.YAML, "json": m.JSON} {
		t.Run(name, func(t *testing.T) {
			data, err := encode()
			if err != nil {
				t.Fatal(err)
			}
			read, err := manifest.Decode("m", data)
			if err != nil {
				t.Fatal(err)
			}
			got, err := FromMap(read.Loadgen)
			if err != nil || got != want {
				t.Errorf("got %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}

func TestFromMapRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		value any
		want  string
	}{
		{"qps", 1.0, "qps is not a setting"},
		{"min_query_count", nil, "min_query_count is missing"},
		{"min_query_count", int64(-1), "min_query_count: -1 does not lie between 0 and 18446744073709551615"},
		{"min_query_count", 1.5, "min_query_count: 1.5 is not a whole number"},
		{"qsl_rng_seed", new(big.Int).Lsh(big.NewInt(1), 64), "qsl_rng_seed: 18446744073709551616 does not lie"},
		{"min_duration_ms", int64(math.MaxInt64), "min_duration_ms: 9223372036854775807 does not lie between 0 and 9223372036854"},
		{"server_target_qps", "80", "server_target_qps: 80 is not a number"},
		{"server_target_qps", math.Inf(1), "server_target_qps: +Inf is not finite"},
		{"scenario", "serve", `scenario: "serve" is not a scenario (one of SingleStream, MultiStream, Server, Offline)`},
		{"mode", int64(2), "mode: 2 is not text"},
		{"use_token_latencies", int64(1), "use_token_latencies: 1 is not true or false"},
	} {
		m := maps.Clone(DefaultSettings().Map())
		m[tt.name] = tt.value
		if tt.value == nil {
			delete(m, tt.name)
		}
		if _, err := FromMap(m); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s = %v: got %v, want %q", tt.name, tt.value, err, tt.want)
		}
	}
}
