package backend

// Server is how an engine's HTTP server differs from others in what its clients
// see; the simulated engine answers by it.
type Server struct {
	// Paths are what it serves beside Health, Models, Metrics, /v1/completions and
	// /v1/chat/completions: "GET /version", and what answers there.
	Paths map[string]Page
	// OpensEarly reports whether its port is open while the model loads, and answers 503.
	OpensEarly bool
	// AnyModel reports whether a request may name any model.
	AnyModel bool
	// CompletionFields and ChatFields are all fields that a request may have; one
	// with others is refused. Empty where every field is let through.
	CompletionFields, ChatFields []string
	// LooseStreamOptions reports whether stream_options are taken without a stream,
	// each by itself; else their mere presence asks for the usage.
	LooseStreamOptions bool
	// MaxTokens is how many tokens a completion gets whose request does not say; 0
	// where that is as many as fit.
	MaxTokens int
	// ZeroTokens reports whether a request may ask for no tokens at all.
	ZeroTokens bool
	// MaxTemperature and MaxRepetitionPenalty are the largest legal values, 0 where
	// there is no limit. TopKOff are the values below 1 that top_k may have.
	MaxTemperature, MaxRepetitionPenalty float64
	TopKOff                              []int

	Answers  Answers
	Refusals map[Refusal]Refused
	// NestedErrors reports whether a refusal stands below "error". BareValidation
	// reports whether what the request's schema refuses is that message alone.
	NestedErrors, BareValidation bool

	// Labels are those of every figure of the Prometheus page; {model} is open.
	Labels string
	// Buckets are the bounds of the page's histograms.
	Buckets Buckets
}

// Page is what a server's path answers with.
type Page string

// The pages.
const (
	HealthPage                   Page = "health"
	ReleasePage                  Page = "release"
	ModelPage                    Page = "model"                  // what is served, as SGLang says it
	SettingsPage                 Page = "settings"               // how it is served, as SGLang says it
	StepsPage                    Page = "steps"                  // TensorRT-LLM's figures of each step
	GeneratePage                 Page = "generate"               // SGLang's own form of requests
	LoadPage                     Page = "load"                   // how many requests vLLM works on
	TokenizePage, DetokenizePage Page = "tokenize", "detokenize" // vLLM's
)

// Answers are what OpenAI's interface leaves to the engine.
type Answers struct {
	// StopKey is the field that says what ended the answer; StopID reports whether
	// that is the token's id where it is the end of the text, null otherwise.
	StopKey string
	StopID  bool
	// PromptIDs reports whether the prompt's ids come with the tokens', NullIDs whether
	// their fields are null where they were not asked for.
	PromptIDs, NullIDs bool
	// IDsForText reports whether ids replace the text of a completion, where detokenize is false.
	IDsForText bool
	// Usage is what the usage has beside the counts, as JSON. NullUsage reports
	// whether chunks without usage say so.
	Usage     string
	NullUsage bool
}

// Refusal is why a request is refused.
type Refusal string

// The refusals whose words differ between engines. Open places are {value}, what
// the request has, and {prompt}, {most} and {length}: tokens of its prompt, of the
// answer that it asks for, and of the model's context.
const (
	LongPrompt      Refusal = "prompt longer than the context"
	FewTokens       Refusal = "max_tokens too small"
	NegativeMin     Refusal = "min_tokens negative"
	MinAboveMax     Refusal = "min_tokens above max_tokens"
	LongTotal       Refusal = "prompt and answer longer than the context"
	ColdTemperature Refusal = "temperature negative"
	WrongTopK       Refusal = "top_k"
	WrongRepetition Refusal = "repetition_penalty"
)

// Refused are the words of a refusal, and the parameter that it names.
type Refused struct{ Param, Message string }

// openAIRefusals are vLLM's words (0.32), which TensorRT-LLM is simulated with too.
var openAIRefusals = map[Refusal]Refused{
	LongPrompt:      {"prompt", "This model's maximum context length is {length} tokens. However, your request has {prompt} input tokens. Please reduce the length of the input messages."},
	FewTokens:       {"max_tokens", "max_tokens must be at least 1, got {most}."},
	NegativeMin:     {"", "min_tokens must be greater than or equal to 0, got {value}."},
	MinAboveMax:     {"", "min_tokens must be less than or equal to max_tokens={most}, got {value}."},
	LongTotal:       {"max_tokens", "'max_tokens' or 'max_completion_tokens' is too large: {most}. This model's maximum context length is {length} tokens and your request has {prompt} input tokens ({most} > {length} - {prompt})."},
	ColdTemperature: {"temperature", "temperature must be non-negative, got {value}."},
	WrongTopK:       {"", "top_k must be 0 (disable), or at least 1, got {value}."},
	WrongRepetition: {"", "repetition_penalty must be greater than zero, got {value}."},
}

// Buckets are the bounds of a page's histograms in seconds.
type Buckets struct{ FirstToken, Token, Request []float64 }
