package manifest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"mlcfg/internal/backend"

	"mlcfg/internal/plainfile"
)

// MaxSize bounds what is read, in bytes; real manifests have some ten thousand.
const MaxSize = 16 << 20

// Error says why something is not a manifest that can be used.
type Error struct {
	// File is the name the manifest was read under, Line counts from 1; 0 is
	// the file as a whole.
	File string
	Line int
	Msg  string
	// Hint is what to do about it, one line.
	Hint string
	// Format is the format of a manifest of an older one, 0 for everything else.
	Format int
	// Old is what a manifest of an older format says that it was compiled for, so
	// that it can be compiled again: engine, backend, round, overrides and
	// sources. It is nil for everything else.
	Old *Manifest
}

// Error returns file:line: message, without the hint.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Msg)
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
}

var hintCompile = "make a manifest with: mlcfg compile OVERLAY --backend " + strings.Join(backend.Names(), "|") + " -o manifest.yaml"

const (
	hintRecompile  = "a manifest is never edited by hand; change the configuration and compile again: mlcfg compile OVERLAY --backend BACKEND -o manifest.yaml"
	hintCredential = "set it in the environment that mlrun is started in and name it with --pass-env; then compile again"
	hintVersion    = "mlcfg and mlrun of the same version fit together; compile again with the mlcfg beside this program"
)

// ReadFile reads and verifies the manifest in a file; "-" is standard input,
// given as stdin. The error is an *Error where the content is at fault.
func ReadFile(path string, stdin io.Reader) (*Manifest, error) {
	name := path
	var data []byte
	var err error
	if path == "-" {
		name = "standard input"
		data, err = io.ReadAll(io.LimitReader(stdin, MaxSize+1))
	} else {
		data, err = plainfile.Read(context.Background(), path, MaxSize)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	return Decode(name, data)
}

// Decode reads a manifest in canonical YAML or in JSON and verifies its digest.
// It refuses everything else with an *Error that names the line in file and
// says how to make a manifest.
func Decode(file string, data []byte) (*Manifest, error) {
	m, problem := decode(data)
	if problem != nil {
		problem.File = file
		return nil, problem
	}
	return m, nil
}

func decode(data []byte) (*Manifest, *Error) {
	if len(data) > MaxSize {
		return nil, &Error{Msg: fmt.Sprintf("larger than %d MiB: not a manifest", MaxSize>>20), Hint: hintCompile}
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, &Error{Msg: "empty: not a manifest", Hint: hintCompile}
	}
	isJSON := bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{"))
	read := readYAML
	if isJSON {
		read = readJSON
	}
	doc, err := read(data)
	if !looksLikeManifest(doc, data) {
		return nil, &Error{Msg: "not a manifest: there is no kind: " + Kind + " in it", Hint: hintCompile}
	}
	if err != nil {
		err.Hint = hintRecompile
		return nil, err
	}
	m, err := fromFields(doc)
	if err != nil {
		return nil, err
	}
	if key := m.credential(); key != "" {
		section, _, _ := strings.Cut(key, ".")
		return nil, &Error{Line: doc.lines[section], Msg: key + " looks like a credential, which no manifest may hold", Hint: hintCredential}
	}
	given, meaning := m.Digest, m.Meaning
	canonical, encodeErr := m.YAML()
	if encodeErr != nil {
		return nil, &Error{Msg: encodeErr.Error(), Hint: hintRecompile}
	}
	if given != m.Digest {
		return nil, &Error{Line: doc.lines["digest"], Msg: fmt.Sprintf("the digest does not fit the content: it says %s, the content has %s", given, m.Digest), Hint: hintRecompile}
	}
	if meaning != m.Meaning {
		return nil, &Error{Line: doc.lines["meaning"], Msg: fmt.Sprintf("the meaning does not fit the content: it says %s, the content has %s", meaning, m.Meaning), Hint: hintRecompile}
	}
	if err := m.agree(); err != nil {
		return nil, &Error{Line: doc.lines["roles"], Msg: err.Error(), Hint: hintRecompile}
	}
	if !isJSON && !bytes.Equal(canonical, data) {
		return nil, &Error{Line: firstDifference(canonical, data), Msg: "not in canonical form", Hint: hintRecompile}
	}
	return m, nil
}

// looksLikeManifest tells a damaged manifest from a file of another kind.
func looksLikeManifest(doc *document, data []byte) bool {
	if doc != nil {
		return doc.fields["kind"] == Kind
	}
	return bytes.Contains(data, []byte(Kind))
}

// firstDifference is the line, from 1, where got leaves want.
func firstDifference(want, got []byte) int {
	n := min(len(want), len(got))
	for i := range n {
		if want[i] != got[i] {
			n = i
			break
		}
	}
	return 1 + bytes.Count(got[:n], []byte("\n"))
}

// document is what was read, before it is known to be a manifest.
type document struct {
	fields map[string]any
	// lines are the lines of the top-level keys.
	lines map[string]int
}

// fromFields turns the fields on disk into a Manifest.
func fromFields(doc *document) (*Manifest, *Error) {
	f := &fieldReader{doc: doc}
	format := f.integer("format")
	switch {
	case f.err != nil:
	case format == 1:
		return nil, outdated(doc)
	case format != Format:
		return nil, &Error{Line: doc.lines["format"], Msg: fmt.Sprintf("format %d is not known here, only format %d", format, Format), Hint: hintVersion}
	}
	f.text("kind")
	m := &Manifest{
		BenchmarkName: f.text("benchmark_name"), Scenario: f.text("scenario"), TestMode: f.text("test_mode"),
		Machine: f.textOrEmpty("machine"), Variant: f.textOrEmpty("variant"),
		Backend: f.text("backend"), EngineVersion: f.textOrNull("engine_version"),
		EngineConfig: f.section("engine_config"), SamplingConfig: f.section("sampling_config"),
		HarnessConfig: f.section("harness_config"), Harness: f.textOrEmpty("harness"), Data: f.data(), Loadgen: f.section("loadgen"),
		Schema: f.text("schema"), Meaning: f.text("meaning"), Digest: f.text("digest"),
		EnvConfig: map[string]string{},
	}
	m.Engine, m.Sources, m.Overrides = f.engine(), f.sources(), f.overrides()
	if _, has := doc.fields[omegaConfField]; has {
		m.OmegaConf = f.text(omegaConfField)
	}
	for k, v := range f.section("env_config") {
		s, ok := v.(string)
		if !ok {
			f.fail("env_config", "env_config."+k+" must be text, it is "+kindOf(v))
		}
		m.EnvConfig[k] = s
	}
	for k, v := range f.section("sampling_types") {
		if m.SamplingTypes == nil {
			m.SamplingTypes = map[string]string{}
		}
		m.SamplingTypes[k] = take1[string](f, "sampling_types", "text", v)
	}
	for _, v := range f.list("roles") {
		m.Roles = append(m.Roles, f.role(v))
	}
	f.rest()
	return m, f.err
}

// fieldReader takes fields out of a document and keeps the first fault.
type fieldReader struct {
	doc  *document
	seen []string
	err  *Error
}

func (f *fieldReader) fail(key, msg string) {
	if f.err == nil {
		f.err = &Error{Line: f.doc.lines[key], Msg: msg, Hint: hintRecompile}
	}
}

func (f *fieldReader) take(key string) any {
	f.seen = append(f.seen, key)
	v, ok := f.doc.fields[key]
	if !ok {
		f.fail(key, "the field "+key+" is missing")
	}
	return v
}

func take[T any](f *fieldReader, key, what string) T {
	v, ok := f.take(key).(T)
	if !ok {
		f.fail(key, fmt.Sprintf("%s must be %s, it is %s", key, what, kindOf(f.doc.fields[key])))
	}
	return v
}

func (f *fieldReader) integer(key string) int64 { return take[int64](f, key, "a whole number") }
func (f *fieldReader) textOrEmpty(key string) string {
	return take[string](f, key, "text")
}
func (f *fieldReader) list(key string) []any { return take[[]any](f, key, "a list") }
func (f *fieldReader) section(key string) map[string]any {
	return take[map[string]any](f, key, "a map")
}

func (f *fieldReader) text(key string) string {
	s := f.textOrEmpty(key)
	if s == "" {
		f.fail(key, key+" is empty")
	}
	return s
}

func (f *fieldReader) textOrNull(key string) string {
	if v, ok := f.doc.fields[key]; ok && v == nil {
		f.seen = append(f.seen, key)
		return ""
	}
	return f.text(key)
}

// texts takes exactly the named texts out of one entry of a field.
func (f *fieldReader) texts(key string, entry map[string]any, names ...string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		s, ok := entry[name].(string)
		if !ok || s == "" || len(entry) != len(names) {
			f.fail(key, fmt.Sprintf("an entry of %s must have exactly these texts: %v", key, names))
		}
		out[i] = s
	}
	return out
}

func (f *fieldReader) engine() Engine {
	section := f.section("engine")
	if _, has := section["fork"]; has {
		t := f.texts("engine", section, "name", "version", "fork")
		return Engine{Name: t[0], Version: t[1], Fork: t[2]}
	}
	t := f.texts("engine", section, "name", "version")
	return Engine{Name: t[0], Version: t[1]}
}

func (f *fieldReader) sources() []Source {
	var all []Source
	for _, v := range f.list("sources") {
		entry, _ := v.(map[string]any)
		s := f.texts("sources", entry, "path", "sha256")
		all = append(all, Source{Path: s[0], SHA256: s[1]})
	}
	return all
}

func (f *fieldReader) overrides() []string {
	var all []string
	for _, v := range f.list("overrides") {
		s, ok := v.(string)
		if !ok {
			f.fail("overrides", "overrides must be texts, one is "+kindOf(v))
		}
		all = append(all, s)
	}
	return all
}

// data takes the field of that name.
func (f *fieldReader) data() Data {
	wrong := func() Data {
		f.fail("data", "data must have exactly samples (a whole number from 0 on), digest (text or null) and columns (a list of texts)")
		return Data{}
	}
	section := f.section("data")
	samples, ok := section["samples"].(int64)
	if !ok || samples < 0 || len(section) != 3 {
		return wrong()
	}
	d := Data{Samples: samples}
	switch digest := section["digest"].(type) {
	case string:
		d.Digest = digest
	case nil:
	default:
		return wrong()
	}
	columns, ok := section["columns"].([]any)
	if !ok {
		return wrong()
	}
	for _, c := range columns {
		text, ok := c.(string)
		if !ok {
			return wrong()
		}
		d.Columns = append(d.Columns, text)
	}
	return d
}

// rest refuses fields that nobody took.
func (f *fieldReader) rest() {
	for _, k := range sortedKeys(f.doc.fields) {
		if !slices.Contains(f.seen, k) && f.err == nil {
			f.err = &Error{Line: f.doc.lines[k], Msg: fmt.Sprintf("the field %q is not known here", k), Hint: hintVersion}
		}
	}
}
