package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/manifest"
)

const compileHelp = `Compile checks an overlay and writes its manifest for one backend: every value
resolved, typed and sorted, with the digests of its content, its sources and its
schema. The same input gives the same bytes on every machine. mlrun runs manifests
and nothing else.

The backend is always named here, never taken from a file: a file is used for
several, and a run with the wrong one looks like any other.

  mlcfg compile models/llama2-70b/offline_mi325x.yaml --backend vllm
  mlcfg compile models/llama2-70b/offline_mi325x.yaml --backend vllm | mlrun run -
  mlcfg compile models/*/*.yaml --backend sglang -o manifests/
  mlcfg compile offline_mi325x.yaml --backend vllm harness_config.target_qps=5 -o trial.yaml
  mlcfg compile --config-path models/llama2-70b --config-name offline_mi325x --backend vllm

With -o DIR/ the manifests are DIR/MODEL/OVERLAY.BACKEND.yaml, MODEL being the
overlay's folder.

With --all every overlay of the configuration repository is compiled for each
backend that it configures, or for those that --backend names, and written where
the project file says manifests lie (manifests/MODEL/OVERLAY.BACKEND.yaml). A
manifest that is there keeps its overrides, and its engine's release and round
where neither the project file nor the command line names one.

  mlcfg compile --all`

func (a *app) compileCommand() *cli.Command {
	return &cli.Command{
		Name:        "compile",
		Usage:       "write the manifest of an overlay for a backend",
		ArgsUsage:   "OVERLAY... --backend BACKEND [KEY=VALUE...]",
		Description: compileHelp,
		Flags: append(configFlags(),
			&cli.StringFlag{Name: "format", Value: "yaml", Usage: "`FORMAT` of the manifest: yaml or json"},
			&cli.BoolFlag{Name: "all", Usage: "compile every overlay of the repository into the manifests' folder"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, or into a folder if there are several overlays"},
		),
		Action: a.compile,
	}
}

func (a *app) compile(c *cli.Context) error {
	format, output := c.String("format"), c.String("output")
	if err := oneOf("format", format, "yaml", "json"); err != nil {
		return err
	}
	if c.Bool("all") {
		return a.compileAll(c)
	}
	l, err := load(c)
	if err != nil {
		return err
	}
	backend, err := a.oneBackend(c, l)
	if err != nil {
		return err
	}
	toDir := isDir(output)
	if len(l.overlays) > 1 && !toDir {
		return withHint("name a folder with -o DIR/", "%d overlays make %d manifests", len(l.overlays), len(l.overlays))
	}
	paths := make([]string, len(l.overlays))
	made := map[string]string{}
	for i, overlay := range l.overlays {
		if paths[i] = output; !toDir {
			continue
		}
		paths[i] = manifestPath(output, overlay, backend, format)
		if other, taken := made[paths[i]]; taken {
			return fmt.Errorf("%s and %s would both be %s", other, overlay, paths[i])
		}
		made[paths[i]] = overlay
	}
	l.project.Keep(map[string][]byte{})
	var batch atomicfile.Batch
	each, err := onEach(numbers(len(paths)), func(i int) (compiled, error) {
		out, err := l.check(l.overlays[i])
		if err != nil || out.Found.HasErrors() {
			return compiled{found: out.Found, failed: true}, err
		}
		data, err := encode(out.Targets[0].Manifest, format)
		if err != nil {
			return compiled{}, fmt.Errorf("compiling %s: %w", l.overlays[i], err)
		}
		if toDir { // manifests of a folder are not held in memory together
			return compiled{found: out.Found}, deliverAll(&batch, paths[i], data)
		}
		return compiled{found: out.Found, manifest: data}, nil
	})
	if err := errors.Join(err, batch.Sync()); err != nil {
		return err
	}
	failed := false
	var found diag.List // that are not written yet
	for i, overlay := range l.overlays {
		found.Add(each[i].found...)
		if last := i == len(l.overlays)-1; last || each[i].failed || !toDir {
			if err := a.writeText(found, l.project, false); err != nil {
				return fmt.Errorf("writing the findings: %w", err)
			}
			found = nil
		}
		if each[i].failed {
			a.warn("%s: no manifest: %s", overlay, each[i].found.Summary())
			failed = true
		} else if !toDir {
			if err := a.deliver(paths[i], each[i].manifest); err != nil {
				return err
			}
		}
	}
	if failed {
		return errFindings
	}
	return nil
}

// numbers are those from 0 below n.
func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// compiled is what one overlay gave; manifest is nil where it is written already.
type compiled struct {
	found    diag.List
	failed   bool
	manifest []byte
}

// oneBackend returns the backend that the command line names. A backend in the
// file alone is not enough, and the message says so.
func (a *app) oneBackend(c *cli.Context, l *loader) (string, error) {
	names := slices.Compact(c.StringSlice("backend"))
	hint := "add --backend " + orOf(backend.Names())
	switch len(names) {
	case 0:
		config, err := l.project.Load(l.overlays[0])
		if err != nil {
			return "", err
		}
		if said, _ := config.Tree.Lookup("backend").Interface().(string); said != "" && said != "MISSING" {
			return "", withHint("add --backend "+said, "name the backend on the command line: that the file says backend: %s is not enough", said)
		}
		return "", withHint(hint, "name the backend on the command line")
	case 1:
		return names[0], oneOf("backend", names[0], backend.Names()...)
	}
	return "", withHint("compile for each by itself", "the command line names backend %s: a manifest is for one", strings.Join(names, " and "))
}

func encode(m *manifest.Manifest, format string) ([]byte, error) {
	if format == "json" {
		return m.JSON()
	}
	return m.YAML()
}

// deliver writes a manifest to a file, or to standard output where path is empty or "-".
func (a *app) deliver(path string, data []byte) error {
	if path == "" || path == "-" {
		_, err := a.stdout.Write(data)
		if err != nil {
			return fmt.Errorf("writing the manifest: %w", err)
		}
		return nil
	}
	return atomicfile.Write(path, data, 0o644)
}

// deliverAll writes one of many manifests, in a folder that may have to be made.
func deliverAll(b *atomicfile.Batch, path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	return b.Write(path, data, 0o644)
}

// isDir reports whether an output names a folder: it exists as one, or ends in a slash.
func isDir(output string) bool {
	if strings.HasSuffix(output, "/") || strings.HasSuffix(output, string(filepath.Separator)) {
		return true
	}
	info, err := os.Stat(output)
	return output != "" && err == nil && info.IsDir()
}

// manifestPath is where a folder of manifests holds an overlay's.
func manifestPath(dir, overlay, backend, format string) string {
	abs, err := filepath.Abs(overlay)
	if err != nil {
		abs = overlay
	}
	name := strings.TrimSuffix(filepath.Base(abs), filepath.Ext(abs))
	return filepath.Join(dir, filepath.Base(filepath.Dir(abs)), name+"."+backend+"."+format)
}
