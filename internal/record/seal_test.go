package record

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func sealed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{ManifestFile: "m", "engine/replica-0.log": "log", "records.jsonl": "{}\n", LockFile: ""} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := Seal(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCheckSeal(t *testing.T) {
	write := func(name, text string) func(dir string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644) }
	}
	tests := map[string]struct {
		change func(dir string) error
		want   string // empty: nothing is found
	}{
		"whole":          {func(string) error { return nil }, ""},
		"a report added": {write("report.html", "x"), ""},
		"changed":        {write("engine/replica-0.log", "lot"), "engine/replica-0.log is not what was sealed"},
		"emptied":        {write("records.jsonl", ""), "records.jsonl is not"},
		"removed":        {func(dir string) error { return os.Remove(filepath.Join(dir, ManifestFile)) }, "manifest.yaml is missing"},
		"added":          {write(InvalidFile, "x"), "INVALID was added"},
		"added log":      {write("engine/replica-1.log", "x"), "engine/replica-1.log was added"},
		"seal removed":   {func(dir string) error { return os.Remove(filepath.Join(dir, SealFile)) }, "SHA256SUMS is missing"},
		"seal emptied":   {write(SealFile, ""), "manifest.yaml was added"},
		"seal of others": {write(SealFile, strings.Repeat("0", 64)+"  ../../etc/passwd\n"), "line 1 is not"},
		"a link in place": {func(dir string) error {
			path := filepath.Join(dir, ManifestFile)
			if err := os.Rename(path, filepath.Join(dir, "other")); err != nil {
				return err
			}
			return os.Symlink("other", path)
		}, "manifest.yaml is not what was sealed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := sealed(t)
			if err := test.change(dir); err != nil {
				t.Fatal(err)
			}
			found, err := CheckSeal(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			all := strings.Join(found, "\n")
			if (test.want == "") != (all == "") || !strings.Contains(all, test.want) {
				t.Errorf("found %q, want %q", all, test.want)
			}
		})
	}
}

// The seal lists every file but itself and the lock, in order, and once.
func TestSeal(t *testing.T) {
	dir := sealed(t)
	path := filepath.Join(dir, SealFile)
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(first)) {
		names = append(names, strings.TrimSuffix(line[66:], "\n"))
	}
	if !slices.Equal(names, []string{"engine/replica-0.log", ManifestFile, FileName}) {
		t.Errorf("it lists %q", names)
	}
	if err := Seal(dir); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(path); err != nil || string(again) != string(first) {
		t.Errorf("sealed again: %v\n%s", err, again)
	}
	// In the order of bytes, not of folders.
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "engine-a"), nil, 0o644), Seal(dir)); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(text)[66:], "engine-a\n") {
		t.Errorf("%s, %v", text, err)
	}
	for name, want := range map[string]bool{
		"mlperf_log_detail.txt": true, EngineDir + "/x": true, PartsDir + "/x": true, StateFile: true, "report.html": false, "engine": false, "my_mlperf_log_": false,
	} {
		if ours(name) != want {
			t.Errorf("%s is ours: %t", name, !want)
		}
	}
}

// A seal that is none, or cannot be made, says so.
func TestSealFails(t *testing.T) {
	sum := strings.Repeat("0", 64)
	for name, c := range map[string]struct {
		seal  string
		found string // what is found, else what fails
		fails string
	}{
		"a short digest": {"00  manifest.yaml\n", "SHA256SUMS line 1 is not one of its form", ""},
		"a long digest":  {sum + "0  manifest.yaml\n", "SHA256SUMS line 1 is not one of its form", ""},
		"one space":      {sum + " manifest.yaml\n", "SHA256SUMS line 1 is not one of its form", ""},
		"twice":          {sum + "  manifest.yaml\n" + sum + "  manifest.yaml\n", "SHA256SUMS line 2 is not one of its form", ""},
		"cut short":      {sum + "  mani", "SHA256SUMS is cut short", ""},
		"a long line":    {strings.Repeat("x", 1<<17) + "\n", "SHA256SUMS cannot be read: ", ""},
		"below a file":   {sum + "  manifest.yaml/x\n", "", "checking the seal: "},
	} {
		dir := sealed(t)
		if err := os.WriteFile(filepath.Join(dir, SealFile), []byte(c.seal), 0o644); err != nil {
			t.Fatal(err)
		}
		found, err := CheckSeal(dir, nil)
		if c.fails != "" && (err == nil || !strings.HasPrefix(err.Error(), c.fails)) || c.fails == "" && (err != nil || !strings.Contains(strings.Join(found, "\n"), c.found)) {
			t.Errorf("%s: %q, %v", name, found, err)
		}
	}
	dir := t.TempDir()
	if err := Seal(filepath.Join(dir, "none")); err == nil || !strings.HasPrefix(err.Error(), "listing the run directory: ") {
		t.Error(err)
	}
	if err := os.Mkdir(filepath.Join(dir, SealFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Seal(dir); err == nil || !strings.HasPrefix(err.Error(), "sealing the run directory: ") {
		t.Error(err)
	}
	if _, err := CheckSeal(dir, nil); err == nil || !strings.HasPrefix(err.Error(), "reading the seal: ") {
		t.Error(err)
	}
}

func TestSealIsInTheFormOfSha256sum(t *testing.T) {
	tool, err := exec.LookPath("sha256sum")
	if err != nil {
		t.Skip("SKIPPED: sha256sum is not there")
	}
	cmd := exec.Command(tool, "--strict", "-c", SealFile)
	cmd.Dir = sealed(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
