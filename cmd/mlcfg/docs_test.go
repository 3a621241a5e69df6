package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/tools/goldenfile"
	"mlcfg/tools/sharedata"
)

// TestDocs runs what the README and the pages under docs show: a block "yaml file=NAME" is a
// file, and in a block "console" each line "$ mlcfg ..." is run in the folder of
// these files, what follows being its output, both streams. A page that is to
// be run has "<!-- run -->" in it, "<!-- run in examples -->" where its folder is
// to be a repository of the example configuration, or "<!-- run in corpus DIGEST -->"
// where it is to hold the real one; -update writes the output.
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
		inCorpus := corpusMark.FindSubmatch(data)
		if !inExamples && inCorpus == nil && !bytes.Contains(data, []byte("<!-- run -->")) {
			continue
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			dir := t.TempDir()
			switch {
			case inExamples:
				exampleRepository(t, dir)
			case inCorpus != nil:
				digest := copyCorpus(t, dir)
				if string(inCorpus[1]) != digest && !*goldenfile.Update {
					t.Skipf("SKIPPED: the page is of another corpus than %s", digest)
				}
				data = corpusMark.ReplaceAll(data, []byte("<!-- run in corpus "+digest+" -->"))
			}
			t.Chdir(dir)
			got := runPage(t, string(data))
			if *goldenfile.Update {
				goldenfile.Write(t, page, got)
			}
			if diff := cmp.Diff(string(data), got); diff != "" && !*goldenfile.Update {
				t.Errorf("(-page +run)\n%s", diff)
			}
		})
	}
}

// TestDocsIndex: docs/README.md leads to every page beside it, and every link of every page leads somewhere.
func TestDocsIndex(t *testing.T) {
	root := sharedata.Root(t)
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	index, err := os.ReadFile(filepath.Join(root, "docs", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		name := filepath.Base(page)
		if link := "](" + name + ") |"; name != "README.md" && !bytes.Contains(index, []byte(link)) {
			t.Errorf("docs/README.md has no row for %s", name)
		}
	}
	for _, page := range append(pages, filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md"), filepath.Join(root, "CHANGELOG.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range linkMark.FindAllSubmatch(text, -1) {
			target, _, _ := strings.Cut(string(link[1]), "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), target)); err != nil {
				t.Errorf("%s leads to %s, which is not there", page, target)
			}
		}
	}
}

// linkMark is a link of Markdown, or the source of an image.
var linkMark = regexp.MustCompile(`(?:\]\(|src="|srcset=")([^)\s"]+)`)

var corpusMark = regexp.MustCompile(`<!-- run in corpus (\w+) -->`)

// copyCorpus copies the real configuration into dir and gives a digest of it.
func copyCorpus(t *testing.T, dir string) string {
	corpus := sharedata.Corpus(t)
	sum := sha256.New()
	for _, part := range []string{"config.yaml", "models", "user_conf", "hydra_era"} {
		err := filepath.WalkDir(filepath.Join(corpus, part), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(corpus, path)
			if err != nil {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(sum, "%s %d\n%s", filepath.ToSlash(rel), len(data), data)
			to := filepath.Join(dir, rel)
			return errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, data, 0o644))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

// runPage returns a page with the output that its commands have now.
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
	var stdout io.Writer = &both
	if n := len(args); n > 2 && args[n-2] == ">" { // to /dev/null only
		stdout, args = io.Discard, args[:n-2]
	}
	a := &app{stdin: strings.NewReader(stdin), stdout: stdout, stderr: &both, getenv: func(string) string { return "" }}
	a.run(args)
	return both.String()
}
