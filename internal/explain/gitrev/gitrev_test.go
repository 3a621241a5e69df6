package gitrev

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func repository(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("SKIPPED: git is not installed")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=test", "-c", "user.email=test@example.org"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run("init", "-q", "-b", "main")
	write("site/config.yaml", "old base")
	write("site/models/m/x.yaml", "old overlay")
	write("site/models/m/ünïcode name.yaml", "")
	write("site/weights.bin", "no configuration")
	write("other/y.yaml", "elsewhere")
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "site", "link.yaml")); err != nil {
		t.Fatal(err)
	}
	run("add", ".")
	run("commit", "-q", "-m", "one")
	write("site/models/m/x.yaml", "new overlay")
	run("rm", "-q", "other/y.yaml")
	run("commit", "-q", "-a", "-m", "two")
	run("branch", "feature/x", "HEAD~1")
	return dir
}

func TestOpen(t *testing.T) {
	dir := repository(t)
	for _, c := range []struct{ from, arg, want, name string }{
		{"", "HEAD~1:site/models/m/x.yaml", "old overlay", ""},
		{"", "HEAD:site/models/m/x.yaml", "new overlay", ""},
		{"", "feature/x:site/models/m/x.yaml", "old overlay", ""},
		{"site/models", "HEAD~1:./m/x.yaml", "old overlay", "HEAD~1:site/models/m/x.yaml"},
		{"site/models", "HEAD~1:m/x.yaml", "old overlay", "HEAD~1:site/models/m/x.yaml"},
		{"site/models", "HEAD~1:../models/m/x.yaml", "old overlay", "HEAD~1:site/models/m/x.yaml"},
		{"", "HEAD~1:other/y.yaml", "elsewhere", ""},
		{"", "HEAD~1:site/models/m/ünïcode name.yaml", "", ""},
	} {
		rev, path, ok := Split(c.arg)
		if !ok {
			t.Fatalf("%s is no revision", c.arg)
		}
		tree, err := Open(t.Context(), filepath.Join(dir, c.from), rev, path)
		if err != nil {
			t.Errorf("%s: %v", c.arg, err)
			continue
		}
		data, err := os.ReadFile(tree.Path)
		if err != nil || string(data) != c.want {
			t.Errorf("%s: %q, %v", c.arg, data, err)
		}
		if want := c.name; tree.Name(tree.Path) != want && (want != "" || tree.Name(tree.Path) != c.arg) {
			t.Errorf("%s is named %s", c.arg, tree.Name(tree.Path))
		}
		if strings.Contains(c.arg, "site/") {
			base := tree.Then(filepath.Join(dir, "site", "config.yaml"))
			if data, err := os.ReadFile(base); err != nil || string(data) != "old base" || base == filepath.Join(dir, "site", "config.yaml") {
				t.Errorf("%s: base %s %q %v", c.arg, base, data, err)
			}
			for _, absent := range []string{"site/weights.bin", "site/link.yaml"} {
				if _, err := os.Lstat(filepath.Join(tree.dir, absent)); err == nil {
					t.Errorf("%s copied %s", c.arg, absent)
				}
			}
		}
		if err := tree.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(tree.dir); err == nil {
			t.Errorf("%s left %s", c.arg, tree.dir)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := repository(t)
	for arg, want := range map[string]string{
		"HEAD~9:site/config.yaml": "there is no revision HEAD~9", "HEAD:nothing.yaml": "there is no nothing.yaml at revision HEAD",
		"HEAD:site/weights.bin": "there is no site/weights.bin", "$(touch x):y": "there is no revision", "HEAD:../../../etc/passwd": "there is no",
	} {
		rev, path, _ := Split(arg)
		tree, err := Open(t.Context(), dir, rev, path)
		if err == nil {
			tree.Close()
			t.Errorf("%s was opened", arg)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", arg, err)
		}
	}
	if _, err := Open(t.Context(), t.TempDir(), "HEAD", "x"); err == nil || !strings.Contains(err.Error(), "not a git repository") {
		t.Errorf("outside of a repository: %v", err)
	}
	for _, arg := range []string{"plain.yaml", ":x", "--help:x", "-c:x"} {
		if _, _, ok := Split(arg); ok {
			t.Errorf("%s is taken for a revision", arg)
		}
	}
}
