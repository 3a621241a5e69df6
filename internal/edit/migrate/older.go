package migrate

import (
	"fmt"
	"math/big"
	"slices"

	"mlcfg/internal/source"
	"mlcfg/internal/source/layout"
	"mlcfg/schema"
)

// The environment's section in the older format, and what it is now.
const (
	olderEnv   = "env_config"
	currentEnv = "vllm_env_config"
)

// Defaults of the older format's data classes that are not the current base's:
// a file that left these keys out meant them.
const (
	olderTestMode      = "performance"
	olderServerVersion = "sync"
	olderReplicas      = 1
	olderTargetQPS     = 80.0
	olderSamples       = 15000
)

// warmupPrompts are what the current harness warms each replica up with.
const warmupPrompts = 10

// harness migrates the harness section.
func (m *migrator) harness(root *list) {
	section := root.find(harnessSection)
	if section == nil {
		section = entryOf(harnessSection, &source.Value{Kind: source.Map})
		root.entries = append(root.entries, section)
	}
	if section.Value.Kind != source.Map || section.Value.Alias != "" {
		return // lint says what is wrong with it
	}
	l := &list{m: m, entries: section.Value.Entries, foot: section.Foot}
	m.devices(root, l)
	m.warmup(root, l)
	m.sorting(l)
	if l.find("target_qps") == nil {
		l.insert(nil, "target_qps", source.Of(olderTargetQPS))
		m.say(Added, "", "harness_config.target_qps", noPlace, "the older format's default was %.1f, now user.conf says it: take it out for that", olderTargetQPS)
	}
	if l.find("total_sample_count") == nil {
		l.insert(nil, "total_sample_count", source.Of(olderSamples))
		m.say(Added, "", "harness_config.total_sample_count", noPlace, "the older format's default was %d", olderSamples)
	}
	known := schema.Shared().Section(harnessSection)
	for _, e := range slices.Clone(l.entries) {
		name := layout.KeyOf(e)
		if _, ok := known.Key(name); !ok && e.Key != nil {
			l.lose(e, harnessSection+"."+name, "the current harness has no "+name)
		}
	}
	l.store(section)
}

// devices makes the number of devices of the number of replicas: each takes
// tensor parallel x pipeline parallel devices.
func (m *migrator) devices(root, l *list) {
	const old, now = "data_parallel_size", "device_count"
	e, path := l.find(old), harnessSection+"."+old
	replicas := big.NewInt(olderReplicas)
	switch n := scalar(e, source.Int); {
	case l.find(now) != nil:
		if e != nil {
			l.lose(e, path, "the file has "+now+" too")
		}
		return
	case e != nil && n == nil:
		l.lose(e, path, "its value is no number, so that "+now+" cannot be told")
		return
	case e != nil:
		replicas = n.Int
	}
	each := big.NewInt(1)
	engine := root.find("vllm_engine_config")
	for _, size := range []string{"tensor_parallel_size", "pipeline_parallel_size"} {
		if engine == nil {
			break
		}
		in := &list{entries: engine.Value.Entries}
		if f := in.find(size); f != nil {
			n := scalar(f, source.Int)
			if n == nil {
				if e != nil {
					l.lose(e, path, size+" is no number, so that "+now+" cannot be told")
				}
				return
			}
			each.Mul(each, n.Int)
		}
	}
	count := source.Of(new(big.Int).Mul(replicas, each))
	reason := fmt.Sprintf("replicas (%s) x tensor parallel x pipeline parallel (%s)", replicas, each)
	if e == nil {
		l.insert(nil, now, count)
		m.say(Added, "", harnessSection+"."+now, noPlace, "%s: the older format's default was %d replica", reason, olderReplicas)
		return
	}
	m.say(Computed, path, harnessSection+"."+now, posOf(e), "%s", reason)
	e.Key = source.Text(now)
	e.Value = &source.Value{Kind: source.Int, Scalar: count}
}

// warmup makes one switch of three keys. The older server always warmed up; offline
// asked enable_warm_up.
func (m *migrator) warmup(root, l *list) {
	const now = "enable_warmup"
	at := func(name string) (*source.Entry, string) { return l.find(name), harnessSection + "." + name }
	enable, enablePath := at("enable_warm_up")
	count, countPath := at("warm_up_sample_count_per_server")
	duration, durationPath := at("warmup_duration")
	samples := scalar(count, source.Int)
	server := false
	if s := scalar(root.find("scenario"), source.String); s != nil {
		server = s.Str == "server"
	}
	switch {
	case l.find(now) != nil:
		if enable != nil {
			l.lose(enable, enablePath, "the file has "+now+" too")
		}
	case enable != nil:
		kind, reason := Renamed, ""
		if on := scalar(enable, source.Bool); on != nil && on.Bool && samples != nil && samples.Int.Sign() == 0 {
			enable.Value = &source.Value{Kind: source.Bool, Scalar: source.Of(false)}
			kind, reason = Computed, "a warm-up with no samples is none"
		}
		m.say(kind, enablePath, harnessSection+"."+now, posOf(enable), "%s", reason)
		enable.Key = source.Text(now)
	case server && samples != nil:
		l.insert(count, now, source.Of(samples.Int.Sign() > 0))
		m.say(Computed, countPath, harnessSection+"."+now, posOf(count), "the older server warmed up whenever there were samples to do it with")
	}
	switch {
	case count == nil:
	case samples != nil && (samples.Int.Sign() == 0 || samples.Int.IsInt64() && samples.Int.Int64() == warmupPrompts):
		l.drop(count, countPath, fmt.Sprintf("%d prompts a replica are what a warm-up has now", warmupPrompts))
	default:
		l.lose(count, countPath, fmt.Sprintf("a warm-up now has %d fixed prompts a replica, and their number cannot be set", warmupPrompts))
	}
	if duration == nil {
		return
	}
	n, f := scalar(duration, source.Int), scalar(duration, source.Float)
	if n != nil && n.Int.Sign() == 0 || f != nil && f.Float == 0 {
		l.drop(duration, durationPath, "it asks for nothing")
		return
	}
	l.lose(duration, durationPath, "a warm-up now ends with its prompts, not after a time")
}

// sorting moves sort_samples into its section.
func (m *migrator) sorting(l *list) {
	const old, now = "sort_samples", "sorting"
	e, path := l.find(old), harnessSection+"."+old
	if e == nil {
		return
	}
	strategy, _ := schema.Shared().Section(now).Key("strategy")
	word := scalar(e, source.String)
	switch {
	case l.find(now) != nil:
		l.lose(e, path, "the file has "+now+" too")
	case e.Value.Kind == source.Null || word != nil && word.Str == "None":
		l.drop(e, path, "it asks for nothing")
	case word == nil || len(strategy.Check(word.Str)) > 0:
		l.lose(e, path, "there is no strategy of that name")
	default:
		m.say(Renamed, path, harnessSection+".sorting.strategy", posOf(e), "")
		inner := entryOf("strategy", e.Value)
		inner.Line, e.Line = e.Line, ""
		e.Key = source.Text(now)
		e.Value = &source.Value{Kind: source.Map, Entries: []*source.Entry{inner}}
	}
}

// addDefaults writes what the older format meant where a file left it out.
func (m *migrator) addDefaults(root *list) {
	if root.find("test_mode") == nil {
		root.insert(root.find("scenario"), "test_mode", source.Text(olderTestMode))
		m.say(Added, "", "test_mode", noPlace, "the older format's default")
	}
	scenario := scalar(root.find("scenario"), source.String)
	if root.find("engine_version") == nil && scenario != nil && scenario.Str == "server" {
		root.insert(root.find("test_mode"), "engine_version", source.Text(olderServerVersion))
		m.say(Added, "", "engine_version", noPlace, "the older format's default")
	}
}
