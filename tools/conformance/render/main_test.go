package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const pod = `# a file
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: x
data:
  manifest.yaml: |
    a: 1
    digest: "sha256:37b128c59f1f5097f73f82691cb519f1f568667faab5ced1b4ab979d36837eae"
---
apiVersion: batch/v1
kind: Job
metadata:
  name: x
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: x
          image: x
          resources:
            limits:
              amd.com/gpu: 8
`

const project = `name: x
services:
  engine:
    image: x
    command:
      - "$$(x)"
configs:
  manifest.yaml:
    content: |
      a: 1
      digest: "sha256:37b128c59f1f5097f73f82691cb519f1f568667faab5ced1b4ab979d36837eae"
`

// TestCheck breaks files in a way each.
func TestCheck(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"", "", ""},
		{"backoffLimit", "", ""},
		{"restartPolicy: Never", "restartPolicies: Never", "restartPolicies"},
		{"image: x\n          resources", "image: [x]\n          resources", "string"},
		{"amd.com/gpu: 8", "amd.com/gpu: [8]", "kubeconform"},
		{"kind: Job", "kind: Pod", "no type for batch/v1 Pod"},
		{"    a: 1\n    digest", "    a: 2\n    digest", "the manifest in it is another one"},
		{"      a: 1\n      digest", "      a: 2\n      digest", "the manifest in it is another one"},
		{"image: x\n    command", "imag: x\n    command", "imag"},
		{`"$$(x)"`, `"$$$$(x)"`, "a dollar too many"},
		{`"$$(x)"`, `"${"`, "invalid interpolation"},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"kubernetes-x.yaml": pod, "compose-x.yaml": project} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(text, c.from, c.to)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		err := check(t.Context(), dir)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q as %q: %v, want %q", c.from, c.to, err, c.want)
		}
	}
}
