package report

import (
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlcfg/internal/record"
)

// environment says what a run ran on and with: its state, what machine.json
// holds, and the command of the first engine replica. A file that is not there
// or is damaged leaves its part out.
func environment(r *Run, sum *Summary) []Setting {
	var out []Setting
	add := func(key, value string) {
		if value != "" {
			out = append(out, Setting{key, value})
		}
	}
	engine := r.Manifest.Engine.Name + " " + r.Manifest.Engine.Version
	if r.State.Simulated {
		engine = "the simulated engine instead of " + engine
	}
	add("engine", engine)
	add("program", r.State.Program)
	add("clock", sum.Clock())
	if sum.Clients > 1 {
		add("clients", strconv.Itoa(sum.Clients))
	}
	add("KV cache", sum.Cache())
	if r.State.OfficialLoadGen != "" {
		add("official LoadGen", r.State.OfficialLoadGen)
	}
	if !r.State.Started.IsZero() {
		add("started", r.State.Started.UTC().Format(time.RFC3339))
	}
	if r.State.Ended != nil {
		add("ended", r.State.Ended.UTC().Format(time.RFC3339))
	}
	add("samples in the data set", strconv.FormatUint(r.State.DatasetSamples, 10))
	machine := Machine(r.Path)
	for _, key := range slices.Sorted(maps.Keys(machine)) {
		add(key, machine[key])
	}
	add("command of replica 0", command(r.Path))
	return out
}

// longestFile bounds what is read of a file that describes a run.
const longestFile = 4 << 20

// Machine is what machine.json of a run directory says, flat: a list's elements
// stand behind one another. It is empty where the file is not there or no JSON object.
func Machine(dir string) map[string]string {
	var fields map[string]any
	readJSON(filepath.Join(dir, record.MachineFile), &fields)
	out := map[string]string{}
	flattenFacts(out, "", fields)
	return out
}

func flattenFacts(out map[string]string, path string, v any) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for k, inner := range v {
			flattenFacts(out, strings.TrimPrefix(path+"."+k, "."), inner)
		}
	case []any:
		var parts []string
		for _, inner := range v {
			if m, ok := inner.(map[string]any); ok {
				var words []string
				for _, k := range slices.Sorted(maps.Keys(m)) {
					words = append(words, k+" "+plain(m[k]))
				}
				parts = append(parts, strings.Join(words, ", "))
				continue
			}
			parts = append(parts, plain(inner))
		}
		out[path] = strings.Join(parts, "; ")
	case float64:
		text := strconv.FormatFloat(v, 'f', -1, 64)
		if strings.HasSuffix(path, "_bytes") {
			text = strconv.FormatFloat(v/(1<<30), 'f', 1, 64) + " GiB"
		}
		out[path] = text
	default:
		out[path] = plain(v)
	}
}

// command is how the first replica was started, from plan.json.
func command(dir string) string {
	var plan struct {
		Engine struct {
			Replicas []struct {
				Command []string `json:"command"`
			} `json:"replicas"`
		} `json:"engine"`
	}
	readJSON(filepath.Join(dir, record.PlanFile), &plan)
	if len(plan.Engine.Replicas) == 0 {
		return ""
	}
	return strings.Join(plan.Engine.Replicas[0].Command, " ")
}

// readJSON fills v where the file holds what v takes, and leaves it where not:
// what describes a run is no part of its figures.
func readJSON(path string, v any) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	_ = json.NewDecoder(io.LimitReader(f, longestFile)).Decode(v)
}
