package mlcfg_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mlcfg/internal/source"
)

const uvVersion = "0.9.0"

// TestWheels installs the wheels of this machine with pip into a virtual environment of
// its own, and runs mlcfg from its wheel with uvx; neither may reach an index.
func TestWheels(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	uv := pythonTool(t, "uv", uvVersion)
	wheels := buildWheels(t, "abcdef0")
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

// buildWheels builds the wheels of a version for this machine and returns their folder.
func buildWheels(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "run", "./tools/wheels", "-version", version, "-out", dir, "-platforms", runtime.GOOS+"/"+runtime.GOARCH)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building wheels: %v\n%s", err, out)
	}
	return dir
}

// pinnedRelease is the release that the hooks and the GitHub action of this repository install.
func pinnedRelease(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("pyproject.toml")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), `"mlcfg==`)
	release, _, ended := strings.Cut(rest, `"`)
	if !found || !ended {
		t.Fatal("pyproject.toml asks for no release of mlcfg")
	}
	return release
}

// TestAction runs the steps of the GitHub action as a runner does.
func TestAction(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	text, err := os.ReadFile("action.yml")
	if err != nil {
		t.Fatal(err)
	}
	action, faults := source.Parse("action.yml", text)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	runs, ok := action.Lookup("runs").Interface().(map[string]any)
	if !ok || runs["using"] != "composite" {
		t.Fatalf("action.yml is not composite: %v", runs)
	}
	dir, temp := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "two words.sh"), []byte("vllm serve Qwen/Qwen3-32B --max-num-sequence 256\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	paths := filepath.Join(temp, "path")
	env := append(os.Environ(), "RUNNER_TEMP="+temp, "GITHUB_PATH="+paths, "GITHUB_ACTION_PATH="+snapshot(t, "."),
		"MLCFG_COMMAND=lint", "MLCFG_ARGUMENTS=--engine-version\nvllm=0.33.0\ntwo words.sh\n",
		"PIP_FIND_LINKS="+buildWheels(t, "v"+pinnedRelease(t)))
	var outputs []string
	steps, _ := runs["steps"].([]any)
	for _, step := range steps {
		script, _ := step.(map[string]any)["run"].(string)
		if strings.Contains(script, "${{") {
			t.Errorf("an input becomes text of the script:\n%s", script)
		}
		cmd := exec.Command("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script)
		cmd.Dir, cmd.Env = dir, env
		if added, err := os.ReadFile(paths); err == nil {
			cmd.Env = append(env, "PATH="+strings.TrimSpace(string(added))+string(os.PathListSeparator)+os.Getenv("PATH"))
		}
		out, _ := cmd.CombinedOutput()
		outputs = append(outputs, string(out))
	}
	if len(outputs) != 2 {
		t.Fatalf("%d steps", len(outputs))
	}
	if want := "::error file=two words.sh,line=1,col=27,title=unknown-key::vllm 0.33.0 has no flag --max-num-sequence"; !strings.Contains(outputs[1], want) {
		t.Errorf("no %q in\n%s", want, outputs)
	}
}

// TestContainerfile: the image is built with the release of Go that go.mod names, and copies what is there.
func TestContainerfile(t *testing.T) {
	text, err := os.ReadFile("Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	if want := "FROM golang:" + goEnvMod(t) + "-alpine AS build\n"; !strings.Contains(string(text), want) {
		t.Errorf("Containerfile has no line %q", want)
	}
	if !strings.Contains(string(text), "RUN make build ") {
		t.Error("Containerfile builds otherwise than make build does")
	}
}

// goEnvMod is the release of Go in go.mod.
func goEnvMod(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.GoVersion}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
