package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// metadata is the METADATA file of a distribution (core metadata 2.4).
func (p program) metadata(release string) string {
	var b strings.Builder
	field := func(name, value string) { fmt.Fprintf(&b, "%s: %s\n", name, value) }
	field("Metadata-Version", "2.4")
	field("Name", p.name)
	field("Version", release)
	field("Summary", p.summary)
	field("Keywords", "llm,inference,benchmark,mlperf,vllm,sglang,lint")
	field("License-Expression", "Apache-2.0")
	field("License-File", "LICENSE")
	field("License-File", "NOTICE")
	for _, c := range []string{"Environment :: Console", "Intended Audience :: Developers", "Programming Language :: Go", "Topic :: Software Development :: Quality Assurance", "Topic :: System :: Benchmark"} {
		field("Classifier", c)
	}
	for _, extra := range slices.Sorted(maps.Keys(p.extras)) {
		field("Provides-Extra", extra)
		field("Requires-Dist", fmt.Sprintf("%s==%s; extra == %q", p.extras[extra], release, extra))
	}
	field("Description-Content-Type", "text/markdown")
	return b.String() + "\n" + p.page
}

// described is what git describe prints: a tag, how many commits came after it, and the
// commit; or the commit alone where there is no tag.
var described = regexp.MustCompile(`^(?:v?(\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?)(?:-(\d+)-g([0-9a-f]+))?|([0-9a-f]{7,40})|dev)(-dirty)?$`)

// pep440 turns what git describe prints into a version that installers can order.
// What is not a tag has a local part, which the index refuses: only tags are published.
func pep440(version string) (string, error) {
	m := described.FindStringSubmatch(version)
	if m == nil {
		return "", fmt.Errorf("version %q is neither a tag such as v1.2.3 nor what git describe prints", version)
	}
	release, local := m[1], []string{}
	if release == "" {
		release = "0.dev0"
	}
	if m[2] != "" {
		release += ".post" + m[2]
	}
	if commit := m[3] + m[4]; commit != "" {
		local = append(local, "g"+commit)
	}
	if m[5] != "" {
		local = append(local, "dirty")
	}
	if len(local) > 0 {
		release += "+" + strings.Join(local, ".")
	}
	return release, nil
}

// checkPin refuses a release that the pre-commit hooks of the same commit would not install:
// pyproject.toml names the version by hand, for the hooks are installed from the repository.
func checkPin(release string) error {
	if strings.Contains(release, "+") || strings.Contains(release, "dev") {
		return nil
	}
	root, err := goOutput("list", "-m", "-f", "{{.Dir}}", "mlcfg")
	if err != nil {
		return err
	}
	file := filepath.Join(root, "pyproject.toml")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if want := `"mlcfg==` + release + `"`; !strings.Contains(string(text), want) {
		return fmt.Errorf("%s: does not ask for %s, so the hooks of this release would install another one\nhint: write it, commit, move the tag", file, want)
	}
	return nil
}
