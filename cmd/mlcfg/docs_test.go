package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/sharedata"
)

// TestDocs runs what the README and the pages under docs show: a block "yaml file=NAME" is a
// file, and in a block "console" each line "$ mlcfg ..." is run in the folder of
// these files, what follows being its output, both streams. A page that is to
// be run has "<!-- run -->" in it, or "<!-- run in examples -->" where its folder
// is to be a repository of the example configuration; -update writes the output.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(sharedata.Root(t), "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, filepath.Join(sharedata.Root(t), "README.md")) {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		inExamples := bytes.Contains(data, []byte("<!-- run in examples -->"))
		if !inExamples && !bytes.Contains(data, []byte("<!-- run -->")) {
			continue
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			dir := t.TempDir()
			if inExamples {
				exampleRepository(t, dir)
			}
			t.Chdir(dir)
			got := runPage(t, string(data))
			if *update {
				if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(data), got); diff != "" && !*update {
				t.Errorf("(-page +run)\n%s", diff)
			}
		})
	}
}

// runPage gives a page with the output that its commands have now.
func runPage(t *testing.T, page string) string {
	var out strings.Builder
	block, file := "", ""
	var content strings.Builder
	for line := range strings.Lines(page) {
		info, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && block == "":
			block, file, _ = strings.Cut(info, " file=")
			block += " "
			content.Reset()
		case fence:
			if file != "" {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(content.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			block, file = "", ""
		case block == "console " && strings.HasPrefix(line, "$ "):
			out.WriteString(line)
			out.WriteString(runLine(t, splitWords(line[2:])))
			continue
		case block == "console ":
			continue // output as it was
		case block != "":
			content.WriteString(line)
		}
		out.WriteString(line)
	}
	return out.String()
}

func runLine(t *testing.T, args []string) string {
	stdin := ""
	if n := len(args); n > 2 && args[n-2] == "<" {
		data, err := os.ReadFile(args[n-1])
		if err != nil {
			t.Fatal(err)
		}
		stdin, args = string(data), args[:n-2]
	}
	if args[0] == "cat" {
		data, err := os.ReadFile(args[1])
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if args[0] == "rm" {
		if err := os.Remove(args[1]); err != nil {
			t.Fatal(err)
		}
		return ""
	}
	var both bytes.Buffer
	a := &app{stdin: strings.NewReader(stdin), stdout: &both, stderr: &both, getenv: func(string) string { return "" }}
	a.run(args)
	return both.String()
}
