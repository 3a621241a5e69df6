package diag

import "slices"

// Meaning says what a code stands for.
type Meaning struct {
	Code string
	// About is one sentence without full stop: what is wrong, or what follows from it.
	About string
}

// catalog has every code that the programs emit, sorted.
var catalog = []Meaning{
	{"accuracy-set", "the data set for accuracy, or its limit of tokens, is not what the harness takes"},
	{"alias-bomb", "aliases of aliases would bring in more values than any configuration has: reading stops before memory does"},
	{"alias-cycle", "an alias stands inside its own anchor, so that the value would have no end"},
	{"backend-conflict", "the file says another backend, or another executor, than the one that is compiled for"},
	{"bad-interpolation", "an interpolation ${...} is not closed, or not of a form that OmegaConf reads"},
	{"bad-key", "a key is not a name: a map, a list, null, or nothing"},
	{"bad-merge-key", "the merge key << takes a map, or a list of maps"},
	{"bad-override", "an argument of the command line is not of the form KEY=VALUE"},
	{"bad-pattern", "a pattern of the project file matches nothing, leads out of the project, or is no pattern"},
	{"bad-scalar", "a value has a meaning of its own in YAML 1.1 and is no value here"},
	{"bad-tag", "a tag is none of YAML's own: nothing here reads it"},
	{"bad-variable-name", "no process can have an environment variable of this name"},
	{"batch-limits", "the engine refuses these limits of its batches together, after the model was loaded"},
	{"bool-key", "a key is a boolean to readers of YAML 1.1, such as OmegaConf, and text to others"},
	{"buckets", "the shares of the replicas do not fit their number, or do not make 100 percent"},
	{"capture-range", "the harness cannot expand the range of batch sizes, or the engine's own list is set beside it"},
	{"command-line", "the engine's own reader of its command line refuses these words, or takes them for something else than they seem"},
	{"conf-comment", "LoadGen takes this comment for a part of a line: it stands alone, with a space after #"},
	{"conf-duplicate", "LoadGen takes the last of two lines for one key"},
	{"conf-ignored", "LoadGen knows the key and does not read it here"},
	{"conf-key", "LoadGen has no such key, and ignores the line without a word"},
	{"conf-model", "LoadGen has no such benchmark, and would read the line for none"},
	{"conf-scenario", "LoadGen has no such scenario, and ignores the line without a word"},
	{"conf-shadowed", "LoadGen never reads the line: another, more general one goes before it"},
	{"conf-syntax", "the line is not KEY = VALUE with spaces around the =: LoadGen ignores it, or the whole file"},
	{"conf-unsupported", "LoadGen would do what the line says, and mlrun does not: it refuses rather than run something else"},
	{"conf-unused", "the conf file has lines for other benchmarks only: LoadGen's defaults hold"},
	{"conf-value", "LoadGen reads another value than the one that stands there, or none"},
	{"control-character", "a control character stands in the file, where YAML allows none"},
	{"credential", "a secret would go into a manifest, and from there into reports: pass it through the environment instead"},
	{"cue", "CUE cannot make sense of the project file or of a schema of the site"},
	{"damaged-manifest", "the manifest was edited by hand, or cut: its digest is not that of its content"},
	{"data-set", "the data set that is here is not the one that the manifest is for, or its size is not known: mlrun refuses to run them together"},
	{"deprecated-key", "the release still takes the argument, and advises against it or ignores it"},
	{"does-not-compile", "the manifest's sources have faults today, so that nothing can be compared"},
	{"dropped-value", "the program that makes the command line says nothing of the key, so that the engine's default holds"},
	{"duplicate-anchor", "an anchor is defined twice: readers differ in which one an alias means"},
	{"duplicate-key", "a key stands twice in one map: readers differ in which one holds"},
	{"empty-file", "the file holds nothing at all"},
	{"encoding", "the file is not UTF-8"},
	{"engine-file", "an entry of the file that an engine's own server takes with --config is dropped there, or refused, or read as something else"},
	{"engine-refuses", "the engine itself refuses these values together when it starts, after the model was loaded"},
	{"engine-version", "no schema of this release of the engine is known"},
	{"engine-version-assumed", "no release is named, so the newest that knows the most of the keys is taken"},
	{"greedy-sampling", "several answers are asked for at temperature 0, where there is only one: the engine refuses every request"},
	{"harness-lacks", "mlrun, or another tree of the round's harness, takes the value, and the harness that runs the configuration does not"},
	{"ignored-without-reason", "a comment switches a finding off without saying why, or names one that does not exist"},
	{"inert-variable", "the release does not read the environment variable: it is gone, still to come, or listed only"},
	{"interactive-scenario", "the interactive benchmark has latency limits for scenario server only"},
	{"interpolation", "a value is an interpolation that nothing here resolves"},
	{"loadgen-benchmark", "LoadGen has no benchmark of this name, so limits and counts would be those of none"},
	{"loadgen-limit", "the harness's own limit replaces LoadGen's, so that the run cannot be submitted"},
	{"loadgen-limits", "user.conf lacks the latency limits of a model that is none of MLPerf's: the run would be held to limits made for others"},
	{"loadgen-round", "which round's settings hold is assumed, or the round does not have the benchmark"},
	{"loadgen-settings", "LoadGen would complain of these settings, or not run with them"},
	{"memory-fit", "the weights leave no memory for the KV cache on this GPU, or one request of the longest length does not fit into it"},
	{"missing-key", "a key without which nothing runs is in none of the layers"},
	{"misspelt-boolean", "a text stands where true or false is wanted, and Python takes every text but the empty one for true"},
	{"model-fit", "the engine refuses these values for this model, or on this GPU, when it starts"},
	{"must-be-set", "a placeholder is still there, which the engine would take for a value"},
	{"near-variable-name", "the environment variable is one slip from a known one; the engine would ignore it without a word"},
	{"no-argument", "the server's command line cannot say this value: it has no argument for the key, or not one that takes it"},
	{"no-backend-section", "the overlay says nothing to the backend's engine, which would start with a placeholder for a model"},
	{"no-effect", "the reference harness acts on the key, and mlrun does not"},
	{"no-manifest", "the overlay has no manifest yet"},
	{"no-source", "the overlay that the manifest was made of is not here"},
	{"no-spelling", "the engine's command line has no words for this value, which would run as another"},
	{"not-a-map", "the file holds a list or a single value, and a configuration is a map"},
	{"not-built-in", "the engine has nothing of this name built in: a plugin may add it, and otherwise the engine refuses it when it starts"},
	{"not-finite", "a number is infinite or no number"},
	{"not-in-enum", "the value is none of those that are legal"},
	{"not-sent", "the server ignores the sampling parameter in a request without a word"},
	{"null-text", "a text such as None stands for no value; it is taken as null, and other readers take it as text"},
	{"out-of-range", "the number is outside of what the engine or the harness takes"},
	{"override-of-nothing", "an override names a key that neither base nor overlay has: the harness, which closes the section before, ends with an error"},
	{"override-without-value", "an override has no value and sets null"},
	{"packing-limit", "the sorting strategy has no batch to fill, and does nothing"},
	{"pair", "the engine refuses to move the KV cache from this prefill to this decode: they meet after both have loaded the model"},
	{"passed-over", "a file lies among the overlays, and no pattern of the project matches it: nothing reads it"},
	{"replaced-value", "the engine takes another value instead of this one"},
	{"replicas", "the devices do not divide into engines of this size"},
	{"retyped-variable", "a variable gets another text than the one that is written: YAML 1.1 takes it for a number or a boolean"},
	{"scenario-name", "the overlay's file name says another scenario than its content: one of them was copied"},
	{"several-documents", "the file holds several YAML documents, and a configuration is one"},
	{"several-grammars", "an answer is held to more than one grammar, which the engine refuses with every request"},
	{"site-policy", "a schema of the site, named in the project file, does not want this value"},
	{"sorting-scenario", "samples are sorted in scenario offline alone, and by the harness not with every backend"},
	{"stale-manifest", "the manifest is not what its sources compile to today"},
	{"stop-without-text", "stop strings need text to look in, and the engine is told to make none"},
	{"syntax", "the file is not YAML"},
	{"tab", "a tab stands in the indentation or between tokens, where YAML takes spaces only"},
	{"text-like-key", "a text looks like a key and its value without the space behind the colon"},
	{"token-limits", "limits of tokens contradict each other: the least and the most, or the answer and the longest sequence"},
	{"too-deep", "maps and lists are nested deeper than any configuration is"},
	{"too-large", "the file is larger than any configuration is"},
	{"unknown-alias", "an alias has no anchor before it"},
	{"unknown-key", "nothing reads the key: the engine refuses it, or the value never takes effect"},
	{"unknown-machine", "the overlay's name says a machine that the project file does not have"},
	{"unknown-variable", "no release known here reads the variable of the engine's own prefix: a fork's, a nightly's, or misspelt"},
	{"unread-key", "the harness of the round takes the key and reads it nowhere"},
	{"user-conf-not-found", "LoadGen's user.conf is not here, so that its settings cannot be frozen into the manifest"},
	{"variable-switched-off", "a null in the engine's own environment takes away what the shared one sets"},
	{"visible-devices", "one variable counts devices within those that another leaves, and none is left"},
	{"wrong-type", "the value is of a type that the key does not take"},
}

// Catalog are all codes with their meaning, sorted by code.
func Catalog() []Meaning { return slices.Clone(catalog) }

// About is what a code stands for, empty for an unknown one.
func About(code string) string {
	for _, m := range catalog {
		if m.Code == code {
			return m.About
		}
	}
	return ""
}
