package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree writes files, given as path and content in turn, and gives their folder.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFindBase(t *testing.T) {
	dir := tree(t, "config.yaml", "", "models/m/x.yaml", "", "other/common/config.yaml", "", "other/models/y.yaml", "", "near/config.yaml", "", "near/z.yaml", "")
	for overlay, want := range map[string]string{
		"models/m/x.yaml":     "config.yaml",
		"other/models/y.yaml": "other/common/config.yaml",
		"near/z.yaml":         "near/config.yaml",
		"near/config.yaml":    "config.yaml", // a base is not its own
	} {
		got, err := FindBase(filepath.Join(dir, overlay))
		if err != nil || got != filepath.Join(dir, want) {
			t.Errorf("%s: got %s (%v), want %s", overlay, got, err, want)
		}
	}
	t.Chdir(filepath.Join(dir, "models"))
	if got, err := FindBase("m/x.yaml"); err != nil || got != "../config.yaml" {
		t.Errorf("relative: got %s (%v)", got, err)
	}
	if _, err := FindBase(filepath.Join(t.TempDir(), "x.yaml")); !errors.Is(err, ErrNoBase) {
		t.Errorf("got %v, want ErrNoBase", err)
	}
}

func TestRootAndRelative(t *testing.T) {
	dir := tree(t, "config.yaml", "", "models/m/x.yaml", "a: 1\n", "other/common/config.yaml", "", "elsewhere/base.yaml", "")
	for _, tt := range []struct{ base, root, relative string }{
		{"config.yaml", ".", "models/m/x.yaml"},
		{"elsewhere/base.yaml", ".", "models/m/x.yaml"},
		{"other/common/config.yaml", ".", "models/m/x.yaml"},
		{"models/m/../../config.yaml", ".", "models/m/x.yaml"},
	} {
		c, err := New(Options{Base: filepath.Join(dir, tt.base)}).Load(filepath.Join(dir, "models/m/x.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Relative(c.Overlay.Path); c.Root != filepath.Join(dir, tt.root) || got != tt.relative {
			t.Errorf("base %s: root %s, overlay %s", tt.base, c.Root, got)
		}
		if got := c.Relative(filepath.Join(dir, "..", "outside.conf")); got != "outside.conf" {
			t.Errorf("a file outside is %s", got)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := tree(t, "config.yaml", "a: {x: 1, y: 2}\nb: base\n", "m/x.yaml", "a: {y: 3}\n", "m/broken.yaml", "a: [1\n")
	p := New(Options{Overrides: []string{"a.z=4", "b=over", "c.d=[1, two]"}})
	c, err := p.Load(filepath.Join(dir, "m", "x.yaml"))
	if err != nil || c.Found.HasErrors() {
		t.Fatal(err, c.Found)
	}
	want := map[string]any{"a": map[string]any{"x": int64(1), "y": int64(3), "z": int64(4)}, "b": "over", "c": map[string]any{"d": []any{int64(1), "two"}}}
	if diff := cmp.Diff(want, c.Tree.Interface()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a.z=4", "b=over", "c.d=[1, two]"}, c.Overrides); diff != "" {
		t.Error(diff)
	}
	if got := string(p.Text("--set #2")); got != "b=over" {
		t.Errorf("text of the second override is %q", got)
	}
	if p.Text("--set #9") != nil || p.Text(filepath.Join(dir, "absent")) != nil {
		t.Error("text of what is not there")
	}
	if c, err = p.Load(filepath.Join(dir, "m", "broken.yaml")); err != nil || !c.Found.HasErrors() || c.Overlay.Root != nil {
		t.Errorf("broken YAML is a finding, not an error: %v %v", err, c.Found)
	}
	if c, err = New(Options{Overrides: []string{"a=["}}).Load(filepath.Join(dir, "m", "x.yaml")); err != nil || !c.Found.HasErrors() {
		t.Errorf("a broken override is a finding: %v %v", err, c.Found)
	}
	for _, path := range []string{"m", "absent.yaml"} {
		if _, err := p.Load(filepath.Join(dir, path)); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want an error that names it", path, err)
		}
	}
	if _, err := New(Options{Base: filepath.Join(dir, "nobase.yaml")}).Load(filepath.Join(dir, "m", "x.yaml")); err == nil || !strings.Contains(err.Error(), "nobase.yaml") {
		t.Errorf("got %v, want an error that names the base", err)
	}
}

func TestWithSection(t *testing.T) {
	dir := tree(t, "config.yaml", "s:\n", "m/a.yaml", "x: 1\ns:\n  a: 1\n", "m/b.yml", "s : {}\n", "m/c.yaml", "ss: 1\n# s: 1\n",
		"m/d.yaml", "t:\n  s: 1\n", ".git/e.yaml", "s: 1\n", "f.txt", "s: 1\n", "m/config.yaml", "s: 1\n")
	c, err := New(Options{}).Load(filepath.Join(dir, "m", "c.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.Root = dir
	if diff := cmp.Diff([]string{"m/a.yaml", "m/b.yml"}, c.WithSection("s")); diff != "" {
		t.Error(diff)
	}
}

// An overlay whose base lies elsewhere has siblings in its own folder alone, and
// what is no plain file is not opened.
func TestWithSectionStaysBelow(t *testing.T) {
	base, other := tree(t, "config.yaml", "test_mode: performance\n"), tree(t, "m/a.yaml", "s: 1\n", "m/c.yaml", "x: 1\n", "far/b.yaml", "s: 1\n")
	if err := syscall.Mkfifo(filepath.Join(other, "m", "pipe.yaml"), 0o600); err != nil {
		t.Skip("SKIPPED: no pipes here:", err)
	}
	c, err := New(Options{Base: filepath.Join(base, "config.yaml")}).Load(filepath.Join(other, "m", "c.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.WithSection("s"); len(got) != 1 || filepath.Base(got[0]) != "a.yaml" {
		t.Errorf("%q", got)
	}
}

// An overlay's siblings are those of its folder, and of the folders beside it as far
// as the configuration goes; what is no overlay is none of them.
func TestSiblings(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"c/config.yaml", "c/m/a.yaml", "c/m/b.yaml", "c/n[x]/c.yaml", "c/top.yaml", "stranger/s.yaml", "c/m/deep/d.yaml"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	huge := filepath.Join(dir, "c/m/huge.yaml")
	for _, err := range []error{os.WriteFile(huge, nil, 0o644), os.Truncate(huge, maxOverlay+1), os.Mkdir(filepath.Join(dir, "c/m/folder.yaml"), 0o755), os.Symlink("/dev/zero", filepath.Join(dir, "c/m/zero.yaml"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for overlay, want := range map[string]string{
		"c/m/new.yaml":      "c/m/a.yaml c/m/b.yaml c/n[x]/c.yaml",
		"c/n[x]/new.yaml":   "c/m/a.yaml c/m/b.yaml c/n[x]/c.yaml",
		"c/new.yaml":        "c/config.yaml c/top.yaml",
		"stranger/new.yaml": "stranger/s.yaml",
		"c/nowhere/x.yaml":  "c/m/a.yaml c/m/b.yaml c/n[x]/c.yaml",
	} {
		var got []string
		for _, path := range Siblings(filepath.Join(dir, overlay)) {
			rel, err := filepath.Rel(dir, path)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, rel)
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: %s, want %s", overlay, text, want)
		}
	}
}
