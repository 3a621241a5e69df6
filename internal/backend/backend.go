// Package backend holds everything that makes an engine an engine: its names,
// the keys that matter to others, how it is started and spread over machines,
// which paths it serves, what it calls its figures, and what its last words mean.
//
//	b, ok := backend.Of("sglang")
//	b.EngineSection() // sglang_engine_config
//
// One file a backend, and one line of the slice [All]. Both programs read it, so
// it knows neither the schema nor CUE: what a key is stands there, what an
// engine is stands here. A fact that a program needs of one engine alone is a
// field or a row here, which is empty for the others; no program asks for an
// engine by its name.
package backend

import (
	"cmp"
	"slices"
	"strings"
)

// Backend is an engine under the name by which a command line or a manifest
// calls it. Backends are shared: do not change one.
type Backend struct {
	// Name is what --backend takes: vllm, sglang, trtllm, ray, zmq. A name that
	// stands for several engines has a backend for each; see [Variants].
	Name string
	// Engine is the engine whose schema holds, and the prefix of its sections.
	Engine string
	// Title is the engine as its makers write it.
	Title string
	// Package is its Python package, where that has another name than the engine.
	Package string

	// Model, TP, PP, CP and DP are the keys of the model's path and of the tensor,
	// pipeline, context and data parallel sizes; empty where the engine has no such
	// key, or the size takes no devices of its own.
	Model, TP, PP, CP, DP string
	// DPShares is the switch with which data parallel takes no devices of its
	// own but shares those of tensor parallel; empty where there is none.
	DPShares string
	// Tokenizer is the key of the folder of the tokenizer where it is not the model's.
	Tokenizer string
	// Batch is the key of how many requests a replica works on at a time.
	Batch string
	// Fixed are values that the backend's name stands for.
	Fixed map[string]any
	// AlsoNamed are other names that a file may give for what this backend runs.
	AlsoNamed []string

	// Unsorted says why the reference harness passes over sorting with this backend;
	// empty where it does not.
	Unsorted string
	// WarmUp says what the reference harness warms a replica up with here, whatever
	// number is asked for; empty where it is the number.
	WarmUp string
	// Algorithms are the only values of schedule_algo here; empty: all of the round.
	Algorithms []string
	// Versions are the only values of engine_version here, by scenario; nil: any.
	Versions map[string]string
	// PrefillApart reports whether engines for prefill and for decode may run apart.
	PrefillApart bool

	// Kept are values of keys that a configuration leaves open, said on the command
	// line so that the model's folder does not fill in what requests leave out.
	Kept map[string]Kept
	// Adds are keys whose values the server adds to requests that leave them out.
	Adds []Adds
	// ChatAdds are values that the server adds to chats in releases before ChatAddsUntil,
	// where no other way of asking has them.
	ChatAdds      map[string]any
	ChatAddsUntil string
	// Units are the letters that the command line takes behind a whole number, with what
	// they stand for; Words the words that it takes instead of a key's number;
	// Shorthands the keys of a map of which the first that a release has is what a number in
	// the map's place says.
	Units      map[string]float64
	Words      map[string]map[string]int64
	Shorthands map[string][]string
	// Functions are keys of the engine's Python interface whose value is a function, which a
	// command line cannot say: it reads the text.
	Functions []string
	// CommaLists are keys whose lists the command line splits at commas.
	CommaLists []string
	// NullTexts are texts that the command line reads as null: of the keys that take
	// null, or of NullTextKeys alone where there are any.
	NullTexts, NullTextKeys []string
	// Computed are sampling parameters that the engine makes out of others: what a request
	// says of them is replaced.
	Computed []string

	// Program are the words that start the server. The model follows by itself
	// where ModelPositional is set, then every key's own argument, then Listen.
	Program         []string
	ModelPositional bool
	// Listen are the words that say where the server listens; they have the open
	// places {host} and {port}. ListenKeys are the keys that they stand for.
	Listen     []string
	ListenKeys []string
	// File is where the engine reads its section from instead of arguments; nil
	// where each key has an argument.
	File *File
	// JSONTexts are the keys of texts that the engine reads as JSON.
	JSONTexts []JSONText
	// Programs are the ways in which files of other people start the server, Images the
	// containers that hold it, and Spelling how it reads its command line.
	Programs []Program
	Images   []Image
	Spelling Spelling
	// Official are the names of the makers' own images, the better ones first.
	Official []Official
	// SRTFronts are the front ends of srt-slurm that are the server itself, by the schema of a
	// recipe; SRTRouters those before several servers.
	SRTFronts, SRTRouters map[int]string
	// ConfigFile is how the server reads a file of arguments; nil where it reads none.
	ConfigFile *ConfigFile
	// Negative begins the flag that turns a switch off (--no-), empty where a
	// switch can only be turned on.
	Negative string
	// Nodes make the server one node of several machines, in order of keys.
	Nodes []NodeArgument
	// NodesHint says what to do where a release lacks Nodes.
	NodesHint string
	// AllNodes reports whether device_count is that of all nodes together; elsewhere
	// it is one node's.
	AllNodes bool
	// OneNodeDP reports whether data parallel stays on one machine here.
	OneNodeDP bool
	// Variables are set where a manifest's environment leaves them open.
	Variables []Variable
	// Companion returns what the engine needs beside it under these values of its
	// section; nil where that is nothing. The field itself may be nil.
	Companion func(section map[string]any) *Companion

	// Transformers is what releases ask of the library that makes token ids of texts, from
	// the first of each on.
	Transformers []Requirement

	// Requests is how generations are asked for.
	Requests Requests
	// TokenIDsFrom is the first release whose server gives the ids of generated
	// tokens; empty: every release does.
	TokenIDsFrom string
	// AskTokenIDs are the fields with which a request asks for the ids of generated
	// tokens. ChatLacksTokenIDs reports whether answers of a chat never have them.
	AskTokenIDs       map[string]any
	ChatLacksTokenIDs bool
	// ChatFields are sampling parameters that a chat request carries in another way. Where
	// Requests is the engine's own form, a chat has no field for those that are not here.
	ChatFields map[string]ChatField
	// MinTokens and MaxTokens are the sampling keys that bound an answer, in tokens.
	MinTokens, MaxTokens string

	// Health answers 200 when the server serves, Models lists what it serves, and
	// Version tells its release, the newest path first.
	Health, Models string
	Version        []string
	// Metrics is the path of the Prometheus page, Figures what is on it, in its order.
	Metrics string
	Figures []Figure
	// Server is what else its clients see of it.
	Server Server

	// Memory is the key of the share of device memory that the engine takes.
	Memory string
	// Symptoms are messages of this engine alone; see [Backend.Diagnose].
	Symptoms []Symptom
	// Start are the lines of its log that say how it started, Info how a running one is asked for
	// its configuration; AttentionNames are the names of backends of attention that its log
	// writes out, Resolved the keys that a resolved value has under another name.
	Start          []StartLine
	Info           Info
	AttentionNames map[string]string
	Resolved       map[string]string
	// OnCPU are words of a configuration that make the engine one for the CPU,
	// which has no devices to be bound to.
	OnCPU []CPU
	// VendorVariables are prefixes of variables that speak of AMD's devices.
	VendorVariables []string
	// SimLimits are the engine's limits that the simulated engine keeps.
	SimLimits []SimLimit
}

// LengthKey is the key of the most tokens that prompt and answer have together; empty
// where the engine has none.
func (b *Backend) LengthKey() string {
	for _, limit := range b.SimLimits {
		if limit.Flag == "--max-model-len" {
			return limit.Key
		}
	}
	return ""
}

// Kept is a value that is said where the release's default is another.
type Kept struct {
	// Value is what is said, Instead the default in whose place, from the release Since on.
	Value, Instead any
	Since          string
	// Chats reports whether chats alone are filled in.
	Chats bool
}

// Adds is a key of sampling values that the server adds to requests.
type Adds struct {
	Key string
	// Chats reports whether it adds them to a chat too.
	Chats bool
}

// ChatField is how a chat request carries a sampling parameter.
type ChatField struct {
	// Name is the field's, empty for the parameter's own; With are fields beside it.
	Name string
	With map[string]any
	// Since is the first release that has it, empty for all.
	Since string
}

// chatLogprobs is the number of logprobs in OpenAI's chats, which have a switch besides.
var chatLogprobs = ChatField{Name: "top_logprobs", With: map[string]any{"logprobs": true}}

// File is a file of YAML that an engine is configured by. Null is a value there,
// and a key that is absent is not set.
type File struct {
	// Flag is the argument that names it, Name the file's own name.
	Flag, Name string
}

// JSONText is a key whose text the engine reads as a map in JSON; Path reports whether it takes
// the path of a file too.
type JSONText struct {
	Key  string
	Path bool
}

// ConfigFile is how a server makes words of its command line of a file, by the first release
// that does each; empty for none.
type ConfigFile struct {
	// From reads a file at all, Lists hands the items of a list on as words, Maps a map as
	// JSON: before, each is one word, as Python prints it.
	From, Lists, Maps string
	// Negatives says a false by the flag that turns a switch off, if the key is spelled as
	// that flag is. A false is dropped otherwise.
	Negatives string
	// Hyphens reports whether keys need hyphens, where others take underscores too.
	Hyphens bool
	// SwitchWords reports whether a boolean of what is no bare switch is said as true or false.
	SwitchWords bool
}

// Requests is a form of asking for a generation.
type Requests string

// The forms.
const (
	Completions Requests = "completions" // OpenAI's /v1/completions
	Generate    Requests = "generate"    // SGLang's /generate
)

// CPU is a value that makes an engine one for the CPU: of a key of its section,
// or of a variable. An empty Value is any value.
type CPU struct{ Key, Variable, Value string }

// SimLimit is a key whose limit the simulated engine keeps, and its argument there.
type SimLimit struct{ Key, Flag string }

// All returns every backend, in the order in which they are listed.
func All() []*Backend { return all }

var all = []*Backend{&vllm, &sglang, &trtllm, &ray, &zmq, &zmqWithSGLang}

// Of finds a backend by its name; of several the first.
func Of(name string) (*Backend, bool) {
	if v := Variants(name); len(v) > 0 {
		return v[0], true
	}
	return nil, false
}

// With finds a backend by its name and its engine, as a manifest has both; no
// engine is the usual one.
func With(name, engine string) (*Backend, bool) {
	for _, b := range Variants(name) {
		if b.Engine == engine || engine == "" {
			return b, true
		}
	}
	return nil, false
}

// Variants are the backends of a name, one for each engine that it may mean, the
// usual one first.
func Variants(name string) []*Backend {
	return slices.DeleteFunc(slices.Clone(all), func(b *Backend) bool { return b.Name != name })
}

// Names are the names of all backends, each once.
func Names() []string {
	var names []string
	for _, b := range all {
		if !slices.Contains(names, b.Name) {
			names = append(names, b.Name)
		}
	}
	return names
}

// Engines are the backends that are no variant of another: one for each engine.
func Engines() []*Backend {
	return slices.DeleteFunc(slices.Clone(all), func(b *Backend) bool { return b.Name != b.Engine })
}

// Module is the engine's Python package.
func (b *Backend) Module() string { return cmp.Or(b.Package, b.Engine) }

// Sizes are the keys of the parallel sizes, whose product is the devices of a
// replica; shared reports whether data parallel takes none of its own ([Backend.DPShares]).
func (b *Backend) Sizes(shared bool) []string {
	keys := []string{b.TP, b.PP, b.CP}
	if !shared {
		keys = append(keys, b.DP)
	}
	return slices.DeleteFunc(keys, func(key string) bool { return key == "" })
}

// EngineSection, SamplingSection and EnvSection are the names of the backend's
// own sections in a configuration.
func (b *Backend) EngineSection() string   { return b.Engine + "_engine_config" }
func (b *Backend) SamplingSection() string { return b.Engine + "_sampling_config" }
func (b *Backend) EnvSection() string      { return b.Engine + "_env_config" }

// RoleSections are the sections that engines for prefill and for decode have over
// the engine's own, where they run apart.
func (b *Backend) RoleSections() []string {
	return []string{b.EngineSection() + "_prefill", b.EngineSection() + "_decode"}
}

// WhyCPU says why an engine of this configuration is one for the CPU; empty
// where nothing says so.
func (b *Backend) WhyCPU(engineConfig map[string]any, env map[string]string) string {
	for _, c := range b.OnCPU {
		if c.Key != "" {
			if value, ok := engineConfig[c.Key].(string); ok && value == c.Value {
				return "engine_config." + c.Key + " is " + value
			}
			continue
		}
		if value, set := env[c.Variable]; set && (c.Value == "" || value == c.Value) {
			return "env_config." + c.Variable + " is " + value
		}
	}
	return ""
}

// Amd reports whether a variable of this name speaks of AMD's devices.
func (b *Backend) Amd(variable string) bool {
	for _, prefix := range append([]string{"HIP_", "HIPBLASLT_", "HSA_", "ROCR_", "ROCM_"}, b.VendorVariables...) {
		if strings.HasPrefix(variable, prefix) {
			return true
		}
	}
	return false
}
