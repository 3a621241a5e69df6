package importer

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed py/*.py
var program embed.FS

// read runs the reader on a folder that holds the package.
func (im Importer) read(ctx context.Context, spec Spec, folder string) (*Record, error) {
	dir, err := os.MkdirTemp("", "mlcfg-reader-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	sources, err := fs.Sub(program, "py")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(filepath.Join(dir, "reader"), sources); err != nil {
		return nil, fmt.Errorf("writing the reader: %w", err)
	}
	// -I and -S: neither the environment nor installed packages have a say.
	out, err := im.run(ctx, im.python(), "-I", "-S", "-B", filepath.Join(dir, "reader"), folder, spec.Engine, packageOf(spec.Engine), spec.Release)
	if err != nil {
		return nil, fmt.Errorf("reading the definitions of %s: %w", spec, err)
	}
	return ParseRecord(out)
}

// installed asks an interpreter where it has the package, without importing it.
func (im Importer) installed(ctx context.Context, python, engine string) (string, error) {
	const where = "import importlib.util, sys; s = importlib.util.find_spec(sys.argv[1]); " +
		"print(list(s.submodule_search_locations)[0] if s else '')"
	out, err := im.run(ctx, python, "-c", where, engine)
	if err != nil {
		return "", fmt.Errorf("neither a package, an archive nor a Python interpreter: %w", err)
	}
	folder := strings.TrimSpace(string(out))
	if folder == "" {
		return "", fmt.Errorf("this Python has no package %s", engine)
	}
	return filepath.Dir(folder), nil
}

func (im Importer) python() string {
	if im.Python != "" {
		return im.Python
	}
	return "python3"
}

func (im Importer) run(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(complaint.String()), "\n")
		if last := lines[len(lines)-1]; last != "" {
			return nil, fmt.Errorf("%w: %s", err, last)
		}
		return nil, err
	}
	return out.Bytes(), nil
}
