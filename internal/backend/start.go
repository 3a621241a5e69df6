package backend

// StartFact is what a line of an engine's log says of its start.
type StartFact string

// The facts. Numbers may have commas; a figure in GB is in 2^30 bytes, as both engines print it.
const (
	StartRelease     StartFact = "release"
	StartArguments   StartFact = "arguments"     // the inside of a Python dict of the arguments that are not defaults follows
	StartAll         StartFact = "all arguments" // that of all arguments
	StartAllCall     StartFact = "call"          // all arguments follow as those of a call, up to its bracket
	StartResolved    StartFact = "resolved"      // some arguments follow with their values in force, as those of a call
	StartTokens      StartFact = "kv tokens"
	StartKV          StartFact = "kv memory" // GiB on a GPU; groups add up
	StartWeights     StartFact = "weights"   // GiB on a GPU
	StartConcurrency StartFact = "requests"  // a length, and the requests of it that fit
	StartAttention   StartFact = "attention"
	StartUnread      StartFact = "variable" // one that the engine does not know
)

// StartLine is a line of an engine's log.
type StartLine struct {
	Fact StartFact
	// Form is a regular expression that begins with plain text; its groups are the figures.
	Form string
}

// Info is what a running engine tells of its configuration.
type Info struct {
	// Paths serve it as JSON, the newest first.
	Paths []string
	// Tokens is the key of the size of the KV cache, empty for none; Text the key of a text of the
	// form of [StartResolved], empty where the arguments stand at the top.
	Tokens, Text string
}
