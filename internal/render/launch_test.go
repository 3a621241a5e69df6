package render

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/backend"
	"mlcfg/internal/engine"
	"mlcfg/internal/launch"
	"mlcfg/schema"
)

// TestReadsBack holds what files start, as mlcfg lint reads them, to what mlrun would start from the
// manifest: word by word where the file has words, by keys and values where it has those.
func TestReadsBack(t *testing.T) {
	read := 0
	for _, r := range renderings(t) {
		m := r.read(t)
		b, _ := backend.With(m.Backend, m.Engine.Name)
		if len(b.Programs) == 0 {
			continue // lint reads no launches of this engine
		}
		t.Run(r.name, func(t *testing.T) {
			text, _, err := target(t, r.target).Render(m, r.options)
			if err != nil {
				t.Fatal(err)
			}
			found := launch.Read(launch.NewFile("rendered", []byte(text)))
			if len(found) == 0 {
				t.Fatal("it starts nothing")
			}
			for i, l := range found {
				node := engine.Node{}
				if many := r.options.NodesPerReplica; many > 1 && r.target == "kubernetes" {
					node = engine.Node{Index: i + 1, Count: many, Head: "HEAD", Address: "10.0.0.1"}
				}
				plan, err := engine.NewPlan(m, engine.Options{Node: node, DeviceEnv: engine.NoDevices})
				if err != nil {
					t.Fatal(err)
				}
				replica := plan.Replicas[0]
				hold(t, r, l, replica.Command[len(m.Roles[0].Program):])
				held := map[string]string{}
				for _, v := range replica.Env {
					if !v.Passed && !slices.Contains(binding, v.Name) {
						held[v.Name] = v.Value
					}
				}
				checkVariables(t, r, l, held)
				if l.Release.Number != m.Engine.Version && r.options.Image == "" {
					t.Errorf("it is of release %q, not %s", l.Release.Number, m.Engine.Version)
				}
			}
			read++
		})
	}
	if read < 12 {
		t.Errorf("%d files were read", read)
	}
}

// hold compares the arguments of a launch with the words that mlrun would start it with.
func hold(t *testing.T, r rendering, l launch.Launch, want []string) {
	t.Helper()
	s, err := schema.Load(l.Backend.Engine, r.read(t).Engine.Version)
	if err != nil {
		t.Fatal(err)
	}
	ours := launch.Launch{Backend: l.Backend, Program: l.Program}
	for _, w := range want {
		ours.Words = append(ours.Words, launch.NewWord(w, l.Pos))
	}
	if r.target == "srt-slurm" {
		ours.Program = &l.Backend.Programs[0]
	}
	said := func(l *launch.Launch) map[string]string {
		line := l.Line(s)
		for _, f := range line.Found {
			t.Errorf("%s: %s", f.Diagnostic.Code, f.Diagnostic.Message)
		}
		all := map[string]string{}
		for _, a := range line.Arguments {
			value := launch.Hole
			if a.Value != nil {
				value = a.Value.Spell()
			}
			all[a.Key.Name] = value
		}
		return all
	}
	have, wanted := said(&l), said(&ours)
	// srt-slurm has the model at a place of its own.
	theSystems := slices.Concat(l.Backend.ListenKeys, []string{"served_model_name", "model_tag", l.Backend.Model})
	for _, n := range l.Backend.Nodes {
		if r.target == "srt-slurm" {
			theSystems = append(theSystems, n.Key)
		}
	}
	for key := range maps.Keys(wanted) {
		switch {
		case slices.Contains(theSystems, key) && r.target == "srt-slurm":
		case slices.Contains(l.Backend.ListenKeys, key):
			if have[key] == "" {
				t.Errorf("%s is not said", key)
			}
		case have[key] == launch.Hole && slices.Contains([]string{`"HEAD"`, `"HEAD:29500"`, "1"}, wanted[key]): // what the cluster fills in
		case have[key] != wanted[key]:
			t.Errorf("%s is %q, mlrun's %q", key, have[key], wanted[key])
		}
	}
	for key := range maps.Keys(have) {
		if _, ok := wanted[key]; !ok && !slices.Contains(theSystems, key) {
			t.Errorf("%s is said, mlrun says nothing of it", key)
		}
	}
}

func checkVariables(t *testing.T, r rendering, l launch.Launch, want map[string]string) {
	t.Helper()
	have := map[string]string{}
	for _, v := range l.Variables {
		have[v.Name] = v.Value.Text
	}
	for name, value := range want {
		switch got, ok := have[name]; {
		case got == value, ok && strings.Contains(got, launch.Hole):
		case name == "RAY_ADDRESS", name == "VLLM_HOST_IP" && r.target != "kubernetes": // set where it starts
		default:
			t.Errorf("%s is %q, mlrun's %q", name, got, value)
		}
	}
}
