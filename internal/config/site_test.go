package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const policy = `package site

import "strings"

harness_config: {
	// Above 30 the network is the limit.
	// Ask before you raise it.
	target_qps?: <=30 @message("the lab's network carries 30 queries a second")
	experiment!: string & strings.MinRunes(3)
	schedule_algo?: "round_robin" | "shortest_queue"
	debug_dump_model_output?: _|_ @message("not on shared machines")
	gpu_batch_size?: _|_
	sorting?: strategy?: !="buckets"
	sorting?: buckets?: [...>=10]
}
vllm_engine_config: [=~"^site_"]: int
vllm_engine_config: gpu_memory_utilization?: number & <=0.95
env_config: [string]: string | number
`

func read(t *testing.T, texts ...string) (*Site, string) {
	t.Helper()
	dir := t.TempDir()
	var files []string
	for i, text := range texts {
		file := filepath.Join(dir, fmt.Sprintf("%d.cue", i))
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	s, found, err := ReadSite(files)
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for _, d := range found {
		fmt.Fprintf(&said, "%s:%d:%d %s\n", filepath.Base(d.Pos.File), d.Pos.Line, d.Pos.Column, d.Message)
	}
	return s, said.String()
}

func TestCheck(t *testing.T) {
	s, said := read(t, policy, "harness_config: target_qps?: >=1\n")
	if said != "" {
		t.Fatal(said)
	}
	for _, tt := range []struct {
		path  string
		value any
		want  string
	}{
		{"harness_config.target_qps", int64(30), ""},
		{"harness_config.target_qps", nil, ""},
		{"harness_config.target_qps", 30.5, "8 the lab's network carries 30 queries a second (Above 30 the network is the limit. Ask before you raise it.)"},
		{"harness_config.target_qps", int64(0), "1 the site wants >=1 ()"},
		{"harness_config.experiment", "ab", "9 the site wants strings.MinRunes(3) ()"},
		{"harness_config.experiment", "abc", ""},
		{"harness_config.schedule_algo", "other", `10 the site wants "round_robin" | "shortest_queue" ()`},
		{"harness_config.debug_dump_model_output", true, "11 not on shared machines ()"},
		{"harness_config.gpu_batch_size", int64(1), "12 the site does not want this key ()"},
		{"harness_config.sorting", map[string]any{"strategy": "buckets", "other": int64(1)}, `13 the site wants !="buckets" ()`},
		{"harness_config.sorting", map[string]any{"buckets": []any{int64(50), int64(5)}}, `14 the site wants [...>=10] ()`},
		{"harness_config.sorting", "text", "14 the site wants a map ()"},
		{"harness_config.unheard", "text", ""},
		{"vllm_engine_config.site_x", "text", "16 the site wants int ()"},
		{"vllm_engine_config.site_x", int64(1), ""},
		{"vllm_engine_config.gpu_memory_utilization", 0.97, "17 the site wants <=0.95 ()"},
		{"vllm_engine_config.gpu_memory_utilization", int64(0), ""},
		{"env_config.ANY", true, "18 the site wants string | number ()"},
		{"env_config.ANY", "x", ""},
	} {
		got := ""
		for _, v := range s.Check(strings.Split(tt.path, "."), tt.value) {
			got += fmt.Sprintf("%d %s (%s)", v.Pos.Line, v.Message, v.Hint)
		}
		if got != tt.want && (tt.want == "" || !strings.HasPrefix(got, tt.want)) {
			t.Errorf("%s %v:\ngot  %s\nwant %s", tt.path, tt.value, got, tt.want)
		}
	}
	for path, want := range map[string]bool{"vllm_engine_config.site_y": true, "vllm_engine_config.max_num_seqs": false, "harness_config.experiment": true, "harness_config.x": false, "none.x": false, "harness_config.target_qps.deep": false} {
		if got := s.Has(strings.Split(path, ".")...); got != want {
			t.Errorf("%s: has %t", path, got)
		}
	}
	var none *Site
	if none.Has("a") || none.Check([]string{"a"}, 1) != nil || none.Keys("a") != nil {
		t.Error("no schema says something")
	}
	names := ""
	for _, k := range s.Keys("harness_config") {
		names += fmt.Sprint(k.Name, " ", k.Required, ",")
	}
	if want := "target_qps false,experiment true,"; !strings.HasPrefix(names, want) {
		t.Error(names)
	}
}

func TestReadFaults(t *testing.T) {
	for _, tt := range []struct{ files, want string }{
		{"a: [", "0.cue:1:5 expected ']', found 'EOF'\n"},
		{"a: b: 1\na: b: 2|", "0.cue:1:7 conflicting values 2 and 1\n"},
		{"", ""},
	} {
		if _, said := read(t, strings.Split(tt.files, "|")...); said != tt.want {
			t.Errorf("%s: got %s", tt.files, said)
		}
	}
	if _, _, err := ReadSite([]string{"absent.cue"}); err == nil {
		t.Error("no error for a file that is not there")
	}
}
