package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/diag"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/plainfile"
)

const scheduleHelp = `Prints which sample LoadGen would issue at what time, for a manifest or for settings
given as flags: exactly what MLPerf LoadGen generates from the same settings and
seeds, to the nanosecond. It starts nothing.

  mlrun schedule manifest.yaml                        how many queries, how long
  mlrun schedule manifest.yaml --queries --format json
  mlrun schedule --model llama2-70b --scenario server --round v5.1 --target-qps 83.5
  mlrun schedule --scenario offline --target-qps 100 --min-duration 10m \
      --performance-sample-count 24576 --equal-issue

Without a manifest the settings are LoadGen's own defaults; with --model or
--round those of the round's mlperf.conf, and with --user-conf that file's on
top; flags override all of them. The seeds are the round's unless given.

A duration is a number with a unit (600s, 10m, 1h30m); a bare number is
milliseconds, as in LoadGen's conf files.`

// scheduleFlags are the flags of schedule.
type scheduleFlags struct {
	format, scenario, mode, round, model, userConf, version string
	queries                                                 bool
}

func (a *app) scheduleCommand() *cli.Command {
	var f scheduleFlags
	return &cli.Command{
		Name: "schedule", Usage: "print which sample is issued when", ArgsUsage: "[MANIFEST]", Description: scheduleHelp,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Usage: "text or json", Value: "text", Destination: &f.format},
			&cli.BoolFlag{Name: "queries", Usage: "print every query", Destination: &f.queries},
			&cli.StringFlag{Name: "loadgen", Usage: "generate as this `VERSION` of LoadGen does (the performance set changed in 6.0.6, sample orders in 5.0)", Destination: &f.version},
			&cli.StringFlag{Name: "scenario", Usage: "singlestream, multistream, server or offline", Value: "server", Destination: &f.scenario},
			&cli.StringFlag{Name: "mode", Usage: "performance, accuracy or submission", Value: "performance", Destination: &f.mode},
			&cli.StringFlag{Name: "model", Usage: "benchmark, as LoadGen's conf files name it (llama2-70b)", Destination: &f.model},
			&cli.StringFlag{Name: "round", Usage: "MLPerf round: " + strings.Join(loadgen.Rounds(), ", "), Destination: &f.round},
			&cli.StringFlag{Name: "user-conf", Usage: "`FILE` with LoadGen settings", Destination: &f.userConf},
		}, settingFlags()...),
		Action: func(c *cli.Context) error {
			if err := oneOf("format", f.format, "text", "json"); err != nil {
				return err
			}
			section, err := a.scheduleSection(c, &f)
			if err != nil {
				return err
			}
			s, err := newSchedule(section, f.version)
			if errors.Is(err, loadgen.ErrNoDataSize) {
				return withHint(hintDataSize, "schedule: %w", err)
			}
			if err != nil {
				return fmt.Errorf("schedule: %w", err)
			}
			if n := s.samples(); f.queries && n > loadgen.MaxIssued {
				return withHint("leave --queries out for the totals", "schedule: %d samples are more than can be listed (%d)", n, uint64(loadgen.MaxIssued))
			}
			if f.format == "json" {
				return s.writeJSON(a.stdout, f.queries)
			}
			return s.writeText(a.stdout, f.queries)
		},
	}
}

// setting is a flag that sets one thing.
type setting struct {
	flag, usage string
	// set reads the flag's text.
	set func(s *loadgen.Section, text string) error
}

// settings lists the flags that set something, each but the switches with a
// value.
var settings = []setting{
	{"target-qps", "queries a second (offline: samples)", number(func(s *loadgen.Section, x float64) {
		// The two streams have an expected latency instead of a rate.
		s.Settings.ServerTargetQPS, s.Settings.OfflineExpectedQPS = x, x
		s.Settings.SingleStreamExpectedLatencyNS, s.Settings.MultiStreamExpectedLatencyNS = 1e9/x, 1e9/x
	})},
	{"expected-latency", "of a query, singlestream and multistream", duration(func(s *loadgen.Section, d time.Duration) {
		s.Settings.SingleStreamExpectedLatencyNS, s.Settings.MultiStreamExpectedLatencyNS = float64(d), float64(d)
	})},
	{"min-duration", "shortest run", duration(func(s *loadgen.Section, d time.Duration) { s.Settings.MinDuration = d })},
	{"max-duration", "longest run; 0 for no limit", duration(func(s *loadgen.Section, d time.Duration) { s.Settings.MaxDuration = d })},
	{"min-query-count", "fewest queries (offline: samples)", count(func(s *loadgen.Section, n uint64) { s.Settings.MinQueryCount = n })},
	{"max-query-count", "most queries; 0 for no limit", count(func(s *loadgen.Section, n uint64) { s.Settings.MaxQueryCount = n })},
	{"performance-sample-count", "samples that the data set can have loaded at once", count(func(s *loadgen.Section, n uint64) {
		s.Library.PerformanceSampleCount, s.Settings.PerformanceSampleCountOverride = n, 0
		if s.Library.TotalSampleCount == 0 {
			s.Library.TotalSampleCount = n
		}
	})},
	{"performance-sample-count-override", "samples that are loaded at once", count(func(s *loadgen.Section, n uint64) { s.Settings.PerformanceSampleCountOverride = n })},
	{"total-sample-count", "samples in the data set", count(func(s *loadgen.Section, n uint64) {
		s.Library.TotalSampleCount = n
		if s.Library.PerformanceSampleCount == 0 {
			s.Library.PerformanceSampleCount = n
		}
	})},
	{"accuracy-sample-count", "samples that accuracy mode covers", count(func(s *loadgen.Section, n uint64) { s.Settings.AccuracySampleCountOverride = n })},
	{"samples-per-query", "multistream", count(func(s *loadgen.Section, n uint64) { s.Settings.MultiStreamSamplesPerQuery = n })},
	{"qsl-seed", "order in which samples are loaded", count(func(s *loadgen.Section, n uint64) { s.Settings.QSLSeed = n })},
	{"sample-index-seed", "order in which samples are issued", count(func(s *loadgen.Section, n uint64) { s.Settings.SampleIndexSeed = n })},
	{"schedule-seed", "times of server queries", count(func(s *loadgen.Section, n uint64) { s.Settings.ScheduleSeed = n })},
	{"same", "issue one sample over and over: the one at this `INDEX` of the loaded set", count(func(s *loadgen.Section, n uint64) {
		s.Settings.PerformanceIssueSame, s.Settings.PerformanceIssueSameIndex = true, n
	})},
	{"equal-issue", "issue every sample equally often", toggle(func(s *loadgen.Section, on bool) { s.Settings.SampleConcatenatePermutation = on })},
	{"unique", "issue every sample once", toggle(func(s *loadgen.Section, on bool) { s.Settings.PerformanceIssueUnique = on })},
}

// switches are the settings that are on or off.
var switches = []string{"equal-issue", "unique"}

func settingFlags() []cli.Flag {
	var flags []cli.Flag
	for _, s := range settings {
		if slices.Contains(switches, s.flag) {
			flags = append(flags, &cli.BoolFlag{Name: s.flag, Usage: s.usage})
		} else {
			flags = append(flags, &cli.StringFlag{Name: s.flag, Usage: s.usage})
		}
	}
	return flags
}

func number(set func(*loadgen.Section, float64)) func(*loadgen.Section, string) error {
	return func(s *loadgen.Section, text string) error {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("%q is not a number", text)
		}
		set(s, x)
		return nil
	}
}

func count(set func(*loadgen.Section, uint64)) func(*loadgen.Section, string) error {
	return func(s *loadgen.Section, text string) error {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a whole number from 0 on", text)
		}
		set(s, n)
		return nil
	}
}

func toggle(set func(*loadgen.Section, bool)) func(*loadgen.Section, string) error {
	return func(s *loadgen.Section, text string) error {
		set(s, text == "true")
		return nil
	}
}

func duration(set func(*loadgen.Section, time.Duration)) func(*loadgen.Section, string) error {
	return func(s *loadgen.Section, text string) error {
		d, err := time.ParseDuration(text)
		if err != nil {
			d, err = time.ParseDuration(text + "ms")
		}
		if err != nil {
			return fmt.Errorf("%q is not a duration: write 600s, 10m, or a bare number of milliseconds", text)
		}
		set(s, d)
		return nil
	}
}

// scheduleSection returns the settings of a manifest, or of flags.
func (a *app) scheduleSection(c *cli.Context, f *scheduleFlags) (loadgen.Section, error) {
	if c.NArg() > 1 {
		return loadgen.Section{}, withHint("mlrun schedule takes one manifest", "schedule: unexpected argument %q", c.Args().Get(1))
	}
	if c.NArg() == 0 {
		return a.flagSection(c, f)
	}
	for _, name := range c.LocalFlagNames() {
		if !slices.Contains([]string{"format", "queries", "loadgen"}, name) {
			return loadgen.Section{}, withHint("a manifest is frozen; give all settings as flags to try others", "schedule: --%s and a manifest exclude each other", name)
		}
	}
	m, err := a.readManifest(c)
	if err != nil {
		return loadgen.Section{}, err
	}
	section, err := loadgen.ReadSection(m.Loadgen)
	if err != nil {
		return loadgen.Section{}, fmt.Errorf("schedule: the manifest's loadgen section: %w", err)
	}
	if !section.Frozen {
		fmt.Fprintf(a.stderr, "mlrun: the manifest was compiled without its user.conf, %s: this is not the schedule of the run that was meant\n", diag.Clean(section.UserConf))
	}
	return section, nil
}

// flagSection returns the settings of flags.
func (a *app) flagSection(c *cli.Context, f *scheduleFlags) (loadgen.Section, error) {
	section, err := a.baseSection(f)
	if err != nil {
		return section, err
	}
	for _, s := range settings {
		if !c.IsSet(s.flag) {
			continue
		}
		if err := s.set(&section, fmt.Sprint(c.Value(s.flag))); err != nil {
			return section, fmt.Errorf("schedule: --%s: %w", s.flag, err)
		}
	}
	if section.Library.TotalSampleCount == 0 {
		return section, withHint("name a benchmark with --model, or give --performance-sample-count", "schedule: the size of the data set is not known")
	}
	seeded := c.IsSet("qsl-seed") && c.IsSet("sample-index-seed") && c.IsSet("schedule-seed")
	if f.round == "" && !seeded {
		fmt.Fprintf(a.stderr, "mlrun: no round is named: the newest, %s, is assumed\n", section.Round)
	}
	return section, nil
}

// baseSection returns the settings that flags change: LoadGen's own with a
// round's seeds, or the round's and user.conf's where they are asked for.
func (a *app) baseSection(f *scheduleFlags) (loadgen.Section, error) {
	r := loadgen.Request{Benchmark: f.model, Round: cmp.Or(f.round, loadgen.NewestRound()), UserConfPath: f.userConf}
	var err error
	if r.Scenario, err = loadgen.ParseScenario(f.scenario); err != nil {
		return loadgen.Section{}, fmt.Errorf("schedule: --scenario: %w", err)
	}
	if r.Mode, err = loadgen.ParseMode(f.mode); err != nil {
		return loadgen.Section{}, fmt.Errorf("schedule: --mode: %w", err)
	}
	var found diag.List
	if f.userConf != "" {
		data, err := plainfile.Read(context.Background(), f.userConf, loadgen.MaxConf)
		switch {
		case err != nil:
			return loadgen.Section{}, fmt.Errorf("schedule: reading the user.conf: %w", err)
		case f.model == "":
			return loadgen.Section{}, withHint("its lines are for a model: name it with --model", "schedule: --user-conf is given without --model")
		}
		r.UserConf, found = loadgen.ParseConf(f.userConf, data, loadgen.UserConf, f.model)
	}
	section, said := loadgen.Freeze(r)
	found.Add(said...)
	// Whether the settings make a run is asked once the flags are in.
	found = slices.DeleteFunc(found, func(d diag.Diagnostic) bool { return d.Code == "loadgen-settings" })
	if err := diag.WriteText(a.stderr, found, diag.TextOptions{}); err != nil {
		return section, err
	}
	if found.HasErrors() {
		return section, errFindings
	}
	if f.model == "" && f.round == "" {
		own := loadgen.DefaultSettings()
		s := section.Settings
		own.Scenario, own.Mode = r.Scenario, r.Mode
		own.QSLSeed, own.SampleIndexSeed, own.ScheduleSeed = s.QSLSeed, s.SampleIndexSeed, s.ScheduleSeed
		section.Settings = own
	}
	return section, nil
}
