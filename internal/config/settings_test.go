package config

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/cli/pathmap"
)

func TestSettings(t *testing.T) {
	dir := tree(t, FileName, `package site

base: "common/config.yaml"
overlays: ["models/**/*.yaml", "more/*_*.yaml"]
engines: vllm: "0.10.1"
round: "v5.1"
_names: ["mi300x", "mi325x"]
machines: _names
paths: "/lab/": "data"
paths: "/abs":  "/elsewhere"
manifests: "frozen/{backend}/{folder}-{overlay}.yaml"
ignore: ["harness_config.output_log_dir", "env_config", "*_seed"]
env: ["SITE_X"]
site: ["site/*.cue"]
`, "common/config.yaml", "", "models/a/b/x.yaml", "", "models/y.yaml", "", "models/z.yml", "", "models/.hid/x.yaml", "", "more/q_r.yaml", "", "more/no.yaml", "",
		"site/one.cue", "", "site/two.cue", "")
	t.Chdir(filepath.Join(dir, "models", "a"))
	file := FindSettings("b")
	if want := filepath.Join("..", "..", FileName); file != want {
		t.Fatalf("found %s, want %s", file, want)
	}
	s, found, err := ReadSettings(file)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	overlays, err := s.OverlayFiles()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{
		"base": s.Base, "overlays": overlays, "engines": s.Engines, "round": s.Round, "machines": s.Machines, "maps": s.Maps,
		"manifest": s.ManifestPath("../y.yaml", "vllm"), "env": s.Env, "site": s.Site,
	}
	want := map[string]any{
		"base": "../../common/config.yaml", "overlays": []string{"../../models/a/b/x.yaml", "../../models/y.yaml", "../../more/q_r.yaml"},
		"engines": map[string]string{"vllm": "0.10.1"}, "round": "v5.1", "machines": []string{"mi300x", "mi325x"},
		"maps":     pathmap.Map{{From: "/abs", To: "/elsewhere"}, {From: "/lab", To: "../../data"}},
		"manifest": "../../frozen/vllm/models-y.yaml", "env": []string{"SITE_X"}, "site": []string{"../../site/one.cue", "../../site/two.cue"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if FindSettings(t.TempDir()) != "" {
		t.Error("a project file where there is none")
	}
	var none Settings
	if got := none.ManifestPath("m/x.yaml", "ray"); got != "manifests/m/x.ray.yaml" {
		t.Errorf("without a project file: %s", got)
	}
}

func TestSettingsFaults(t *testing.T) {
	for text, want := range map[string]string{
		`bse: "x"`:                            "mlcfg.cue:1:1 unknown-key a project file has no key bse, did you mean base",
		`base: 1`:                             "mlcfg.cue:1:7 wrong-type base is the integer 1 where a string is wanted",
		"\noverlays: [\"a\", 2]":              "mlcfg.cue:2:17 wrong-type overlays.1 is the integer 2 where a string is wanted",
		`overlays: ["[a"]`:                    `mlcfg.cue:1:12 bad-pattern "[a" is not a pattern: * stands within one folder, ** for any number of them`,
		`overlays: ["../*"]`:                  `mlcfg.cue:1:12 bad-pattern "../*" leads out of the project: patterns start at the project file's folder`,
		`site: ["no/*.cue"]`:                  `mlcfg.cue:1:8 bad-pattern "no/*.cue" matches no file`,
		`engines: vlm: "0.10.1"`:              `mlcfg.cue:1:10 unknown-key engines has no key "vlm", did you mean vllm`,
		`engines: {vllm: "99.1"}`:             "mlcfg.cue:1:17 engine-version ",
		`manifests: "m/{overlay}.yaml"`:       `mlcfg.cue:1:12 bad-pattern "m/{overlay}.yaml" lacks {backend}: manifests would share a path`,
		`base: [`:                             "mlcfg.cue:1:8 cue expected ']', found 'EOF'",
		`base: string`:                        "mlcfg.cue:1:7 cue base has no value of its own: it is string",
		`base: "a"` + "\nbase: \"b\"":         `mlcfg.cue:1:7 cue conflicting values "b" and "a"`,
		`silenced: "inert-varable": "reason"`: `mlcfg.cue:1:28 ignored-without-reason no finding has the code inert-varable: nothing is switched off by it`,
		`silenced: "inert-variable": " "`:     `mlcfg.cue:1:29 ignored-without-reason the project file switches findings off and gives no reason`,
		`[1]`:                                 `mlcfg.cue cue a project file is a struct: base: "config.yaml", and so on`,
	} {
		file := filepath.Join(tree(t, FileName, text), FileName)
		_, found, err := ReadSettings(file)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, d := range found {
			d.Pos.File = filepath.Base(d.Pos.File)
			lines = append(lines, d.Pos.String()+" "+d.Code+" "+d.Message)
		}
		if got := strings.Join(lines, "\n"); got != want && !(strings.HasSuffix(want, " ") && strings.HasPrefix(got, want)) {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
		}
	}
	if _, _, err := ReadSettings(filepath.Join(t.TempDir(), FileName)); err == nil || !strings.Contains(err.Error(), FileName) {
		t.Errorf("got %v, want an error that names the file", err)
	}
}

// FuzzSettings: no project file makes the reader fail.
func FuzzSettings(f *testing.F) {
	for _, seed := range []string{"", "base: \"x\"", "engines: vllm: \"0.9\"", "overlays: [...string]", "a: {b: a}", "x: [for i in [1] {i}]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(t.TempDir(), FileName)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ReadSettings(file); err != nil {
			t.Fatal(err)
		}
	})
}

// A project file that is no plain file is not passed over: its rules would silently not hold.
func TestProjectFileThatIsAPipe(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, FileName)
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Skip(err)
	}
	if got := FindSettings(dir); got != pipe {
		t.Errorf("found %q, want %q", got, pipe)
	}
	if _, _, err := ReadSettings(pipe); err == nil {
		t.Error("a pipe is read as a project file")
	}
}
