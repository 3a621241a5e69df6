package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vLLM's engine for the CPU starts Ray's processes and then refuses to use
// them. What can be held here: Ray is started from the manifest, the refusal is
// read, and nothing of Ray is left, whose processes leave the engine's session.
func TestRay(t *testing.T) {
	long(t)
	each(t, func(t *testing.T, e target) {
		if e.backend != "vllm" {
			t.Skip("SKIPPED: Ray is a backend of vLLM alone")
		}
		found, err := filepath.Glob(filepath.Join(os.Getenv("ENGINES"), "vllm/lib/python*/site-packages/ray"))
		if err != nil || len(found) == 0 {
			t.Skip("SKIPPED: Ray is not installed beside vLLM; scripts/engines.sh ray")
		}
		e.backend = "ray"
		// Ray listens on every interface otherwise.
		r := start(t, e, compile(t, e, "offline_here", "vllm_env_config.RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0"), dataSet(t))
		r.named(t, "gcs_server")
		if code := r.end(t); code != 2 {
			t.Errorf("exit status %d", code)
		}
		said := r.stderr.String()
		t.Logf("mlrun printed:\n%s", said)
		if !strings.Contains(said, "vLLM for cpu has no support for Ray") {
			t.Error("the engine's refusal is not told")
		}
		if left := leftOver(t); len(left) > 0 {
			t.Errorf("processes are left: %v", left)
		}
	})
}
