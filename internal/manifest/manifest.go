package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

// Kind and Format are the first two fields of every manifest. Format is raised
// when a field is renamed, dropped or changes its meaning; a new field alone
// does not raise it.
const (
	Kind   = "mlcfg/manifest"
	Format = 2
)

// Manifest is one resolved configuration for one backend. Nil and empty maps
// and lists are the same. Values of the free sections are nil, bool, int64,
// *big.Int (only outside int64's range), float64 (finite), string, []any and
// map[string]any of the same; encoding also takes int, and refuses all else.
type Manifest struct {
	// BenchmarkName is the benchmark as MLPerf names it ("llama2-70b").
	BenchmarkName string
	// Scenario is offline, server, singlestream or multistream.
	Scenario string
	// TestMode is performance, accuracy or submission.
	TestMode string
	// Machine and Variant are the two halves of the overlay's file name:
	// interactive_mi325x is variant interactive on machine mi325x. The power
	// script is called with them. Both are empty where the name has no such form.
	Machine string
	Variant string
	// Backend is vllm, sglang or ray (vLLM with Ray as distributed executor).
	Backend string
	// EngineVersion is sync or async, the vLLM server that the harness starts;
	// empty (null on disk) where the configuration leaves it open.
	EngineVersion string
	// Engine is the engine and release whose schema the sections fulfil.
	Engine Engine
	// EnvConfig is exactly what the engine's process gets in its environment.
	EnvConfig map[string]string
	// EngineConfig, SamplingConfig and HarnessConfig are the typed sections; a
	// nil value means: not passed on.
	EngineConfig   map[string]any
	SamplingConfig map[string]any
	HarnessConfig  map[string]any
	// SamplingTypes are the types of what SamplingConfig passes on ("int >=1 |
	// null"), by its keys; see [Manifest.CheckSampling].
	SamplingTypes map[string]string
	// Roles are the processes that the engine consists of, usually one.
	Roles []Role
	// Harness is the round of MLPerf whose harness and rules hold ("v5.1").
	Harness string
	// Data is the data set that the run sends.
	Data Data
	// Loadgen is every LoadGen setting, what is in effect for the data set, and
	// where each is from. The schedule follows from it alone.
	Loadgen map[string]any
	// Sources are the files that were read, in the order of their layers.
	Sources []Source
	// Overrides are the command line's, in order, each as key=value.
	Overrides []string
	// OmegaConf is the release as which the sources and overrides were read, where that is
	// not 2.3; empty (absent on disk) there.
	OmegaConf string
	// Schema is the digest of the schema texts the sections were checked against.
	Schema string
	// Meaning is the sha256 over what a run depends on: two manifests of one
	// meaning run alike, whatever they were compiled from. Encoding computes it;
	// decoding verifies it.
	Meaning string
	// Digest is the sha256 over the canonical bytes without this field, as
	// "sha256:" and hexadecimal digits. Encoding computes it; decoding verifies it.
	Digest string
}

// Engine names a schema: vllm 0.9.2.
type Engine struct {
	Name    string
	Version string
	// Fork is the fork of the release whose schema it is too; empty (absent on disk) for none.
	Fork string
}

// String names the engine with its release, and the fork behind it: vllm 0.17.1+site.
func (e Engine) String() string {
	if e.Fork == "" {
		return e.Name + " " + e.Version
	}
	return e.Name + " " + e.Version + "+" + e.Fork
}

// Data is what is fixed of the data set.
type Data struct {
	// Samples is how many samples of it the run uses, from the first on; 0 where
	// that was not known, and then nothing is run.
	Samples int64
	// Digest is of the whole file, as "sha256:" and hexadecimal digits; empty
	// (null on disk) where the file could not be read.
	Digest string
	// Columns are the roles of the columns that requests are made of, sorted.
	Columns []string
}

// Source is a file that went into the manifest.
type Source struct {
	// Path is relative to the configuration root, with slashes.
	Path string
	// SHA256 is the file's digest in hexadecimal digits.
	SHA256 string
}

// YAML returns the manifest's canonical bytes, Digest included, and sets Digest.
// It fails on values that no manifest can hold: non-finite numbers, text that
// is not UTF-8, foreign Go types.
func (m *Manifest) YAML() ([]byte, error) {
	_, body, err := m.seal()
	if err != nil {
		return nil, err
	}
	return insert(body, "digest", m.Digest, "engine"), nil
}

// insert puts a digest in front of the field that is next to it in the order of
// keys; only keys at the top stand at the beginning of a line.
func insert(body []byte, key, digest, next string) []byte {
	at := bytes.Index(body, []byte("\n"+next+":")) + len("\n")
	return slices.Insert(body, at, fmt.Appendf(nil, "%s: %q\n", key, digest)...)
}

// JSON returns the same content as YAML in JSON, keys sorted, indented by two
// spaces, with a final newline, and sets Digest.
func (m *Manifest) JSON() ([]byte, error) {
	fields, _, err := m.seal()
	if err != nil {
		return nil, err
	}
	fields["digest"] = m.Digest
	return appendJSON(nil, fields)
}

// usualSize is about what a manifest has, in bytes.
const usualSize = 8 << 10

// seal computes meaning and digest; it returns the fields without the digest, and
// what they are in YAML. Each field is encoded once, for both.
func (m *Manifest) seal() (map[string]any, []byte, error) {
	fields := m.fields()
	body, meaning := make([]byte, 0, usualSize), make([]byte, 0, usualSize)
	for _, k := range sortedKeys(fields) {
		from := len(body)
		var err error
		if body, err = appendYAML(body, map[string]any{k: fields[k]}); err != nil {
			return nil, nil, fmt.Errorf("encoding the manifest: %w", err)
		}
		switch {
		case slices.Contains(sourceFields, k):
		case sourceKeys[k] != nil:
			meaning, _ = appendYAML(meaning, map[string]any{k: without(Section(fields, k), sourceKeys[k])}) // its values are in body already
		default:
			meaning = append(meaning, body[from:]...)
		}
	}
	m.Meaning = Digest(meaning)
	fields[meaningField] = m.Meaning
	body = insert(body, meaningField, m.Meaning, "overrides")
	m.Digest = Digest(body)
	return fields, body, nil
}

const (
	meaningField   = "meaning"
	omegaConfField = "omegaconf"
)

// What no run depends on: what the manifest was compiled from, and where that lies. Fields
// of the top, and keys of some fields.
var (
	sourceFields = []string{"sources", "overrides", omegaConfField, "schema"}
	sourceKeys   = map[string][]string{
		"harness_config": {"mlperf_conf_path", "user_conf_path"},
		"loadgen":        {"origins", "user_conf", "user_conf_sha256"},
	}
)

// without is a map without some of its keys.
func without(m map[string]any, names []string) map[string]any {
	m = maps.Clone(m)
	for _, name := range names {
		delete(m, name)
	}
	return m
}

// Digest is the form in which manifests write the digest of some bytes.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// fields is the manifest as it stands on disk, without the digest.
func (m *Manifest) fields() map[string]any {
	env := make(map[string]any, len(m.EnvConfig))
	for k, v := range m.EnvConfig {
		env[k] = v
	}
	sources := make([]any, len(m.Sources))
	for i, s := range m.Sources {
		sources[i] = map[string]any{"path": s.Path, "sha256": s.SHA256}
	}
	overrides := make([]any, len(m.Overrides))
	for i, o := range m.Overrides {
		overrides[i] = o
	}
	columns := make([]any, len(m.Data.Columns))
	for i, c := range m.Data.Columns {
		columns[i] = c
	}
	types := make(map[string]any, len(m.SamplingTypes))
	for k, v := range m.SamplingTypes {
		types[k] = v
	}
	roles := make([]any, len(m.Roles))
	for i := range m.Roles {
		roles[i] = m.Roles[i].fields()
	}
	engine := map[string]any{"name": m.Engine.Name, "version": m.Engine.Version}
	if m.Engine.Fork != "" {
		engine["fork"] = m.Engine.Fork
	}
	all := map[string]any{
		"kind": Kind, "format": int64(Format),
		"benchmark_name": m.BenchmarkName, "scenario": m.Scenario, "test_mode": m.TestMode,
		"machine": m.Machine, "variant": m.Variant,
		"backend": m.Backend, "engine_version": orNull(m.EngineVersion),
		"engine":     engine,
		"env_config": env, "engine_config": m.EngineConfig, "sampling_config": m.SamplingConfig,
		"harness_config": m.HarnessConfig, "harness": m.Harness, "loadgen": m.Loadgen,
		"sampling_types": types, "roles": roles,
		"data":    map[string]any{"samples": m.Data.Samples, "digest": orNull(m.Data.Digest), "columns": columns},
		"sources": sources, "overrides": overrides, "schema": m.Schema,
	}
	if m.OmegaConf != "" {
		all[omegaConfField] = m.OmegaConf
	}
	return all
}

// orNull is a text as it stands on disk: null where it is empty.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
