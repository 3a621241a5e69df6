package tune

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// MeasuredSamples is how many samples each replica gets when its speed is measured, as
// many as the reference harness takes (scripts/measure_per_gpu_perf.sh).
const MeasuredSamples = 3000

// Measurement returns m for the measurement of one replica's speed: offline, so many
// samples as they come, each issued once and no minimum duration. It is sealed, and the
// changes are among its overrides. The samples are the data set's first where it has more.
func Measurement(m *manifest.Manifest, samples uint64) (*manifest.Manifest, error) {
	section, err := loadgen.ReadSection(m.Loadgen)
	if err != nil {
		return nil, fmt.Errorf("the manifest's loadgen section: %w", err)
	}
	s := &section.Settings
	switch {
	case s.Scenario != loadgen.Offline:
		return nil, fmt.Errorf("the manifest's scenario is %v: sorting deals out the samples of an offline run", s.Scenario)
	case s.Mode != loadgen.PerformanceOnly:
		return nil, fmt.Errorf("the manifest asks for mode %v: speed is measured in performance mode", s.Mode)
	case samples < 1 || samples > loadgen.MaxIssued:
		return nil, fmt.Errorf("%d samples cannot be issued", samples)
	}
	set := map[string]any{"total_sample_count": int64(samples), "duration_sec": int64(0), "sorting.strategy": "ignore"} //nolint:gosec // bounded above
	s.MinQueryCount, s.MaxQueryCount, s.MinDuration, s.MaxDuration = samples, samples, 0, 0
	if have := section.Library.TotalSampleCount; have > samples {
		section.Library.TotalSampleCount, section.Library.PerformanceSampleCount = samples, samples
	}
	measured := *m
	measured.Data.Samples = int64(section.Library.TotalSampleCount) //nolint:gosec // no more than it was
	measured.Overrides = slices.Clone(m.Overrides)
	for _, key := range slices.Sorted(maps.Keys(set)) {
		measured.Overrides = append(measured.Overrides, fmt.Sprintf("harness_config.%s=%v", key, set[key]))
	}
	section.Origins = maps.Clone(section.Origins)
	if section.Origins == nil {
		section.Origins = map[string]string{}
	}
	for _, name := range []string{"min_query_count", "max_query_count"} {
		section.Origins[name] = "override harness_config.total_sample_count=" + strconv.FormatUint(samples, 10)
	}
	for _, name := range []string{"min_duration_ms", "max_duration_ms"} {
		section.Origins[name] = "override harness_config.duration_sec=0"
	}
	measured.HarnessConfig = maps.Clone(m.HarnessConfig)
	measured.HarnessConfig["total_sample_count"], measured.HarnessConfig["duration_sec"] = set["total_sample_count"], set["duration_sec"]
	measured.HarnessConfig["sorting"] = map[string]any{"strategy": "ignore"}
	measured.Loadgen = section.Map()
	if _, err := measured.YAML(); err != nil { // which computes the digest
		return nil, fmt.Errorf("sealing the manifest for the measurement: %w", err)
	}
	return &measured, nil
}

// bucketDigits is how many decimals a share has: with them some thousand shares still add
// up to 100 within the millionth that is allowed.
const bucketDigits = 9

// Buckets are the replicas' shares of the samples in percent, by their speeds: the mean over
// all measurements in proportion to the sum of the means, as the reference harness has
// it (calculate_buckets.py). speeds are tokens a second, by replica and measurement.
func Buckets(speeds [][]float64) ([]float64, error) {
	means, err := Means(speeds)
	if err != nil {
		return nil, err
	}
	sum := 0.0
	for _, mean := range means {
		sum += mean
	}
	out := make([]float64, len(means))
	for i, mean := range means {
		out[i] = roundTo(100*mean/sum, bucketDigits)
	}
	return out, nil
}

// Means are the mean speeds by replica. A replica without a speed above 0 is an error: it would
// get no sample ever.
func Means(speeds [][]float64) ([]float64, error) {
	out := make([]float64, len(speeds))
	for i, list := range speeds {
		sum := 0.0
		for _, v := range list {
			if !(v > 0) || math.IsInf(v, 1) {
				return nil, fmt.Errorf("replica %d was measured at %g a second", i, v)
			}
			sum += v
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("replica %d was not measured", i)
		}
		out[i] = sum / float64(len(list))
	}
	return out, nil
}

func roundTo(x float64, decimals int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(x, 'f', decimals, 64), 64)
	if err != nil {
		return x
	}
	return r
}
