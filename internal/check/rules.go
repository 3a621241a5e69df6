package check

import "mlcfg/internal/diag"

// rule looks at several keys together. Keys that are not set, null or faulty
// give a rule nothing to say.
type rule func(c *Config, found *diag.List)

// rules are all rules over several keys, in the order in which they run. A rule
// that holds for one engine or some releases says so in its first lines.
var rules = []rule{
	backendAgrees,
	modelIsSet,
	serverNeedsEngineVersion,
	interactiveIsServer,
	replicasDivide,
	sglangParallel,
	sglangPages,
	batchHoldsSequences,
	batchHoldsPrompt,
	outputFitsModel,
	minWithinMaxTokens,
	greedyGivesOne,
	stopNeedsText,
	oneGrammar,
	bucketsFit,
	packingNeedsLimit,
	sortingIsOffline,
	engineRefuses,
}
