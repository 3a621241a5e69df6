package record

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func sealed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{ManifestFile: "m", "engine/replica-0.log": "log", "records.jsonl": "{}\n", lockFile: ""} {
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
			found, err := CheckSeal(dir)
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
