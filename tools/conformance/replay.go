package main

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlcfg/internal/loadgen"
)

// theirs are LoadGen's files of a run.
type theirs struct {
	summary, detail, accuracy string
	samples                   []sample
	generator                 loadgen.Generator
	logged                    map[string]string // values of the detail log as text, the last of each key
}

func readOfficial(dir string) (*theirs, error) {
	t := &theirs{}
	for name, text := range map[string]*string{
		loadgen.SummaryName: &t.summary, loadgen.DetailName: &t.detail, loadgen.AccuracyName: &t.accuracy,
	} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		*text = string(data)
	}
	f, err := os.Open(filepath.Join(dir, "mlperf_log_trace.json"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if t.samples, err = readTrace(f); err != nil {
		return nil, err
	}
	t.logged = map[string]string{}
	for _, found := range regexp.MustCompile(`"key": "([^"]*)", "value": (.*), "time_ms"`).FindAllStringSubmatch(t.detail, -1) {
		t.logged[found[1]] = found[2]
	}
	t.generator, err = loadgen.GeneratorOf(strings.Trim(t.logged["loadgen_version"], `"`))
	return t, err
}

// replay computes a run's logs from what LoadGen recorded, and writes them to
// dir. order and times say where the schedule differs.
type replay struct {
	c        *testCase
	settings loadgen.Effective
	theirs   *theirs
	logs     *loadgen.Logs

	// measuredFrom is the first sample of performance mode.
	measuredFrom uint64

	order, times string
}

func (p *replay) run() (*loadgen.Verdict, *loadgen.Summary, error) {
	q := &p.settings.Requested
	p.logs.Detail.LogStart(loadgen.RunInfo{SUT: "PySUT", QSL: "PyQSL"}, &p.settings)
	phases, err := p.settings.Phases(p.theirs.generator)
	if err != nil {
		return nil, nil, err
	}
	rest := p.theirs.samples
	for _, phase := range phases {
		p.logs.Detail.LogMode(phase.Mode)
		totals := phase.Totals()
		p.logs.Detail.LogGenerated(phase, totals)
		samples := rest[:min(len(rest), int(totals.Samples))]
		rest = rest[len(samples):]
		p.compareSchedule(phase, samples)
		if phase.Mode == loadgen.PerformanceOnly {
			p.measuredFrom = phase.FirstSample
			return p.performance(phase, samples)
		}
		p.errors(q, p.records(phase, samples))
		p.logs.Detail.LogEnd(time.Time{}, 0)
	}
	p.passOn()
	p.measuredFrom = uint64(len(p.theirs.samples))
	return nil, nil, p.accuracy()
}

// compareSchedule compares the samples that LoadGen issued with the schedule's.
func (p *replay) compareSchedule(phase *loadgen.Phase, samples []sample) {
	i := 0
	for query := range phase.Queries() {
		for _, index := range query.Samples {
			if i == len(samples) {
				return
			}
			s := samples[i]
			if p.order == "" && s.index != uint64(index) {
				p.order = fmt.Sprintf("sample %d is %d, LoadGen has %d", s.seq, index, s.index)
			}
			at := s.scheduled - samples[0].scheduled
			if p.times == "" && p.settings.Requested.Scenario == loadgen.Server && at != query.Scheduled.Nanoseconds() {
				p.times = fmt.Sprintf("sample %d is due at %d ns, LoadGen has %d", s.seq, query.Scheduled.Nanoseconds(), at)
			}
			i++
		}
	}
	if i < len(samples) {
		p.order = fmt.Sprintf("LoadGen issued %d samples, the schedule has %d", len(samples), i)
	}
}

func (p *replay) performance(phase *loadgen.Phase, samples []sample) (*loadgen.Verdict, *loadgen.Summary, error) {
	q := &p.settings.Requested
	r := p.records(phase, samples)
	if err := p.findStart(r); err != nil {
		return nil, nil, err
	}
	p.errors(q, r)
	switch text, early := loadgen.EndOfIssue(&p.settings, r); {
	case early:
		p.logs.Detail.Error("error_runtime", text)
	case text != "":
		p.logs.Detail.Text("generic_message", text)
	}
	p.passOn()
	p.logs.Detail.LogEnd(time.Time{}, 0)
	verdict, summary, err := loadgen.Judge(&p.settings, r)
	if err != nil {
		return nil, nil, err
	}
	p.logs.Detail.LogResults(&p.settings, &verdict, &summary)
	return &verdict, &summary, p.accuracy()
}

// errors logs what LoadGen says of responses.
func (p *replay) errors(q *loadgen.Settings, r *loadgen.Records) {
	for text := range loadgen.RunErrors(q, r) {
		p.logs.Detail.Error("error_runtime", text)
	}
}

// passOn logs what LoadGen says of itself and of its machine, so that the
// counts of warnings and errors come out.
func (p *replay) passOn() {
	for _, line := range strings.Split(p.theirs.detail, "\n") {
		if m := ownAffair.FindStringSubmatch(line); m != nil {
			if strings.Contains(line, `"is_error": true`) {
				p.logs.Detail.Error(m[1], m[2])
			} else {
				p.logs.Detail.Warning(m[1], m[2])
			}
		}
	}
}

// ownAffair are lines on LoadGen's logger and on its machine's clocks.
var ownAffair = regexp.MustCompile(`"key": "([^"]*)", "value": "((?:Logging allocation detected|PerfClock and system_clock differ|Multiple conf files)[^"]*)"`)

func (p *replay) records(phase *loadgen.Phase, samples []sample) *loadgen.Records {
	r := &loadgen.Records{SamplesPerQuery: phase.SamplesPerQuery}
	for _, s := range samples {
		origin := samples[0].scheduled
		r.Scheduled = append(r.Scheduled, s.scheduled-origin)
		r.Issued = append(r.Issued, s.issued-origin)
		r.Done = append(r.Done, s.done-origin)
		first := loadgen.NotReached
		if s.first >= 0 {
			first = s.first - origin
		}
		r.FirstToken = append(r.FirstToken, first)
		r.Tokens = append(r.Tokens, p.c.answerTokens(s.index))
	}
	return r
}

// findStart moves the times of SingleStream and MultiStream from the first
// query to the start of issuing, which LoadGen records nowhere: it is the
// latest moment that gives the rates of its detail log.
func (p *replay) findStart(r *loadgen.Records) error {
	scenario := p.settings.Requested.Scenario
	if scenario == loadgen.Server || scenario == loadgen.Offline {
		return nil
	}
	last := len(r.Done) - 1
	lastDone := slices.Max(r.Done[len(r.Done)-r.SamplesPerQuery:])
	n, tokens := float64(last), float64(countTokens(r))
	from, to := int64(0), int64(1)
	for key, count := range map[string]float64{"result_qps_with_loadgen_overhead": n, "result_token_throughput_with_loadgen_overhead": tokens} {
		// The six digits of a rate leave a narrow range.
		if want, err := strconv.ParseFloat(p.theirs.logged[key], 64); err == nil && want > 0 {
			ns := count / want * 1e9
			from, to = max(int64(ns*(1-1e-5))-r.Issued[last]-1, 0), int64(ns*(1+1e-5))-r.Issued[last]+1
		}
	}
	for offset := from; offset < to; offset++ {
		issued, done := float64(r.Issued[last]+offset)/1e9, float64(lastDone+offset)/1e9
		if p.shows("result_qps_with_loadgen_overhead", n/issued) &&
			p.shows("result_token_throughput_with_loadgen_overhead", tokens/issued) &&
			p.shows("result_completed_tokens_per_second", tokens/done) &&
			p.showsRate("QPS w/ loadgen overhead         : ", n/issued) {
			for _, column := range [][]int64{r.Scheduled, r.Issued, r.Done, r.FirstToken} {
				for i := range column {
					if column[i] != loadgen.NotReached {
						column[i] += offset
					}
				}
			}
			return nil
		}
	}
	return errors.New("no start before the first query gives LoadGen's rates")
}

func countTokens(r *loadgen.Records) (total int64) {
	for _, n := range r.Tokens {
		if n > 1 {
			total += n
		}
	}
	return total
}

func (p *replay) shows(key string, x float64) bool {
	want := p.theirs.logged[key]
	return want == "" || want == strconv.FormatFloat(x, 'g', 6, 64)
}

func (p *replay) showsRate(label string, x float64) bool {
	_, rest, ok := strings.Cut(p.theirs.summary, label)
	return !ok || strings.HasPrefix(rest, strconv.FormatFloat(x, 'f', 2, 64)+"\n")
}

// accuracy writes the accuracy log of all samples that LoadGen logs.
func (p *replay) accuracy() error {
	q := &p.settings.Requested
	sampler := loadgen.NewAccuracySampler(&p.settings)
	var logged []sample
	for _, s := range p.theirs.samples {
		if sampler.Next() || s.seq < p.measuredFrom {
			logged = append(logged, s)
		}
	}
	// Responses of one call have one time; the system decides their order.
	slices.SortFunc(logged, func(a, b sample) int { return cmp.Or(cmp.Compare(a.done, b.done), cmp.Compare(a.place, b.place)) })
	for _, s := range logged {
		n := p.c.answerTokens(s.index)
		data := binary.LittleEndian.AppendUint32(nil, uint32(s.index))
		e := loadgen.AccuracyEntry{
			SeqID: s.seq, SampleIndex: s.index, Data: binary.LittleEndian.AppendUint32(data, uint32(n)),
			WithTokenCount: q.UseTokenLatencies, TokenCount: n,
			WithTokenData: q.UseTokenLatencies && q.Scenario != loadgen.Offline, TokenData: data,
		}
		if err := p.logs.Accuracy.Add(&e); err != nil {
			return err
		}
	}
	return nil
}
