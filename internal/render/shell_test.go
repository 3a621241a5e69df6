package render

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/launch"
	"mlcfg/internal/manifest"
)

// hostile are texts that a shell would make something else of.
var hostile = []string{
	"it's", `a "b" c`, "$(touch pwned)", "`touch pwned`", "${HOME}", "a\nb", "MANIFEST", "x\nMANIFEST\ntouch pwned", "; touch pwned", "| touch pwned", "&& touch pwned",
	`\`, `\'`, "--flag=$IFS", "*", "~", "~root", "!!", "#", "", " ", "\t", "é\u2028", "%s%n", "{a,b}", "[x]", "<(touch pwned)", "$'\\n'",
}

// TestQuote lets a shell read words back.
func TestQuote(t *testing.T) {
	for _, shell := range []string{"sh", "bash"} {
		if _, err := exec.LookPath(shell); err != nil {
			t.Logf("SKIPPED: no %s here", shell)
			continue
		}
		cmd := exec.Command(shell, "-c", "printf '%s\\0' "+strings.Join(quoted(hostile), " "))
		cmd.Dir = t.TempDir()
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, hostile) {
			t.Errorf("%s reads %q", shell, got)
		}
	}
}

// hostileManifest has such texts wherever a configuration has any.
func hostileManifest(t *testing.T) *manifest.Manifest {
	m := read(t, "vllm-0.33.0-head")
	for i, text := range hostile {
		m.EnvConfig["X"+string(rune('A'+i))] = text
		m.Roles[0].Environment["X"+string(rune('A'+i))] = text
		m.Roles[0].Arguments = append(m.Roles[0].Arguments, manifest.Argument{Key: "x", Words: []string{manifest.Literal(text)}})
	}
	m.BenchmarkName, m.Scenario = "b$(touch pwned)\n#SBATCH --x", "s\ntouch pwned"
	m.HarnessConfig["dataset_path"] = "/data/$(touch pwned)\n'"
	return m
}

// fakes are programs that write down the words that they are called with, each call into a file of
// its own. As the head's run outlasts the nodes, so does its fake.
const fakes = `#!/bin/bash
name=${0##*/}
printf '%s\0' "$name" "$@" > "$CALLS/$name-$$"
case $name in
srun) while [[ $1 == -* ]]; do shift; done; exec "${1##*/}" "${@:2}" ;; # what is in a container too
scontrol) printf 'n1\nn2\n' ;;
hostname) echo '10.0.0.1 192.168.0.1' ;;
mlrun)
  if [[ $1 == node ]]; then : > "$CALLS/node"
  elif [[ " $* " == *" --node "* ]]; then until [[ -e $CALLS/node ]]; do sleep 0.01; done
  fi ;;
esac
`

// execute runs a script with these in the place of Slurm's programs and mlrun, and returns their calls.
func execute(t *testing.T, script string, env ...string) (calls [][]string, dir string) {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("SKIPPED: no bash here")
	}
	dir = t.TempDir()
	bin, log := filepath.Join(dir, "bin"), filepath.Join(dir, "calls")
	for _, d := range []string{bin, log} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"srun", "scontrol", "hostname", "mlrun"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(fakes), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	cmd.Env = append([]string{"PATH=" + bin + ":" + os.Getenv("PATH"), "CALLS=" + log, "SLURM_JOB_ID=7", "SLURM_JOB_NODELIST=n[1-2]", "SLURM_CPUS_ON_NODE=8"}, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("a text was executed")
	}
	files, err := filepath.Glob(filepath.Join(log, "mlrun-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		calls = append(calls, strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00"))
	}
	return calls, dir
}

// TestSlurmScript runs scripts whose manifest and options have hostile texts.
func TestSlurmScript(t *testing.T) {
	m := hostileManifest(t)
	want, err := m.YAML()
	if err != nil {
		t.Fatal(err)
	}
	var mapping []string
	for i, text := range hostile {
		if text != "" {
			mapping = append(mapping, "/m"+string(rune('a'+i))+"="+text)
		}
	}
	results := `out $(touch pwned)'"`
	for _, c := range []struct {
		name  string
		o     Options
		calls func(dir string, common []string) [][]string
	}{
		{"one node", Options{}, func(dir string, common []string) [][]string {
			return [][]string{slices.Concat([]string{"mlrun", "run", dir + "/manifest.yaml", "--results", dir}, common, hostile)}
		}},
		{"a replica on two nodes", Options{Nodes: 2, NodesPerReplica: 2}, func(dir string, common []string) [][]string {
			return [][]string{slices.Concat([]string{"mlrun", "run", dir + "/manifest.yaml", "--results", dir, "--on", "slurm", "--nodes-per-replica", "2"}, common, hostile)}
		}},
		{"a replica on two nodes in containers", Options{Nodes: 2, NodesPerReplica: 2, Image: "it's $(touch pwned)", Mlrun: "/m/$(touch pwned)"}, func(dir string, common []string) [][]string {
			return [][]string{
				slices.Concat([]string{"mlrun", "node", dir + "/manifest.yaml", "--out", dir + "/node-2", "--node", "2/2", "--head", "10.0.0.1"}, common),
				slices.Concat([]string{"mlrun", "run", dir + "/manifest.yaml", "--results", dir, "--node", "1/2", "--head", "10.0.0.1"}, common, hostile),
			}
		}},
		{"replicas on two nodes", Options{Nodes: 2}, func(dir string, common []string) [][]string {
			return [][]string{slices.Concat([]string{"mlrun", "run", dir + "/manifest.yaml", "--results", dir, "--on", "slurm"}, common, hostile)}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept := slices.Clone(mapping)
			if c.o.Image != "" { // whose mounts have no commas and colons
				kept = slices.DeleteFunc(kept, func(m string) bool { return strings.ContainsAny(m, ",:") })
			}
			c.o.Map, c.o.Args, c.o.NodeArgs, c.o.Results = mapped(t, kept...), hostile, hostile[:3], results
			text, _, err := slurm.Render(m, c.o)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(text[:strings.Index(text, "set -euo")]) {
				if !strings.HasPrefix(line, "#") {
					t.Errorf("the heading has the line %q", line)
				}
			}
			got, dir := execute(t, text)
			dir = filepath.Join(dir, results, "job-7")
			if link, err := filepath.EvalSymlinks(dir); err == nil {
				dir = link
			}
			var common []string
			for _, x := range c.o.Map {
				if c.o.Image == "" {
					common = append(common, "--map", x.From+"="+x.To)
				}
			}
			common = append(common, hostile[:3]...)
			calls := c.calls(dir, common)
			slices.SortFunc(got, func(a, b []string) int { return strings.Compare(a[1], b[1]) }) // they run side by side
			if len(got) != len(calls) {
				t.Fatalf("%d calls of mlrun, want %d: %q", len(got), len(calls), got)
			}
			for i := range calls {
				if !slices.Equal(got[i], calls[i]) {
					t.Errorf("mlrun is called with\n%q, want\n%q", got[i], calls[i])
				}
			}
			have, err := os.ReadFile(filepath.Join(dir, "manifest.yaml"))
			if err != nil || string(have) != string(want) {
				t.Errorf("the manifest is another one (%v)", err)
			}
		})
	}
}

// TestSrtSlurmCommand runs the command of a recipe as srt-slurm does.
func TestSrtSlurmCommand(t *testing.T) {
	m := hostileManifest(t)
	j, err := newJob(m, Options{Args: hostile, Results: "out $(touch pwned)"})
	if err != nil {
		t.Fatal(err)
	}
	calls, _ := execute(t, j.srtCommand("mlrun"), "SRT_AGG_ENDPOINTS=10.0.0.1:8000,10.0.0.2:8001", "TMPDIR="+t.TempDir())
	want := slices.Concat([]string{"--external", "http://10.0.0.1:8000", "--external", "http://10.0.0.2:8001", "--wait", "--results", "out $(touch pwned)"}, hostile)
	if len(calls) != 1 || !slices.Equal(calls[0][3:], want) {
		t.Fatalf("mlrun is called with %q", calls)
	}
	have, err := os.ReadFile(calls[0][2])
	if wanted, _ := m.YAML(); err != nil || string(have) != string(wanted) {
		t.Errorf("the manifest is another one (%v)", err)
	}
}

// TestDocument holds texts that have the line that ends them.
func TestDocument(t *testing.T) {
	text := "a\nMANIFEST\nMANIFEST_\n$(touch pwned)\n"
	cmd := exec.Command("bash", "-c", "cat "+document(text))
	cmd.Dir = t.TempDir()
	if out, err := cmd.Output(); err != nil || string(out) != text {
		t.Errorf("a shell reads %q (%v)", out, err)
	}
}

// TestHostileYAML holds what Kubernetes and Compose start to the same texts.
func TestHostileYAML(t *testing.T) {
	m := hostileManifest(t)
	for _, c := range []struct {
		target string
		o      Options
	}{
		{"kubernetes", Options{Image: "lab/vllm", ClientImage: "lab/mlcfg", Results: "pvc:runs", Nodes: 2, NodesPerReplica: 2}},
		{"kubernetes", Options{Image: "lab/vllm", ClientImage: "lab/mlcfg", Results: "pvc:runs"}},
		{"compose", Options{Image: "lab/vllm"}},
	} {
		text, _, err := target(t, c.target).Render(m, c.o)
		if err != nil {
			t.Fatal(err)
		}
		whole(t, fmt.Sprintf("%s-hostile-%d", c.target, c.o.Nodes), text)
		found := launch.Read(launch.NewFile("rendered", []byte(text)))
		if len(found) == 0 {
			t.Fatalf("%s: it starts nothing", c.target)
		}
		for _, l := range found {
			var words []string
			for _, w := range l.Words[len(l.Words)-len(hostile):] {
				words = append(words, w.Text)
			}
			if !slices.Equal(words, hostile) {
				t.Errorf("%s: %q is read", c.target, words)
			}
			for _, v := range l.Variables {
				if want, ok := m.EnvConfig[v.Name]; ok && v.Value.Text != want {
					t.Errorf("%s: %s is %q, not %q", c.target, v.Name, v.Value.Text, want)
				}
			}
		}
	}
}

// TestEnroot holds how Slurm's containers name images.
func TestEnroot(t *testing.T) {
	for image, want := range map[string]string{
		"docker.io/vllm/vllm-openai:v1": "vllm/vllm-openai:v1", "vllm/vllm-openai:v1": "vllm/vllm-openai:v1", "nvcr.io/nvidia/x/y:1": "nvcr.io#nvidia/x/y:1",
		"nvcr.io#nvidia/x:1": "nvcr.io#nvidia/x:1", "localhost:5000/x": "localhost:5000#x", "/shared/x.sqsh": "/shared/x.sqsh", "./x.sqsh": "./x.sqsh", "x": "x", "": "",
	} {
		if got := enroot(image); got != want {
			t.Errorf("%s is %s, not %s", image, got, want)
		}
	}
}
