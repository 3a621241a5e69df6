package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
)

// hiddenWord is the credential that no command may print, alone no longer than the
// forms that are known by themselves.
const hiddenWord = "s3cretWordXYZ12345"

// credentialPlaces are overlays, below their head, and overrides with the word.
var credentialPlaces = map[string]struct{ text, override string }{
	"name":                   {text: "vllm_engine_config:\n  model: /m\n  api_key: WORD\n"},
	"name in a list":         {text: "vllm_engine_config:\n  model: /m\n  api_key: [WORD]\n"},
	"name with dashes":       {text: "vllm_engine_config:\n  model: /m\n  api-key: WORD\n"},
	"name in camel case":     {text: "vllm_engine_config:\n  model: /m\n  apiKey: WORD\n"},
	"name of a variable":     {text: "vllm_engine_config:\n  model: /m\nenv_config:\n  HF_TOKEN: WORD\n"},
	"a map":                  {text: "vllm_engine_config:\n  model: /m\n  model_loader_extra_config: {hf_token: WORD}\n"},
	"a map in camel case":    {text: "vllm_engine_config:\n  model: /m\n  model_loader_extra_config: {accessToken: WORD, clientSecret: WORD}\n"},
	"a list in a map":        {text: "vllm_engine_config:\n  model: /m\n  model_loader_extra_config:\n    a: [{secret_key: WORD}]\n"},
	"a block":                {text: "vllm_engine_config:\n  model: /m\n  model_loader_extra_config:\n    password: |\n      WORD\n      more\n"},
	"folded quotes":          {text: "vllm_engine_config:\n  model:   /m\n  model_loader_extra_config:\n    password: \"WORD\n      more\"\n"},
	"escapes":                {text: "vllm_engine_config:\n  model:   /m\n  api_key: \"\\x73\\x33cretWordXYZ12345\"\n"},
	"JSON in a text":         {text: "vllm_engine_config:\n  model: /m\n  hf_overrides: '{\"api_key\": \"WORD\"}'\n"},
	"user of a URL":          {text: "vllm_engine_config:\n  model: https://u:WORD@host/x\n"},
	"keys of a store":        {text: "vllm_engine_config:\n  model: s3://AKIAABCDEFGH:WORD@bucket/x\n"},
	"a URL in a list":        {text: "vllm_engine_config:\n  model: /m\n  allowed_origins: [\"https://u:WORD@h\"]\n"},
	"a URL in a map":         {text: "vllm_engine_config:\n  model: /m\n  model_loader_extra_config: {url: \"redis://:WORD@h\"}\n"},
	"a URL's token":          {text: "vllm_engine_config:\n  model: \"https://host/x?token=WORD\"\n"},
	"a URL's api_key":        {text: "vllm_engine_config:\n  model: \"https://host/x?a=1&api_key=WORD\"\n"},
	"a URL's hf_token":       {text: "vllm_engine_config:\n  model: \"https://host/x?hf_token=WORD\"\n"},
	"a URL's signature":      {text: "vllm_engine_config:\n  model: \"https://b.s3.amazonaws.com/x?X-Amz-Signature=WORD\"\n"},
	"a shared signature":     {text: "vllm_engine_config:\n  model: \"https://a.blob.core.windows.net/x?sv=1&sig=WORD\"\n"},
	"a header":               {text: "vllm_engine_config:\n  model: /m\nvllm_env_config:\n  HEADERS: \"Authorization: Bearer WORD\"\n"},
	"a bearer":               {text: "vllm_engine_config:\n  model: \"Bearer WORD\"\n"},
	"a key itself":           {text: "vllm_engine_config:\n  model: /m\n  sk-WORD0123456789: 1\n"},
	"a variable itself":      {text: "vllm_engine_config:\n  model: /m\nenv_config:\n  hf_WORD0123456789: x\n"},
	"an anchor":              {text: "x: &a WORD\nvllm_engine_config:\n  model: /m\n  api_key: *a\n"},
	"an interpolation":       {text: "x: WORD\nvllm_engine_config:\n  model: /m\n  api_key: ${x}\n"},
	"a comment":              {text: "vllm_engine_config:\n  model: /m\n  max_num_seqs: abc   # password=WORD\n"},
	"a URL in a comment":     {text: "vllm_engine_config:\n  model: /m\n  max_num_seqs: abc   # see https://u:WORD@host\n"},
	"no end":                 {text: "vllm_engine_config:\n  model: /m\n  password: \"WORD\n"},
	"twice":                  {text: "vllm_engine_config:\n  model: /m\n  password: WORD\n  password: WORD\n"},
	"older format":           {text: "llm_config:\n  model: /m\n  api_key: WORD\nserver_version: async\n"},
	"override: URL":          {override: "vllm_engine_config.model=https://u:WORD@h/x"},
	"override: parameter":    {override: "vllm_engine_config.model=https://h/x?token=WORD"},
	"override: name":         {override: "vllm_engine_config.api_key=WORD"},
	"override: list":         {override: "vllm_engine_config.api_key=[WORD]"},
	"override: map":          {override: "vllm_engine_config.model_loader_extra_config={hf_token: WORD}"},
	"override: variable":     {override: "env_config.HF_TOKEN=WORD"},
	"override: no end":       {override: "env_config.HF_TOKEN={WORD"},
	"override: no section":   {override: "nosuch.api_key=WORD"},
	"override: no such flag": {override: "--api-key=WORD"},
}

// TestNoCommandShowsACredential: wherever a credential stands, lint refuses it and
// no command prints it, in any format.
func TestNoCommandShowsACredential(t *testing.T) {
	for name, place := range credentialPlaces {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			fill := strings.NewReplacer("WORD", hiddenWord)
			text := place.text
			if text == "" {
				text = "vllm_engine_config:\n  model: /m\n"
			}
			write := func(name, text string) {
				t.Helper()
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			const head, overlay = "benchmark_name: llama2-70b\nscenario: server\nengine_version: async\n", "m/server_x.yaml"
			write("config.yaml", "test_mode: performance\nharness_config: {device_count: 1, dataset_path: d.pkl, total_sample_count: 64, output_log_dir: l, user_conf_path: user.conf}\n")
			write("user.conf", "*.Server.target_qps = 1\n")
			write("m/server_y.yaml", head+"vllm_engine_config:\n  model: /m\n  max_num_seqs: 64\n")
			write(overlay, fill.Replace(head+text))
			commands := [][]string{{"fmt", "-d", overlay}, {"fmt", "-l", overlay}, {"fmt", overlay}, {"migrate", overlay}, {"migrate", "--format", "json", overlay}, {"new", "m/server_z.yaml", "--from", overlay}}
			of := func(command string, more ...string) {
				args := append([]string{command, overlay}, more...)
				if place.override != "" {
					args = append(args, fill.Replace(place.override))
				}
				commands = append(commands, args)
			}
			for _, f := range diag.Formats() {
				of("lint", "--backend", backend.VLLM, "--format", f)
			}
			for _, f := range []string{"yaml", "json"} {
				of("compile", "--backend", backend.VLLM, "--format", f)
			}
			for _, f := range []string{"text", "json"} {
				of("explain", "--backend", backend.VLLM, "--format", f)
				of("diff", "m/server_y.yaml", "--backend", backend.VLLM, "--format", f)
				of("trim", "--format", f)
				of("upgrade", "--to", "vllm=0.10.0", "--format", f)
			}
			of("diff", "m/server_y.yaml", "--backend", backend.VLLM, "--format", "html")
			of("diff", "m/server_y.yaml", "--backend", backend.VLLM, "--format", "markdown")
			for _, args := range commands {
				var out bytes.Buffer
				a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(string) string { return "" }}
				code := a.run(append([]string{"mlcfg"}, args...))
				if at := strings.Index(out.String(), hiddenWord); at >= 0 {
					t.Errorf("mlcfg %s prints it: %s", strings.Join(args, " "), out.String()[max(0, at-200):min(out.Len(), at+100)])
				}
				if args[0] == "lint" && code == exitOK || args[0] == "compile" && code == exitOK {
					t.Errorf("mlcfg %s takes it: %s", strings.Join(args, " "), out.String())
				}
			}
			written, _ := filepath.Glob("*/*.json")
			if len(written) > 0 {
				t.Error(fmt.Sprint(written, " was written"))
			}
		})
	}
}
