package mlcfg_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const uvVersion = "0.9.0"

// TestWheels installs the wheels of this machine with pip into a virtual environment of
// its own, and runs mlcfg from its wheel with uvx; neither may reach an index.
func TestWheels(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	uv := pythonTool(t, "uv", uvVersion)
	wheels := buildWheels(t)
	mlcfg, err := filepath.Glob(filepath.Join(wheels, "mlcfg-*.whl"))
	if err != nil || len(mlcfg) != 1 {
		t.Fatalf("wheels of mlcfg: %v, %v", mlcfg, err)
	}
	info, err := os.Stat(mlcfg[0])
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 15e6 {
		t.Errorf("the wheel of mlcfg has %d bytes, more than 15 MB", info.Size())
	}

	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "serve.sh"), []byte("vllm serve Qwen/Qwen3-32B --max-num-sequence 256\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(path string, args ...string) string {
		t.Helper()
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+path, "UV_CACHE_DIR="+t.TempDir(), "UV_OFFLINE=1", "UV_PYTHON_DOWNLOADS=never", "PIP_NO_INDEX=1")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
			t.Fatalf("%v: %v", args, err)
		}
		return out.String()
	}
	env := filepath.Join(dir, ".venv")
	bin := filepath.Join(env, "bin")
	run(os.Getenv("PATH"), "python3", "-m", "venv", env)
	run(os.Getenv("PATH"), filepath.Join(bin, "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--find-links", wheels, "mlcfg[run]==0.dev0+gabcdef0")
	found := "serve.sh:1:27: error:"
	// The programs have to run with nothing else on PATH.
	for _, try := range []struct{ out, want string }{
		{run("", filepath.Join(bin, "mlcfg"), "lint", "."), found},
		{run("", filepath.Join(bin, "mlcfg"), "--version"), "mlcfg version abcdef0\n"},
		{run("", filepath.Join(bin, "mlrun"), "--version"), "mlrun version abcdef0\n"},
		{run(os.Getenv("PATH"), uv, "tool", "run", "--from", mlcfg[0], "mlcfg", "lint", "."), found},
	} {
		if !strings.Contains(try.out, try.want) {
			t.Errorf("no %q in\n%s", try.want, try.out)
		}
	}
}

// buildWheels builds the wheels for this machine and returns their folder.
func buildWheels(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "run", "./tools/wheels", "-version", "abcdef0", "-out", dir, "-platforms", runtime.GOOS+"/"+runtime.GOARCH)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building wheels: %v\n%s", err, out)
	}
	return dir
}
