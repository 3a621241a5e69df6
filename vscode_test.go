package mlcfg_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mockVersion is the release of jest-mock-vscode, the editor of TestVSCode.
const mockVersion = "4.13.0"

// TestVSCode packages the extension, unpacks it, and activates it with a mocked editor: the
// language client starts mlcfg lsp and publishes what it finds. Where npm or the package
// registry cannot be reached the test is skipped and says so.
func TestVSCode(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	for _, program := range []string{"node", "npm", "unzip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("SKIPPED: %v", err)
		}
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	if out, err := exec.Command("go", "build", "-o", bin+"/", "./cmd/mlcfg").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	install := exec.Command("npm", "install", "--no-audit", "--no-fund", "--prefix", dir, "jest-mock-vscode@"+mockVersion)
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: npm cannot install here: %v\n%s", err, out)
	}
	pack := exec.Command("scripts/vscode.sh", dir)
	if out, err := pack.CombinedOutput(); err != nil {
		t.Fatalf("packaging: %v\n%s", err, out)
	}
	packages, err := filepath.Glob(filepath.Join(dir, "*.vsix"))
	if err != nil || len(packages) != 1 {
		t.Fatalf("packages: %v, %v", packages, err)
	}
	if out, err := exec.Command("unzip", "-q", packages[0], "-d", filepath.Join(dir, "vsix")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	script := filepath.Join(dir, "serve.sh")
	if err := os.WriteFile(script, []byte("vllm serve Qwen/Qwen3-32B --max-num-sequence 256\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	editor, err := os.ReadFile("editors/vscode/test/activate.js")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "activate.js"), editor, 0o644); err != nil {
		t.Fatal(err)
	}
	activate := func(path string) (string, string, error) {
		cmd := exec.Command("node", filepath.Join(dir, "activate.js"), filepath.Join(dir, "vsix", "extension"), script)
		cmd.Env = append(os.Environ(), "PATH="+path+string(os.PathListSeparator)+os.Getenv("PATH"))
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		return stdout.String(), stderr.String(), err
	}
	out, messages, err := activate(bin)
	if want := script + ":1:27: vllm: vllm 0.33.0 has no flag --max-num-sequence, did you mean --max-num-seqs\n"; err != nil || !strings.HasPrefix(out, want) {
		t.Errorf("%v; want %q, got\n%s%s", err, want, out, messages)
	}
	if _, err := exec.LookPath("mlcfg"); err == nil {
		return // the next wants none on PATH
	}
	if _, messages, err := activate(dir); err == nil || !strings.Contains(messages, "spawn mlcfg ENOENT") {
		t.Errorf("without mlcfg: %v\n%s", err, messages)
	}
}
