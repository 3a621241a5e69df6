package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mlcfg/tools/sharedata"
)

// words are the words of a command line, quoted by ' as a shell has them.
var words = regexp.MustCompile(`'([^']*)'|(\S+)`)

func splitWords(line string) []string {
	var all []string
	for _, m := range words.FindAllStringSubmatch(line, -1) {
		all = append(all, m[1]+m[2])
	}
	return all
}

// exampleRepository fills dir with a copy of the example configuration under
// git, with one older revision of it.
func exampleRepository(t *testing.T, dir string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("SKIPPED: git is not installed")
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(sharedata.Root(t), "examples"))); err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=test", "-c", "user.email=test@example.org"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	overlay := filepath.Join(dir, "models", "llama2-70b", "server_alpha.yaml")
	now, err := os.ReadFile(overlay)
	if err != nil {
		t.Fatal(err)
	}
	before := strings.NewReplacer("max_num_seqs: 512", "max_num_seqs: 384", "  schedule_algo: shortest_queue_with_tokens\n", "").Replace(string(now))
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(overlay, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(before)
	git("init", "-q", "-b", "main")
	git("add", ".")
	git("commit", "-q", "-m", "first numbers")
	write(string(now))
	git("commit", "-q", "-a", "-m", "more sequences")
}

// TestExamplesAreFormatted: the repository's own examples have the layout of mlcfg fmt.
func TestExamplesAreFormatted(t *testing.T) {
	dir := t.TempDir()
	exampleRepository(t, dir)
	t.Chdir(dir)
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(string) string { return "" }}
	if status := a.run([]string{"mlcfg", "fmt", "-l", "."}); status != exitOK || out.Len() > 0 {
		t.Errorf("exit status %d, not formatted:\n%s%s", status, out.String(), errs.String())
	}
}
