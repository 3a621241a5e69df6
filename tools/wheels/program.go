package main

import (
	"debug/buildinfo"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed mlcfg.md
var mlcfgPage string

//go:embed mlrun.md
var mlrunPage string

// program is a distribution on the package index: a program of the same name.
type program struct {
	name, summary, page string
	// systems are where it builds.
	systems []string
	// extras are distributions of the same version that an extra of this one installs, by
	// the extra's name.
	extras map[string]string
}

// mlrun locks run directories and supervises processes as Windows does not know it.
var programs = []program{
	{"mlcfg", "Compiler and linter for the configuration of LLM inference benchmarks", mlcfgPage, []string{"linux", "darwin", "windows"}, map[string]string{"run": "mlrun"}},
	{"mlrun", "Runner for LLM inference benchmarks with the semantics of MLPerf LoadGen", mlrunPage, []string{"linux", "darwin"}, nil},
}

func (p program) runsOn(on platform) bool { return slices.Contains(p.systems, on.system) }

// platform is a system and an architecture as Go names them, and the tags that
// installers know it by.
type platform struct{ system, arch, tags string }

// A static binary has no C library to agree with: one wheel is both manylinux and musllinux.
// macOS 12 is the oldest that the release of Go in go.mod supports.
var platforms = []platform{
	{"linux", "amd64", "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64"},
	{"linux", "arm64", "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64"},
	{"darwin", "amd64", "macosx_12_0_x86_64"},
	{"darwin", "arm64", "macosx_12_0_arm64"},
	{"windows", "amd64", "win_amd64"},
	{"windows", "arm64", "win_arm64"},
}

func (p platform) name() string { return p.system + "/" + p.arch }

// build compiles the program for a platform into a wheel. mlcfg is built whole, without
// mlcfg-cue beside it: both together would be half as large again.
func (p program) build(on platform, version, release, work string) (*wheel, error) {
	binary := filepath.Join(work, p.name)
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "urfave_cli_no_docs", "-ldflags", "-s -w -buildid= -X main.version="+version, "-o", binary, "mlcfg/cmd/"+p.name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+on.system, "GOARCH="+on.arch, "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=", "GOFLAGS=-mod=readonly")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s for %s: %w\n%s", p.name, on.name(), err, out)
	}
	data, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	licences, err := licences(binary)
	if err != nil {
		return nil, fmt.Errorf("licences of %s: %w", p.name, err)
	}
	script := p.name
	if on.system == "windows" {
		script += ".exe"
	}
	return &wheel{name: p.name, version: release, tags: on.tags, metadata: p.metadata(release), script: script, binary: data, licences: licences}, nil
}

// licences are the texts that whoever hands on the binary has to hand on with it: ours, and
// those of every module that is linked, by file name.
func licences(binary string) (map[string][]byte, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	goroot, err := goOutput("env", "GOROOT")
	if err != nil {
		return nil, err
	}
	root, err := goOutput("list", "-m", "-f", "{{.Dir}}", "mlcfg")
	if err != nil {
		return nil, err
	}
	texts := map[string][]byte{}
	for _, name := range []string{"LICENSE", "NOTICE"} {
		if texts[name], err = os.ReadFile(filepath.Join(root, name)); err != nil {
			return nil, err
		}
	}
	if texts["go/LICENSE"], err = os.ReadFile(filepath.Join(goroot, "LICENSE")); err != nil {
		return nil, err
	}
	for _, m := range info.Deps {
		dir, err := goOutput("list", "-m", "-f", "{{.Dir}}", m.Path)
		if err != nil {
			return nil, err
		}
		found := false
		for _, pattern := range []string{"LICENSE*", "LICENCE*", "COPYING*", "NOTICE*"} {
			files, _ := filepath.Glob(filepath.Join(dir, pattern))
			for _, file := range files {
				text, err := os.ReadFile(file)
				if err != nil {
					return nil, err
				}
				texts[m.Path+"/"+filepath.Base(file)] = text
				found = found || !strings.HasPrefix(pattern, "NOTICE")
			}
		}
		if !found {
			return nil, fmt.Errorf("%s has none in %s", m.Path, dir)
		}
	}
	return texts, nil
}

func goOutput(args ...string) (string, error) {
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
