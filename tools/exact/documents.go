package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"mlcfg/internal/source"
	"mlcfg/schema/importer"
	"mlcfg/tools/exact/omegaconf"
)

// documents is the name of the kind that asks OmegaConf and no engine.
const documents = "documents"

// documentCases is how many documents each release of OmegaConf is asked about.
const documentCases = 4000

// compareDocuments has each release of OmegaConf that is followed read, override, merge
// and resolve generated documents.
func compareDocuments(ctx context.Context, cache string) (reports []report, err error) {
	for _, dialect := range []source.Dialect{source.OmegaConf23, source.OmegaConf24} {
		version := omegaconf.Versions()[dialect]
		python, err := omegaConf(ctx, filepath.Join(cache, "omegaconf-"+version), version)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNotInstalled, err)
		}
		cases, err := omegaconf.Compare(ctx, python, filepath.Join("testdata", "omegaconf_cases.py"), dialect, 16, documentCases)
		if err != nil {
			return nil, err
		}
		r := report{spec: importer.Spec{Engine: "omegaconf", Release: version}, kind: kind{name: documents}}
		for _, c := range cases {
			t := tried{engine: "omegaconf", key: c.Kind, value: strconv.Quote(strings.Join(c.In, "\n---\n")), ours: c.Ours, code: c.Code, theirs: c.Theirs}
			switch {
			case c.Same:
				t.verdict = equal
			case c.Ours != "" && c.Theirs != "":
				t.verdict = refused
			case c.Ours != "":
				t.verdict = stricter
			case c.Why != "":
				t.verdict = told // by the page on compiling
			default:
				t.verdict = silent
			}
			r.cases = append(r.cases, t)
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// omegaConf is the Python of an environment with a release of OmegaConf.
func omegaConf(ctx context.Context, dir, version string) (python string, err error) {
	python, done := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "complete")
	if _, err := os.Stat(done); err == nil {
		return python, nil
	}
	base, err := interpreter(ctx)
	if err != nil {
		return "", err
	}
	for _, command := range [][]string{
		{base, "-m", "venv", "--clear", dir},
		{python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "omegaconf==" + version},
	} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%q: %w\n%s", command, err, out)
		}
	}
	return python, os.WriteFile(done, nil, 0o644)
}
