package check

import (
	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
)

// rule looks at several keys together. Keys that are not set, null or faulty
// give a rule nothing to say.
type rule func(c *Config, found *diag.List)

// rules are the rules over several keys that hold for every engine, in the order
// in which they run. A rule that holds for some releases says so in its first lines.
var rules = []rule{
	backendAgrees,
	backendOfRound,
	sortingOfBackend,
	algorithmOfBackend,
	versionOfBackend,
	warmUpCounts,
	dataIsRead,
	dataStaysWhole,
	apart,
	modelIsSet,
	interactiveIsServer,
	replicasDivide,
	minWithinMaxTokens,
	bucketsFit,
	capacitiesFit,
	chunkFits,
	packingNeedsLimit,
	sortingIsOffline,
	engineRefuses,
	requestsCarry,
	samplingIsTaken,
	computedAreLeft,
	textsAreJSON,
	nestedRefuses,
	noFunctions,
	spelledFalse,
	spelledNull,
	textsAreHeld,
	textsHaveShape,
	devicesRemain,
	devicesSuffice,
	switchesWork,
	modelFits,
}

// rulesOf are the rules of one engine, and the checks over its arguments that it
// makes itself when it starts.
var rulesOf = map[string]struct {
	rules   []rule
	refuses []engineRule
}{
	backend.VLLM: {
		rules:   []rule{serverNeedsEngineVersion, batchHoldsSequences, batchHoldsPrompt, outputFitsModel, greedyGivesOne, stopNeedsText},
		refuses: vllmRules,
	},
	backend.TRTLLM: {refuses: trtllmRules},
	backend.SGLang: {
		rules:   []rule{sglangParallel, sglangPages, oneGrammar},
		refuses: sglangRules,
	},
}
