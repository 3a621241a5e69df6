package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed sut.py
var script []byte

var errNotInstalled = errors.New("LoadGen cannot be installed here")

// official is a release of LoadGen in a virtual environment of its own.
type official struct {
	version string
	python  string
}

// install makes the environment, or takes the one that is there.
func install(version, venv string) (*official, error) {
	dir, err := filepath.Abs(filepath.Join(venv, "loadgen-"+version))
	if err != nil {
		return nil, err
	}
	o := &official{version: version, python: filepath.Join(dir, "bin", "python")}
	if o.works() {
		return o, nil
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		return nil, fmt.Errorf("%w: no python3", errNotInstalled)
	}
	for _, command := range [][]string{
		{python, "-m", "venv", dir},
		{o.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "mlcommons-loadgen==" + version},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w: %s: %w\n%s", errNotInstalled, strings.Join(command, " "), err, out)
		}
	}
	if !o.works() {
		return nil, fmt.Errorf("%w: mlcommons-loadgen %s does not load", errNotInstalled, version)
	}
	return o, nil
}

func (o *official) works() bool {
	return exec.Command(o.python, "-c", "import mlperf_loadgen").Run() == nil
}

// run runs a case; LoadGen's files are in dir afterwards.
func (o *official) run(c testCase, dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	input, err := json.MarshalIndent(c.input(), "", " ")
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{"case.json": input, "sut.py": script} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	command := exec.Command(o.python, "sut.py", "case.json", ".")
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("running LoadGen: %w\n%s", err, out)
	}
	return nil
}
