package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/diag"
	"mlcfg/tools/goldenfile"
	"mlcfg/tools/sharedata"
)

const checksHead = `# Checks

Made by ` + "`make checks-docs`" + `; do not edit. Every code that ` + "`mlcfg`" + ` emits, with one real example and its exact output.

An error makes lint, compile and check fail; a warning does not; an info says what was assumed. The examples
are the files of testdata/err, on this base:

`

// noExample are codes that no command line leads to, and why.
var noExample = map[string]string{
	"command-line":           "An example is on [launches](launches.md#findings).",
	"ignored-without-reason": "An example is on [launches](launches.md#switching-a-finding-off).",
	"data-set":               "Only compile and check look at data sets; an example is on [compile](compile.md#the-data-set).",
	"bad-override":           "An override in a spelling of Hydra's (`+key=value`, `++key=value`, `~key`) has it.",
	"dropped-value":          "An example is on [launches](launches.md#findings).",
	"engine-file":            "Lint looks at overlays; a program that reads an engine's own file of arguments has it.",
	"pair":                   "An example is on [launches](launches.md#prefill-and-decode).",
	"passed-over":            "Lint without operands has it, where a project file names `models/**/*.yaml` and `models/x/offline_y.yml` is there.",
}

// TestChecks holds docs/checks.md to the catalog of codes and to what the
// program writes for the cases of testdata/err; -update writes the page.
func TestChecks(t *testing.T) {
	root := sharedata.Root(t)
	chdirCopy(t, filepath.Join(root, "testdata"))
	cases, err := filepath.Glob("err/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	page.WriteString(checksHead)
	show(t, &page, "config.yaml")
	outputs := map[string]string{}
	for _, path := range cases {
		var out bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &bytes.Buffer{}, getenv: func(string) string { return "" }}
		a.run(lintArgs(t, path))
		outputs[path] = out.String()
	}
	manifests := manifestPage(t)
	shown := map[string]string{}
	for _, m := range diag.Catalog() {
		fmt.Fprintf(&page, "\n## %s\n\n%s.\n\n", m.Code, strings.ToUpper(m.About[:1])+m.About[1:])
		if why, ok := noExample[m.Code]; ok {
			page.WriteString(why + "\n")
			continue
		}
		path := exampleOf(m.Code, cases, outputs)
		if path == "" && strings.Contains(manifests, "["+m.Code+"]\n") {
			path = "checks.md"
		}
		switch {
		case path == "":
			t.Errorf("no case of testdata/err has a finding %s", m.Code)
		case shown[path] != "":
			fmt.Fprintf(&page, "The example of [%s](#%s) has it.\n", shown[path], shown[path])
		case path == "checks.md":
			shown[path] = m.Code
			page.WriteString(manifests)
		default:
			shown[path] = m.Code
			show(t, &page, path)
			text := strings.Join(lintArgs(t, path), " ") + "\n" + outputs[path]
			for _, also := range named(text, path) {
				page.WriteString("\n")
				show(t, &page, also)
			}
			fmt.Fprintf(&page, "\n```console\n$ %s```\n", text)
		}
	}
	golden := filepath.Join(root, "docs", "checks.md")
	goldenfile.Check(t, golden, page.String())
}

// manifestPage is testdata/checks.md, the examples of mlcfg check, as it runs now.
func manifestPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("checks.md")
	if err != nil {
		t.Fatal(err)
	}
	old, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	out := runPage(t, string(page))
	t.Chdir(old)
	return regexp.MustCompile("(?m)^```(.*) file=.*$").ReplaceAllString(out, "```$1")
}

// exampleOf is the case for a code: the one of its name, else the first with a
// finding of it.
func exampleOf(code string, cases []string, outputs map[string]string) string {
	has := func(path string) bool { return strings.Contains(outputs[path], "["+code+"]\n") }
	if own := "err/" + code + ".yaml"; has(own) {
		return own
	}
	if i := slices.IndexFunc(cases, has); i >= 0 {
		return cases[i]
	}
	return ""
}

// named are the files that a command line and its output name, beside path.
func named(text, path string) (files []string) {
	for _, file := range regexp.MustCompile(`(conf|project)/[a-z]+\.[a-z]+`).FindAllString(text, -1) {
		if _, err := os.Stat(file); err == nil && file != path && !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	return files
}

// show writes a file as a block, with what cannot be seen written out.
func show(t *testing.T, page *strings.Builder, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	kind := strings.TrimPrefix(filepath.Ext(path), ".")
	fmt.Fprintf(page, "%s:\n\n```%s\n", path, kind)
	for line := range strings.Lines(string(data)) {
		line, _ = strings.CutSuffix(line, "\n")
		if strings.HasPrefix(line, strings.Repeat("#", 100)) {
			line = "####..."
		}
		line = strings.ReplaceAll(strings.ToValidUTF8(line, "\uFFFD"), "\t", "→")
		page.WriteString(diag.Escape(line) + "\n")
	}
	page.WriteString("```\n")
}
