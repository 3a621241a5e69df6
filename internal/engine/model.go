package engine

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/plainfile"
)

// hubName is a model's name on the Hugging Face hub ("openai-community/gpt2",
// "gpt2"), with a quantization behind a colon where vLLM reads GGUF files.
var hubName = lazyregexp.New(`^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?(:[\w-]+)?$`)

// elsewhere are the beginnings of models that engines stream from a store.
var elsewhere = lazyregexp.New(`^[a-z][a-z0-9+]*://`)

// checkModel looks whether the model that an engine is started with is there
// and whole. It reads no weights.
func checkModel(key, model string, env []EnvVar) []Problem {
	missing := func(format string, args ...any) []Problem {
		return []Problem{{Text: key + ": " + fmt.Sprintf(format, args...), Fatal: true}}
	}
	info, err := os.Stat(model)
	switch {
	case elsewhere.MatchString(model):
		return []Problem{{Text: fmt.Sprintf("%s: %s is not on this machine, so whether it is there was not looked at", key, model)}}
	case err != nil && hubName.MatchString(model):
		return checkHub(key, model, env)
	case errors.Is(err, fs.ErrNotExist) && (filepath.IsAbs(model) || strings.HasPrefix(model, ".")):
		return missing("no model at %s (a path inside a container is translated with --map FROM=TO)", model)
	case errors.Is(err, fs.ErrNotExist):
		return missing("%q is neither a folder here nor a name on the Hugging Face hub", model)
	case err != nil:
		return missing("the model cannot be looked at: %v", err)
	case info.Mode().IsRegular():
		return nil // one file that holds everything, as GGUF
	case !info.IsDir():
		return missing("%s is neither a file nor a folder", model)
	}
	if err := checkConfig(model); err != nil {
		return missing("%v", err)
	}
	shards, err := weights(model)
	if err != nil {
		return missing("%v", err)
	}
	if len(shards) == 0 && !otherWeights(model) {
		return missing("%s holds no weights: no safetensors, bin, pt, pth, gguf or engine file (for a load_format without any, run with --force)", model)
	}
	for _, shard := range shards {
		if err := wholeShard(shard); err != nil {
			return missing("the model is not whole: %v", err)
		}
	}
	return nil
}

// longestConfig bounds a model's config.json, in bytes.
const longestConfig = 32 << 20

// checkConfig looks whether a model's folder has a configuration that is one.
func checkConfig(model string) error {
	name := filepath.Join(model, "config.json")
	data, err := plainfile.Read(context.Background(), name, longestConfig)
	if errors.Is(err, fs.ErrNotExist) {
		name = filepath.Join(model, "params.json") // Mistral's own form
		data, err = plainfile.Read(context.Background(), name, longestConfig)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s holds no config.json", model)
	}
	if err != nil {
		return err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil || object == nil {
		return fmt.Errorf("%s is no JSON object", name)
	}
	return nil
}

// otherWeights reports whether a model's folder holds weights in another form
// than safetensors files.
func otherWeights(model string) bool {
	for _, kind := range []string{"*.bin", "*.pt", "*.pth", "*.gguf", "*.tensors", "*.engine"} {
		if found, _ := filepath.Glob(filepath.Join(model, kind)); len(found) > 0 {
			return true
		}
	}
	return false
}

// checkHub looks for a model of the hub in the cache that the engine will use.
func checkHub(key, model string, env []EnvVar) []Problem {
	name, _, _ := strings.Cut(model, ":")
	cache := hubCache(env)
	if found, _ := filepath.Glob(filepath.Join(cache, "models--"+strings.ReplaceAll(name, "/", "--"), "snapshots", "*")); len(found) > 0 {
		return nil
	}
	for _, variable := range []string{"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"} {
		if value, _ := lookup(env, variable); slices.Contains([]string{"1", "on", "true", "yes"}, strings.ToLower(value)) {
			return []Problem{{Text: fmt.Sprintf("%s: %s is not in the Hugging Face cache at %s, and env_config.%s forbids the download", key, model, cache, variable), Fatal: true}}
		}
	}
	return []Problem{{Text: fmt.Sprintf("%s: %s is not in the Hugging Face cache at %s, so the engine will download it", key, model, cache)}}
}

// hubCache is where huggingface_hub keeps models, by its own rules.
func hubCache(env []EnvVar) string {
	for _, variable := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"} {
		if dir, _ := lookup(env, variable); dir != "" {
			return dir
		}
	}
	if home, _ := lookup(env, "HF_HOME"); home != "" {
		return filepath.Join(home, "hub")
	}
	cache, _ := lookup(env, "XDG_CACHE_HOME")
	if cache == "" {
		home, _ := lookup(env, "HOME")
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(cache, "huggingface", "hub")
}

// FirstShard is the file of a model's folder whose digest tells which model it
// is: the first of its safetensors files; empty where there is none.
func FirstShard(model string) string {
	for _, pattern := range []string{"model-00001*.safetensors", "*.safetensors"} {
		if found, _ := filepath.Glob(filepath.Join(model, pattern)); len(found) > 0 {
			return found[0]
		}
	}
	return ""
}

// longestIndex bounds the index and the headers that are read, in bytes.
const longestIndex = 256 << 20

// weights are the model's weight files: those of its index where it has one,
// else the safetensors files that lie there.
func weights(model string) ([]string, error) {
	name := filepath.Join(model, "model.safetensors.index.json")
	data, err := plainfile.Read(context.Background(), name, longestIndex)
	if errors.Is(err, fs.ErrNotExist) {
		return filepath.Glob(filepath.Join(model, "*.safetensors"))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the model's index: %w", err)
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("reading the model's index %s: %w", name, err)
	}
	var files []string
	for _, file := range index.WeightMap {
		if !filepath.IsLocal(file) {
			return nil, fmt.Errorf("the model's index %s names a file outside of it: %q", name, file)
		}
		files = append(files, filepath.Join(model, file))
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// wholeShard compares the size of a safetensors file with what its header
// says: 8 bytes with the header's length, the header in JSON, the tensors.
func wholeShard(name string) error {
	f, err := plainfile.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing", name)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	first := make([]byte, 8)
	if n, _ := io.ReadFull(f, first); n < len(first) {
		return fmt.Errorf("%s is cut off", name)
	}
	if string(first) == "version " {
		return fmt.Errorf("%s is a pointer of Git LFS, not the file itself (git lfs pull)", name)
	}
	length := binary.LittleEndian.Uint64(first)
	if length > longestIndex || int64(length) > info.Size()-8 {
		return fmt.Errorf("%s is cut off, or no safetensors file", name)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(f, header); err != nil {
		return fmt.Errorf("reading the header of %s: %w", name, err)
	}
	var tensors map[string]struct {
		Offsets []int64 `json:"data_offsets"`
	}
	if err := json.Unmarshal(header, &tensors); err != nil {
		return fmt.Errorf("reading the header of %s: %w", name, err)
	}
	var end int64
	for _, t := range tensors {
		if len(t.Offsets) == 2 {
			end = max(end, t.Offsets[1])
		}
	}
	if have := info.Size() - 8 - int64(length); have < end {
		return fmt.Errorf("%s is cut off: its tensors take %d bytes, it has %d", name, end, have)
	}
	return nil
}
