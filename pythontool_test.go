package mlcfg_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// pythonTool installs a package of the Python package index into a virtual
// environment that is kept in the user's cache, and gives its program of the
// package's name, or the environment's python where it has none. Where it cannot
// be had the test is skipped and says so.
func pythonTool(t *testing.T, name, version string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("SKIPPED: no place for %s: %v", name, err)
	}
	env := filepath.Join(cache, "mlcfg-tests", fmt.Sprintf("%s-%s", name, version))
	program := func() string {
		tool := filepath.Join(env, "bin", name)
		if _, err := os.Stat(tool); err != nil {
			return filepath.Join(env, "bin", "python")
		}
		return tool
	}
	done := filepath.Join(env, "complete")
	if _, err := os.Stat(done); err == nil {
		return program()
	}
	for _, args := range [][]string{
		{"python3", "-m", "venv", env},
		{filepath.Join(env, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", name + "==" + version},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Skipf("SKIPPED: %s %s cannot be installed here: %v\n%s", name, version, err, out)
		}
	}
	if err := os.WriteFile(done, nil, 0o644); err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	return program()
}
