package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAltered changes one thing in a copy of an engine's sources: the schema says it, and
// nothing else of it changes.
func TestAltered(t *testing.T) {
	needPython(t)
	const from = "testdata/vllm_settings"
	before := importText(t, Spec{"vllm", "1.0"}, from)
	for _, c := range []struct{ file, old, new, want string }{
		{"config/cache.py", "swap_space: float = 4", "swap_space: float = 5", "swap_space?: *5.0 | number & >=0"},
		{"config/cache.py", "gpu_memory_utilization: float = Field(default=0.9, gt=0, le=1)", "gpu_memory_utilization: float = Field(default=0.9, gt=0, le=0.95)", "number & >0 & <=0.95"},
		{"config/cache.py", "self.swap_space < 0:", "self.swap_space < 1:", "number & >=1"},
		{"config/cache.py", "block_size: Literal[8, 16]", "block_size: Literal[8, 16, 32]", " | 32 "},
		{"config/__init__.py", `Literal["fcfs", "priority"]`, `Literal["fcfs", "lof"]`, `*"fcfs" | "lof"`},
		{"config/__init__.py", "steps: int = Field(default=3, ge=0, lt=10)", "steps: bool = Field(default=False)", "steps?: *false | bool"},
		{
			"config/__init__.py", `    computed: int`, "    def __post_init__(self):\n        if self.policy == \"priority\" and self.max_num_seqs > 8:\n            raise ValueError(f\"too many, {self.max_num_seqs}\")\n\n    computed: int",
			`policy == 'priority' and max_num_seqs > 8",says="too many, {max_num_seqs}"`,
		},
		{"envs.py", `float(os.getenv("VLLM_RATIO", "0.5"))`, `int(os.getenv("VLLM_RATIO", "7"))`, "VLLM_RATIO?: *7 | #Int"},
		{"envs.py", `bool(int(os.getenv("VLLM_TRACE", "0")))`, `bool(os.getenv("VLLM_TRACE", ""))`, "VLLM_TRACE?: *false | #Filled"},
		{"envs.py", `["auto", "fast"]`, `["auto", "fast", "slow"]`, `"slow"`},
		{"envs.py", `lambda: bool(int(os.getenv("VLLM_TRACE", "0")))`, `lambda: "x" in os.getenv("OTHER", "")`, "its value follows from OTHER"},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "vllm", c.file)
		text, err := os.ReadFile(path)
		if err != nil || strings.Count(string(text), c.old) != 1 {
			t.Fatalf("%s does not hold %q once: %v", c.file, c.old, err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), c.old, c.new, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		after := importText(t, Spec{"vllm", "1.0"}, dir)
		if strings.Contains(before, c.want) || !strings.Contains(after, c.want) {
			t.Errorf("%s: %q instead of %q: the schema does not say %q", c.file, c.new, c.old, c.want)
		}
		if n := changed(before, after); n == 0 || n > 3 {
			t.Errorf("%s: %q instead of %q: %d lines of the schema change", c.file, c.new, c.old, n)
		}
	}
}

// changed counts the definitions that stand in one text and not in the other.
func changed(before, after string) (n int) {
	old := map[string]bool{}
	for line := range strings.Lines(before) {
		old[line] = true
	}
	for line := range strings.Lines(after) {
		if strings.Contains(line, "?: ") && !old[line] {
			n++
		}
	}
	return n
}
