package loadgen

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Section is the manifest's loadgen section: every setting under its name, what
// is in effect for the data set, and beside them where they are from.
type Section struct {
	Settings Settings
	// Library are the sizes of the data set; 0 where only the data set can tell.
	Library Library
	// Benchmark is the name that was looked up in conf files.
	Benchmark string
	// Round is the MLPerf round whose mlperf.conf values hold ("v5.1").
	Round string
	// UserConf is the user.conf as the configuration names it, empty for none;
	// UserConfSHA256 is the digest of what was read, in hexadecimal digits,
	// empty where the file was not found.
	UserConf       string
	UserConfSHA256 string
	// Frozen reports whether the settings are whole: no user.conf is named, or the
	// one that is was read. mlrun runs nothing else.
	Frozen bool
	// Origins says by the names of the settings where each value is from; a
	// setting that is not there has LoadGen's own default.
	Origins map[string]string

	// frozen is what was in effect when the manifest was made, as it was read.
	frozen map[string]any
}

// The names in the section that are no settings.
const (
	benchmarkName          = "benchmark"
	effectiveName          = "effective"
	frozenName             = "frozen"
	originsName            = "origins"
	performanceSamplesName = "library_performance_sample_count"
	roundName              = "round"
	totalSamplesName       = "library_total_sample_count"
	userConfName           = "user_conf"
	userConfSHA256Name     = "user_conf_sha256"
)

// sectionNames lists them.
var sectionNames = []string{
	benchmarkName, effectiveName, frozenName, originsName, performanceSamplesName, roundName, totalSamplesName, userConfName, userConfSHA256Name,
}

// Map returns the section as it stands in a manifest.
func (s Section) Map() map[string]any {
	m := s.Settings.Map()
	origins := map[string]any{}
	for name, from := range s.Origins {
		origins[name] = from
	}
	m[benchmarkName], m[roundName], m[frozenName], m[originsName] = s.Benchmark, s.Round, s.Frozen, origins
	m[userConfName], m[userConfSHA256Name] = s.UserConf, s.UserConfSHA256
	m[effectiveName] = map[string]any{}
	if e, err := s.Settings.Effective(s.Library); err == nil {
		m[effectiveName] = e.Map()
	}
	m[totalSamplesName], m[performanceSamplesName] = whole(s.Library.TotalSampleCount), whole(s.Library.PerformanceSampleCount)
	return m
}

// ReadSection reads what Map gave. A name that is missing or unknown, or a
// value of another kind, is an error.
func ReadSection(m map[string]any) (Section, error) {
	rest := maps.Clone(m)
	s := Section{}
	var err error
	var origins map[string]any
	take(rest, benchmarkName, &s.Benchmark, &err)
	take(rest, effectiveName, &s.frozen, &err)
	take(rest, frozenName, &s.Frozen, &err)
	take(rest, originsName, &origins, &err)
	take(rest, roundName, &s.Round, &err)
	take(rest, userConfName, &s.UserConf, &err)
	take(rest, userConfSHA256Name, &s.UserConfSHA256, &err)
	takeCount(rest, totalSamplesName, &s.Library.TotalSampleCount, &err)
	takeCount(rest, performanceSamplesName, &s.Library.PerformanceSampleCount, &err)
	for name, from := range origins {
		text, ok := from.(string)
		if !ok && err == nil {
			err = fmt.Errorf("loadgen.%s.%s must be text, it is %v", originsName, name, from)
		}
		if s.Origins == nil {
			s.Origins = map[string]string{}
		}
		s.Origins[name] = text
	}
	if err != nil {
		return Section{}, err
	}
	s.Settings, err = FromMap(rest)
	return s, err
}

func take[T any](m map[string]any, name string, to *T, err *error) {
	v, ok := m[name].(T)
	if !ok && *err == nil {
		*err = fmt.Errorf("loadgen.%s must be a %T, it is %v", name, *to, m[name])
	}
	*to = v
	delete(m, name)
}

func takeCount(m map[string]any, name string, to *uint64, err *error) {
	n, wrong := asUint(m[name], maxLibrary)
	if wrong != nil && *err == nil {
		*err = fmt.Errorf("loadgen.%s: %w", name, wrong)
	}
	*to = n
	delete(m, name)
}

// ErrNoDataSize reports that a manifest does not say how many samples the data
// set has, so that no schedule follows from it.
var ErrNoDataSize = errors.New("the manifest does not say how large the data set is")

// Effective derives what a run uses. It fails where the size of the data set is
// not known, and where this program derives something else from the settings
// than what the manifest says is in effect: another run would come of it.
func (s Section) Effective() (Effective, error) {
	if s.Library.TotalSampleCount == 0 {
		return Effective{}, ErrNoDataSize
	}
	e, err := s.Settings.Effective(s.Library)
	if err != nil || s.frozen == nil {
		return e, err
	}
	now := e.Map()
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if was := s.frozen[name]; fmt.Sprint(was) != fmt.Sprint(now[name]) {
			return Effective{}, fmt.Errorf("the manifest says that %s is %v, this program derives %v from its settings: compile again with the mlcfg beside it", name, was, now[name])
		}
	}
	return e, nil
}
