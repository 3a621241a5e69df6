package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"mlcfg/internal/backend"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
)

// cannot says why a command cannot be run here, empty where it can.
func cannot(words ...string) func() string {
	return func() string {
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Sprintf("%s does not work here: %v %s", words[0], err, strings.TrimSpace(string(out)))
		}
		return ""
	}
}

// signalNamed signals the process whose number is in a file.
func (b *bench) signalNamed(file string, sig syscall.Signal) error {
	text, err := os.ReadFile(b.path(file))
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return err
	}
	return send(pid, sig)
}

// files is a setup that writes files.
func files(texts map[string]string) func(*bench) (func(), error) {
	return func(b *bench) (func(), error) {
		for name, text := range texts {
			if err := os.MkdirAll(filepath.Dir(b.path(name)), 0o755); err != nil {
				return nil, err
			}
			if err := os.WriteFile(b.path(name), []byte(text), 0o644); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
}

// pipe puts a named pipe instead of a file, zero a link to an endless device.
func pipe(name string) func(*bench) error {
	return func(b *bench) error {
		_ = os.Remove(b.path(name))
		return syscall.Mkfifo(b.path(name), 0o600)
	}
}

func zero(name string) func(*bench) error {
	return func(b *bench) error {
		_ = os.Remove(b.path(name))
		return os.Symlink("/dev/zero", b.path(name))
	}
}

// overlay is a configuration with a shared file.
var overlay = map[string]string{
	"config.yaml":      "test_mode: performance\nharness_config:\n  device_count: 1\n  dataset_path: d.pkl\n  user_conf_path: user.conf\n",
	"m/server_x.yaml":  "benchmark_name: llama2-70b\nscenario: server\nvllm_engine_config:\n  model: /models/llama\n",
	"m/offline_x.yaml": "benchmark_name: llama2-70b\nscenario: offline\nsglang_engine_config:\n  model_path: /models/llama\n",
	"user.conf":        "*.Server.target_qps = 1\n",
	"site/site.cue":    "",
	"elsewhere/x.yaml": "benchmark_name: llama2-70b\nscenario: offline\nsglang_engine_config:\n  model_path: /models/llama\n",
}

// model is a model's folder.
func model() map[string]string {
	header := `{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`
	shard := string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + strings.Repeat("\x00", 16)
	return map[string]string{"models/llama/config.json": "{}", "models/llama/model.safetensors": shard, "models/llama/tokenizer.json": "{}"}
}

// specialFiles put what is no plain file instead of one, and files that are
// not what they should be.
func specialFiles() []fault {
	const aPipe, aDevice = `it is a pipe, not a file`, `it is a device, not a file`
	plan := []string{"plan", manifestName, "--map", "/data=data", "--map", "/models=models", "--device-env", "none", "--no-resource-check"}
	lint := []string{"lint", "m/server_x.yaml", "--backend", backend.VLLM}
	var all []fault
	add := func(name string, f fault, texts map[string]string, changes ...func(*bench) error) {
		f.name, f.memory = name, 300
		f.setup = func(b *bench) (func(), error) {
			if _, err := files(texts)(b); err != nil {
				return nil, err
			}
			for _, change := range changes {
				if err := change(b); err != nil {
					return nil, err
				}
			}
			return nil, nil
		}
		all = append(all, f)
	}
	add("a manifest that is a pipe", fault{short: true, exit: 2, says: aPipe, command: plan}, nil, pipe(manifestName))
	add("a manifest that is a link to an endless device", fault{exit: 2, says: aDevice, command: plan}, nil, zero(manifestName))
	add("a data set that is a pipe", fault{exit: 2, says: `not a regular file`, command: plan}, nil, pipe(dataName))
	for _, f := range []struct{ what, file string }{{"config.json", "config.json"}, {"weights", "model.safetensors"}, {"weights' index", "model.safetensors.index.json"}} {
		add("a model's "+f.what+": a pipe", fault{exit: 1, says: aPipe, command: plan}, model(), pipe("models/llama/"+f.file))
		add("a model's "+f.what+": a link to an endless device", fault{exit: 1, says: aDevice, command: plan}, model(), zero("models/llama/"+f.file))
	}
	text := func(b *bench) error {
		return os.WriteFile(b.path(dataName), []byte(`{"text_input": "a b c"}`+"\n"), 0o644)
	}
	add("a model's tokenizer.json: a pipe", fault{exit: 2, says: aPipe, command: append(plan[:len(plan):len(plan)], "--tokenizer", "models/llama")}, model(), text, pipe("models/llama/tokenizer.json"))
	add("a model's tokenizer.json: a link to an endless device", fault{exit: 2, says: aDevice, command: append(plan[:len(plan):len(plan)], "--tokenizer", "models/llama")}, model(), text, zero("models/llama/tokenizer.json"))
	broken := model()
	broken["models/llama/config.json"] = "{"
	add("a model's config.json of one byte", fault{exit: 1, says: `is no JSON object`, command: plan}, broken)
	empty := model()
	delete(empty, "models/llama/model.safetensors")
	add("a model without weights", fault{exit: 1, says: `holds no weights`, command: plan}, empty)

	shard := func(text string) map[string]string {
		m := model()
		m["models/llama/model.safetensors"] = text
		return m
	}
	const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
	whole := model()["models/llama/model.safetensors"]
	add("a model whose weights are a pointer of Git LFS", fault{exit: 1, says: `is a pointer of Git LFS`, command: plan}, shard(pointer))
	add("a model whose weights have a header that is no JSON", fault{exit: 1, says: `reading the header of`, command: plan}, shard(strings.Replace(whole, "{", "<", 1)))
	add("a model whose weights have a header longer than the file", fault{exit: 1, says: `is cut off, or no safetensors file`, command: plan}, shard("\xff"+whole[1:]))
	add("a model whose weights have a header of 2^63 bytes", fault{exit: 1, says: `is cut off, or no safetensors file`, command: plan}, shard("\xff\xff\xff\xff\xff\xff\xff\xff"+whole[8:]))
	add("a model whose weights are cut off", fault{exit: 1, says: `is cut off: its tensors take`, command: plan}, shard(whole[:len(whole)-1]))
	add("a model whose weights are empty", fault{exit: 1, says: `is cut off`, command: plan}, shard(""))
	add("a model whose weights are a link to themselves", fault{exit: 1, says: `too many levels of symbolic links`, command: plan}, empty, func(b *bench) error {
		return os.Symlink("model.safetensors", b.path("models/llama/model.safetensors"))
	})
	index := model()
	index["models/llama/model.safetensors.index.json"] = `{"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}`
	add("a model whose index names a file that is not there", fault{exit: 1, says: `model-2.safetensors is missing`, command: plan}, index)
	outside := model()
	outside["models/llama/model.safetensors.index.json"] = `{"weight_map": {"a": "../../../etc/passwd"}}`
	add("a model whose index names a file outside", fault{exit: 1, says: `names a file outside of it`, command: plan}, outside)
	lfs := model()
	lfs["models/llama/config.json"] = pointer
	add("a model whose config.json is a pointer of Git LFS", fault{exit: 1, says: `is no JSON object`, command: plan}, lfs)

	add("an overlay that is a pipe", fault{short: true, exit: 2, says: aPipe, mlcfg: true, command: lint}, overlay, pipe("m/server_x.yaml"))
	add("an overlay that is a link to an endless device", fault{exit: 2, says: aDevice, mlcfg: true, command: lint}, overlay, zero("m/server_x.yaml"))
	add("a shared configuration that is a pipe", fault{exit: 2, says: aPipe, mlcfg: true, command: append(lint[:len(lint):len(lint)], "--base", "config.yaml")}, overlay, pipe("config.yaml"))
	add("a user.conf that is a pipe", fault{exit: 1, says: aPipe, mlcfg: true, command: lint}, overlay, pipe("user.conf"))
	add("a user.conf that is a link to an endless device", fault{exit: 1, says: aDevice, mlcfg: true, command: lint}, overlay, zero("user.conf"))
	add("mlcfg explain of a pipe", fault{exit: 2, says: aPipe, mlcfg: true, command: []string{"explain", "m/server_x.yaml", "--backend", backend.VLLM}}, overlay, pipe("m/server_x.yaml"))
	add("mlcfg fmt of a pipe", fault{exit: 2, says: aPipe, mlcfg: true, command: []string{"fmt", "m/server_x.yaml"}}, overlay, pipe("m/server_x.yaml"))
	add("mlcfg check of a pipe", fault{exit: 2, says: aPipe, mlcfg: true, command: []string{"check", manifestName}}, overlay, pipe(manifestName))
	add("an overlay without the section, with a pipe and a device beside it", fault{exit: 1, says: `the overlay lacks`, mlcfg: true, command: []string{"lint", "elsewhere/x.yaml", "--base", "/proc/self/cwd/config.yaml", "--backend", backend.VLLM}}, overlay, pipe("elsewhere/pipe.yaml"), zero("elsewhere/zero.yaml"))

	ofWhole := func(change func(*bench) error) func(*bench) (func(), error) {
		return func(b *bench) (func(), error) {
			if err := b.wholeRun(); err != nil {
				return nil, err
			}
			return nil, change(b)
		}
	}
	for _, name := range []string{record.FileName, record.StateFile, record.SummaryFile, record.ManifestFile} {
		all = append(all, fault{
			name: "run directory, a pipe instead of " + name, exit: 2, says: `is neither a file nor a folder`, command: []string{"report", runName},
			setup: ofWhole(pipe(runName + "/" + name)),
		})
	}
	offline := func(m *manifest.Manifest, s *loadgen.Settings) {
		s.Scenario = loadgen.Offline
		m.Scenario, m.Variant = "offline", "offline"
	}
	all = append(all,
		fault{
			name: "too few files may be open for the connections (ulimit -n 64)", short: true, exit: 2, says: `may have 64 files and connections open, the run needs \d+`,
			manifest: offline, before: shell(`ulimit -n 64; exec "$0" "$@"`), args: []string{"--concurrency", "512"},
		},
		fault{name: "power script without its interpreter", exit: 2, says: `its interpreter /no/such/shell`, args: []string{"--power-script", "power.sh"}, setup: program("power.sh", "#!/no/such/shell\n")},
		fault{name: "power script that may not be executed", exit: 2, says: `is not executable`, args: []string{"--power-script", "power.sh"}, setup: files(map[string]string{"power.sh": "#!/bin/sh\n"})},
		fault{name: "power script that is a folder", exit: 2, says: `power script data: .*permission denied`, args: []string{"--power-script", "data"}},
		fault{name: "power script that is not there", exit: 2, says: `the power script is not there`, args: []string{"--power-script", "power.sh"}},
		fault{name: "power script that fails and leaves a child in a session of its own", exit: 2, says: `exit status 3`, args: []string{"--power-script", "power.sh"}, setup: script("setsid sleep 600 &\nsleep 0.2; exit 3")},
		fault{name: "power script with line ends of Windows", exit: 2, says: `line ends|lines do on Windows`, args: []string{"--power-script", "power.sh"}, setup: program("power.sh", "#!/bin/sh\r\necho x\r\n")},
		fault{name: "power script that prints without end", exit: 2, says: `it printed more than 16 MiB`, args: []string{"--power-script", "power.sh"}, setup: script("exec yes"), memory: 200},
		fault{name: "power script that ignores SIGTERM, interrupted twice", exit: 2, says: `interrupted`, args: []string{"--power-script", "power.sh"}, setup: script("trap '' TERM\nwhile :; do sleep 1; done"), attack: func(b *bench, c *command) error {
			err := c.until("the power script", func() bool { return b.opener("run/power.log") != 0 })
			for range 2 {
				if err == nil {
					err = c.cmd.Process.Signal(os.Interrupt)
				}
			}
			return err
		}},
	)
	return all
}

// program writes an executable file.
func program(name, text string) func(*bench) (func(), error) {
	return func(b *bench) (func(), error) { return nil, os.WriteFile(b.path(name), []byte(text), 0o755) }
}

// credentialFaults put secrets where none belongs; nothing may print them.
func credentialFaults() []fault {
	const word = "s3cretWord"
	lint := func(key, value string) []string {
		return []string{"lint", "m/server_x.yaml", "--backend", backend.VLLM, key + "=" + value}
	}
	var all []fault
	for _, f := range []struct{ name, key, value string }{
		{"a password in a URL of the environment", "env_config.HF_ENDPOINT", "https://user:" + word + "@host/x"},
		{"a password in the data set's URL", "harness_config.dataset_path", "https://user:" + word + "@host/x"},
		{"keys in the URL of a model's store", "vllm_engine_config.model", "s3://AKIAABCDEFGH:" + word + "/x@bucket"},
		{"a credential in a key that is not known", "vllm_engine_config.api_key", word},
		{"a credential where a number is wanted", "vllm_engine_config.max_num_seqs", "sk-0123456789" + word},
	} {
		all = append(all, fault{name: f.name, exit: 1, says: `looks like a credential`, mlcfg: true, secret: word, setup: files(overlay), command: lint(f.key, f.value)})
	}
	return append(all, fault{
		name: "a password in --external", exit: 2, says: `is not the URL of an engine`, secret: word,
		command: []string{"run", manifestName, "--external", "http://user:" + word + "@127.0.0.1:9"},
	})
}
