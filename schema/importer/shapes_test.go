package importer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// environPackage is an SGLang package whose environ.py ends in the given text.
func environPackage(t *testing.T, environ string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"sglang/__init__.py":     "",
		"sglang/srt/__init__.py": "",
		"sglang/srt/server_args.py": "import dataclasses\n\n@dataclasses.dataclass\nclass ServerArgs:\n    model_path: str\n\n" +
			"    @staticmethod\n    def add_cli_args(parser):\n        parser.add_argument(\"--model-path\", type=str)\n",
		"sglang/srt/environ.py": "import os\n\nclass Envs:\n    SGLANG_NEW = EnvBool(False)\n    SGLANG_SIZE = EnvInt(3)\n\n" + environ,
		"sglang/srt/other.py": "import os\n\ndef get_bool_env_var(name: str, default: str = \"false\") -> bool:\n    value = os.getenv(name, default)\n" +
			"    return value.lower() in (\"true\", \"1\")\n\n\nX = get_bool_env_var(\n    \"SGLANG_KEYWORD\", default=\"true\"\n)\n" +
			"NAME = \"SGLANG_HELD\"\nif os.environ.get(NAME):\n    pass\nN = int(os.getenv(\"SGLANG_NUMBER\", \"4\"))\nS = os.getenv(\"SGLANG_SWITCH\", \"0\") == \"1\"\nF = bool(os.environ.get(\"SGLANG_FILLED\"))\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func variables(t *testing.T, environ string) (map[string]Definition, error) {
	t.Helper()
	record, err := Importer{}.Path(t.Context(), Spec{"sglang", "1.0"}, environPackage(t, environ))
	if err != nil {
		return nil, err
	}
	out := map[string]Definition{}
	for _, section := range []string{"env_config", "env_prefixes"} {
		for _, d := range record.Sections[section] {
			out[d.Name] = d
		}
	}
	return out, nil
}

// TestOldNames: SGLang turned the arguments of its helper round between two
// releases; which name is the old one is told by what the helper calls them.
func TestOldNames(t *testing.T) {
	needPython(t)
	for _, params := range []string{"new_name, old_name", "old_name, new_name=None"} {
		call := `_tell("SGLANG_OLD", "SGLANG_NEW")`
		if strings.HasPrefix(params, "new") {
			call = `_tell("SGLANG_NEW", "SGLANG_OLD")`
		}
		text := fmt.Sprintf("def _tell(%s):\n    pass\n\n\ndef _convert():\n    %s\n    for key, value in os.environ.items():\n"+
			"        if key.startswith(\"SGL_\"):\n            new_key = key.replace(\"SGL_\", \"SGLANG_\", 1)\n", params, call)
		found, err := variables(t, strings.ReplaceAll(text, "_tell", "_print_deprecated_env"))
		if err != nil {
			t.Fatal(err)
		}
		if found["SGLANG_NEW"].Deprecated != "" || found["SGLANG_OLD"].Deprecated != "use SGLANG_NEW instead" {
			t.Errorf("%s: the old name is %+v, the new one %+v", params, found["SGLANG_OLD"], found["SGLANG_NEW"])
		}
		if kind := found["SGLANG_OLD"].Type[0].Kind; kind != "env-bool" {
			t.Errorf("%s: the old name is read as %s, the new one as env-bool", params, kind)
		}
		if prefix := found["SGL_"]; len(prefix.Type) != 1 || string(prefix.Type[0].Value) != `"SGLANG_"` {
			t.Errorf("%s: the prefix SGL_ is %+v", params, prefix)
		}
	}
}

// TestReads: what is read through a helper, by keyword, over two lines or under a
// name of its own is found.
func TestReads(t *testing.T) {
	needPython(t)
	found, err := variables(t, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"SGLANG_KEYWORD": "env-truth true", "SGLANG_HELD": "env-text <nil>", "SGLANG_NUMBER": "env-int 4", "SGLANG_SWITCH": "env-switch 0", "SGLANG_FILLED": "env-filled <nil>",
	} {
		d, ok := found[name]
		if !ok {
			t.Errorf("%s is not found", name)
			continue
		}
		var def any
		if d.Default != nil {
			if err := json.Unmarshal(d.Default, &def); err != nil {
				t.Fatal(err)
			}
		}
		if got := fmt.Sprintf("%s %v", d.Type[0].Kind, def); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// TestUnseenShapes: the reader stops at source of a shape that it does not know,
// rather than to guess what it means.
func TestUnseenShapes(t *testing.T) {
	needPython(t)
	for environ, want := range map[string]string{
		"def _print_deprecated_env(a, b):\n    pass\n":                                "_print_deprecated_env has the arguments a, b",
		"class Envs:\n    SGLANG_X = EnvOdd(1)\n":                                     "SGLANG_X is a EnvOdd",
		"_DEPRECATED_ENVS = {\"SGLANG_X\": _DeprecatedEnv(instead=\"SGLANG_NEW\")}\n": "_DeprecatedEnv is given instead",
	} {
		if _, err := variables(t, environ); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got the error %v, want one with %q", environ, err, want)
		}
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "vllm_settings"))); err != nil {
		t.Fatal(err)
	}
	envs := filepath.Join(dir, "vllm", "envs.py")
	before, err := os.ReadFile(envs)
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]string{
		`bool(int(os.getenv("VLLM_TRACE", "0")))`:                 "VLLM_TRACE is read by odd(",
		`.__members__.keys()`:                                     "VLLM_KERNEL is held to lambda: list(",
		`env_with_choices("VLLM_MODE", "auto", ["auto", "fast"])`: "env_with_choices has the arguments",
	} {
		text := strings.Replace(string(before), from, `odd(os.getenv("VLLM_TRACE", "0"))`, 1)
		if strings.HasPrefix(from, ".__") {
			text = strings.Replace(string(before), from, ".odd()", 1)
		}
		if strings.HasPrefix(from, "env_with") {
			text = strings.Replace(string(before), "environment_variables:", "def env_with_choices(choices, env_name, default):\n    pass\n\n\nenvironment_variables:", 1)
		}
		if err := os.WriteFile(envs, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := (Importer{}).Path(t.Context(), Spec{"vllm", "1.0"}, dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got the error %v, want one with %q", from, err, want)
		}
	}
}
