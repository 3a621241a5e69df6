package loadgen

import (
	"fmt"
	"maps"
)

// Section is the manifest's loadgen section: every setting under its name, and
// beside them where they are from.
type Section struct {
	Settings Settings
	// Round is the MLPerf round whose mlperf.conf values hold ("v5.1").
	Round string
	// UserConf is the user.conf as the configuration names it, empty for none;
	// UserConfSHA256 is the digest of what was read, in hexadecimal digits,
	// empty where the file was not found.
	UserConf       string
	UserConfSHA256 string
	// Frozen tells that the settings are whole: no user.conf is named, or the
	// one that is was read. mlrun runs nothing else.
	Frozen bool
}

// The names in the section that are no settings.
const (
	frozenName         = "frozen"
	roundName          = "round"
	userConfName       = "user_conf"
	userConfSHA256Name = "user_conf_sha256"
)

// Map gives the section as it stands in a manifest.
func (s Section) Map() map[string]any {
	m := s.Settings.Map()
	m[frozenName], m[roundName], m[userConfName], m[userConfSHA256Name] = s.Frozen, s.Round, s.UserConf, s.UserConfSHA256
	return m
}

// ReadSection reads what Map gave. A name that is missing or unknown, or a
// value of another kind, is an error.
func ReadSection(m map[string]any) (Section, error) {
	rest := maps.Clone(m)
	s := Section{}
	var err error
	take(rest, frozenName, &s.Frozen, &err)
	take(rest, roundName, &s.Round, &err)
	take(rest, userConfName, &s.UserConf, &err)
	take(rest, userConfSHA256Name, &s.UserConfSHA256, &err)
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
