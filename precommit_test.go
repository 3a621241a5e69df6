package mlcfg_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/tools/goldenfile"

	"github.com/google/go-cmp/cmp"
)

// preCommitVersion is what the page docs/pre-commit.md was made with.
const preCommitVersion = "4.3.0"

// TestPreCommit runs the hooks of this repository, as it stands, with the real
// pre-commit in a repository made for it: the run that docs/pre-commit.md shows,
// by language golang, and once more by the mlcfg on PATH and by its wheel.
func TestPreCommit(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	preCommit := pythonTool(t, "pre-commit", preCommitVersion)
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "pre-commit.md"))
	if err != nil {
		t.Fatal(err)
	}
	hooks := snapshot(t, root)
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin, root+"/cmd/mlcfg").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	r := &hookRun{t: t, dir: t.TempDir(), preCommit: preCommit, env: append(os.Environ(),
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"PRE_COMMIT_HOME="+t.TempDir(), "PRE_COMMIT_COLOR=never", "GOFLAGS=-modcacherw", "GOMODCACHE="+goEnv(t, "GOMODCACHE"),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b",
	)}
	rev := strings.TrimSpace(r.git(hooks, "rev-parse", "HEAD"))
	r.words = strings.NewReplacer("REPOSITORY", hooks, "REVISION", rev)
	got := r.page(string(page))
	if *goldenfile.Update {
		if err := os.WriteFile(filepath.Join(root, "docs", "pre-commit.md"), []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(page), got); diff != "" && !*goldenfile.Update {
		t.Errorf("(-page +run)\n%s", diff)
	}
	for _, want := range []string{"did you mean max_num_seqs", "mlcfg fmt................................................................Failed", "no-manifest", "mlcfg check..............................................................Passed"} {
		if !strings.Contains(got, want) {
			t.Errorf("the run lacks %q", want)
		}
	}
	r.env = append(r.env, "PIP_FIND_LINKS="+buildWheels(t, "v"+pinnedRelease(t)))
	config := r.read(".pre-commit-config.yaml")
	for _, variant := range []string{"-system", "-python"} {
		r.write(".pre-commit-config.yaml", strings.NewReplacer("mlcfg-lint", "mlcfg-lint"+variant, "mlcfg-fmt", "mlcfg-fmt"+variant, "mlcfg-check", "mlcfg-check"+variant).Replace(config))
		r.git(r.dir, "add", ".")
		if out := r.run("pre-commit", "run", "--all-files"); strings.Count(out, "Passed") != 3 {
			t.Errorf("with the hooks %s:\n%s", variant, out)
		}
	}
}

// TestPreCommitLaunches runs the hook for files that start engines over a repository that has
// nothing of ours: a finding in each kind of file fails it, and what GitHub gets names their lines.
func TestPreCommitLaunches(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	preCommit := pythonTool(t, "pre-commit", preCommitVersion)
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin, root+"/cmd/mlcfg").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	r := &hookRun{t: t, dir: t.TempDir(), preCommit: preCommit, env: append(os.Environ(),
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "PRE_COMMIT_HOME="+t.TempDir(), "PRE_COMMIT_COLOR=never",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b",
	)}
	hooks := snapshot(t, root)
	r.git(r.dir, "init", "-q", "-b", "main")
	r.write(".pre-commit-config.yaml", "repos:\n- repo: "+hooks+"\n  rev: "+strings.TrimSpace(r.git(hooks, "rev-parse", "HEAD"))+"\n  hooks: [{id: mlcfg-launches-system}]\n")
	const fault, words = " --swap-space 4", `, "--swap-space", "4"`
	faults := map[string]string{
		"serve.sh":          "#!/bin/sh\n# mlcfg: engine=vllm=0.33.0\nvllm serve m --swap-space 4\n",
		"docker/Dockerfile": "FROM vllm/vllm-openai:v0.33.0\nCMD [\"m\", \"--swap-space\", \"4\"]\n",
		"compose.yml":       "services:\n  a:\n    image: vllm/vllm-openai:v0.33.0\n    command: [\"m\", \"--swap-space\", \"4\"]\n",
		"docs/page.md":      "# vllm\n\n```sh\n# mlcfg: engine=vllm=0.33.0\nvllm serve m --swap-space 4\n```\n",
	}
	for file, text := range faults {
		r.write(file, text)
	}
	r.git(r.dir, "add", ".")
	out, annotations := r.run("pre-commit", "run", "--all-files"), r.run("mlcfg", "lint", "--format", "github", ".")
	if !strings.Contains(out, "Failed") {
		t.Errorf("the hook passes faults:\n%s", out)
	}
	for file, text := range faults {
		line := strings.Count(text[:strings.Index(text, "--swap-space")], "\n") + 1
		if place := fmt.Sprintf("%s:%d:", file, line); !strings.Contains(out, place) {
			t.Errorf("the hook says nothing of %s:\n%s", place, out)
		}
		if place := fmt.Sprintf("::error file=%s,line=%d,", file, line); !strings.Contains(annotations, place) {
			t.Errorf("GitHub gets nothing of %s:\n%s", place, annotations)
		}
		r.write(file, strings.NewReplacer(fault, "", words, "").Replace(text))
	}
	r.git(r.dir, "add", ".")
	if out := r.run("pre-commit", "run", "--all-files"); !strings.Contains(out, "Passed") {
		t.Errorf("the hook fails without a fault:\n%s", out)
	}
	// A commit of one file runs it too, whatever the file's type.
	r.git(r.dir, "commit", "-q", "-m", "fine")
	r.write("docker/Dockerfile", faults["docker/Dockerfile"])
	r.git(r.dir, "add", ".")
	if out := r.run("pre-commit", "run"); !strings.Contains(out, "Failed") {
		t.Errorf("the hook does not run for a Dockerfile:\n%s", out)
	}
}

// hookRun runs what a page shows in a repository of its own.
type hookRun struct {
	t         *testing.T
	dir       string
	preCommit string
	env       []string
	words     *strings.Replacer
}

// page returns the page with the output of its commands. Before the second block of
// commands the faults are mended, as the page says.
func (r *hookRun) page(page string) string {
	r.git(r.dir, "init", "-q", "-b", "main")
	var out, content strings.Builder
	block, file, console := false, "", 0
	for line := range strings.Lines(page) {
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && !block:
			block = true
			_, file, _ = strings.Cut(strings.TrimSpace(info), " file=")
			content.Reset()
			if strings.HasPrefix(info, "console") {
				console++
			}
			if console == 1 {
				r.git(r.dir, "add", ".")
			}
			if console == 2 && strings.HasPrefix(info, "console") {
				overlay := "models/llama2-70b/offline_alpha.yaml"
				r.write(overlay, strings.Replace(r.read(overlay), "max_num_seq:", "max_num_seqs:", 1))
				r.run("mlcfg", "compile", "--all")
			}
		case fence:
			if file != "" {
				r.write(file, r.words.Replace(content.String()))
			}
			block, file = false, ""
		case block && file != "":
			content.WriteString(line)
		case block && strings.HasPrefix(line, "$ "):
			out.WriteString(line)
			for line := range strings.Lines(r.run(strings.Fields(line[2:])...)) {
				if !strings.HasPrefix(line, "[INFO]") {
					out.WriteString(strings.TrimRight(line, " \n") + "\n")
				}
			}
			continue
		case block:
			continue // output as it was
		}
		out.WriteString(line)
	}
	return out.String()
}

// run runs a command and gives what it wrote; pre-commit is the one that was installed.
func (r *hookRun) run(args ...string) string {
	name := args[0]
	if name == "pre-commit" {
		name = r.preCommit
	}
	if name == "mlcfg" {
		name = filepath.Join(strings.Split(strings.TrimPrefix(last(r.env, "PATH="), "PATH="), string(os.PathListSeparator))[0], "mlcfg")
	}
	cmd := exec.Command(name, args[1:]...)
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.CombinedOutput()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		r.t.Fatal(err)
	}
	return string(out)
}

func last(env []string, prefix string) (found string) {
	for _, v := range env {
		if strings.HasPrefix(v, prefix) {
			found = v
		}
	}
	return found
}

func (r *hookRun) git(dir string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, r.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (r *hookRun) write(file, text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *hookRun) read(file string) string {
	r.t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, file))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(data)
}

// snapshot is a git repository with the files of root as they are now.
func snapshot(t *testing.T, root string) string {
	t.Helper()
	list := exec.Command("git", "ls-files", "-co", "--exclude-standard")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Skipf("SKIPPED: git does not work here: %v", err)
	}
	dir := t.TempDir()
	for file := range strings.Lines(string(out)) {
		file = strings.TrimSuffix(file, "\n")
		info, err := os.Stat(filepath.Join(root, file))
		if err != nil {
			continue // taken out and not yet committed
		}
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "snapshot"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return dir
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Skipf("SKIPPED: go does not work here: %v", err)
	}
	return strings.TrimSpace(string(out))
}
