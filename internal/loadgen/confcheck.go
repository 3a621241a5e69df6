package loadgen

import (
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/diag"
)

// strict is Error for a user.conf. An mlperf.conf may be of a round to come.
func (p *confParser) strict() diag.Severity {
	if p.conf.Kind == MLPerfConf {
		return diag.Warning
	}
	return diag.Error
}

// name takes a key apart and checks that LoadGen would look it up. Only key
// and scenario cannot hold dots.
func (p *confParser) name(text string) (confName, bool) {
	dot := strings.LastIndexByte(text, '.')
	second := strings.LastIndexByte(text[:max(dot, 0)], '.')
	if second <= 0 || dot == len(text)-1 {
		p.add(p.strict(), "conf-key", text, "not of the form model.scenario.key: %s", ignoresLine)
		return confName{}, false
	}
	n := confName{text[:second], text[second+1 : dot], text[dot+1:]}
	if n.scenario != "*" && !slices.Contains(scenarioNames[:], n.scenario) {
		d := p.add(p.strict(), "conf-scenario", text, "no scenario %q: %s", n.scenario, ignoresLine)
		n.scenario = diag.Name(scenarioNames[:], n.scenario)
		p.suggest(d, n.scenario != "", n.String(), "the scenarios are "+strings.Join(scenarioNames[:], ", ")+", or * for all")
		return confName{}, false
	}
	if len(keysNamed(n.key)) == 0 {
		d := p.add(p.strict(), "conf-key", text, "no key %q: %s", n.key, ignoresLine)
		n.key = diag.Name(confKeyNames(), n.key)
		p.suggest(d, n.key != "", n.String(), "the keys are "+strings.Join(confKeyNames(), ", "))
		return confName{}, false
	}
	return n, p.checkModel(text, n)
}

// suggest adds a suggestion where there is one, and a hint where there is none.
func (p *confParser) suggest(d *diag.Diagnostic, ok bool, suggestion, hint string) {
	if ok {
		d.Suggestion = suggestion
	} else {
		d.Hint = hint
	}
}

// checkModel says where a model's name is misspelt. A name that is far from
// all known ones may be somebody's own.
func (p *confParser) checkModel(text string, n confName) bool {
	if n.model == "*" || p.conf.Kind == MLPerfConf || slices.Contains(p.models, n.model) || slices.Contains(modelNames(), n.model) {
		return true
	}
	meant := misspeltModel(n.model, p.models)
	if meant == "" {
		return true
	}
	d := p.add(diag.Error, "conf-model", text, "no benchmark %q: LoadGen reads the line for a model of exactly that name alone", n.model)
	n.model = meant
	d.Suggestion = n.String()
	return false
}

// misspeltModel returns the known name that a model's name was meant to be. Names
// that differ in a digit are other models.
func misspeltModel(name string, own []string) string {
	known := append(slices.Clone(own), modelNames()...)
	for _, level := range []string{"-99.9", "-99"} {
		// Accuracy levels stand in the names of submissions, not in LoadGen's.
		if plain, ok := strings.CutSuffix(name, level); ok && slices.Contains(known, plain) {
			return plain
		}
	}
	meant := diag.Name(known, name)
	if meant != "" && digits(meant) != digits(name) {
		return ""
	}
	return meant
}

// digits are the digits in a text.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// keysNamed returns LoadGen's look-ups of a key.
func keysNamed(name string) []confKey {
	return slices.DeleteFunc(slices.Clone(confKeys), func(k confKey) bool { return k.name != name })
}

// checkUse says where LoadGen does not read a line although its key is known.
func (p *confParser) checkUse(n confName) {
	if p.conf.Kind == MLPerfConf {
		return
	}
	var under []string
	for _, k := range keysNamed(n.key) {
		switch {
		case k.seeds:
			d := p.add(diag.Warning, "conf-ignored", n.String(), "LoadGen reads %s from mlperf.conf alone, not from user.conf", n.key)
			d.Hint = "the round's value holds"
			return
		case k.read == asUnread:
			p.add(diag.Warning, "conf-ignored", n.String(), "LoadGen does not read %s", n.key)
			return
		case n.scenario == "*" || k.under == ownScenario || k.under == n.scenario:
			return
		}
		under = append(under, k.under)
	}
	p.add(diag.Warning, "conf-ignored", n.String(), "LoadGen reads %s for %s alone, not for %s", n.key, strings.Join(under, ", "), n.scenario)
}

// checkValue says where LoadGen reads another value than stands there, for
// each of its look-ups.
func (p *confParser) checkValue(n confName, text string) {
	for _, k := range keysNamed(n.key) {
		if k.read == asUnread || n.scenario != "*" && k.under != ownScenario && k.under != n.scenario {
			continue
		}
		// Of several look-ups that read alike one finding is enough: the list
		// drops repeats.
		var scratch Settings
		if err := k.store(scratch.field(k.field), text); err != nil {
			p.add(diag.Error, "conf-value", n.String(), "%s: %v", n.key, err)
			continue
		}
		p.checkReading(k, n, text)
	}
}

// checkReading warns of values that are taken, but not as they look.
func (p *confParser) checkReading(k confKey, n confName, text string) {
	x, isFloat := cFloat(text)
	if !k.read.isWhole() {
		if k.read == asPercent && x > 0 && x < 1 {
			d := p.add(diag.Warning, "conf-value", n.String(), "%s is in percent: LoadGen reads %s percent", n.key, text)
			d.Suggestion = strconv.FormatFloat(x*100, 'g', 6, 64)
		}
		return
	}
	v, rest, _ := cInteger(text)
	read := strconv.FormatUint(v, 10)
	switch {
	case rest != "":
		d := p.add(diag.Warning, "conf-value", n.String(), "%s is a whole number: LoadGen reads %s as %s", n.key, text, read)
		d.Suggestion = read
		if isFloat && x == float64(uint64(x)) && x < 1<<53 {
			d.Suggestion = strconv.FormatUint(uint64(x), 10)
		}
	case isFloat && x != float64(v) && !strings.HasPrefix(strings.ToLower(strings.TrimLeft(text, "+")), "0x"):
		d := p.add(diag.Warning, "conf-value", n.String(), "a leading 0 makes it octal: LoadGen reads %s as %s", text, read)
		d.Suggestion = strconv.FormatUint(uint64(x), 10)
	case k.read == asOne && v > 1:
		p.add(diag.Warning, "conf-value", n.String(), "%s is 1 or 0: LoadGen takes %s for 0", n.key, text)
	case k.read == asNonzero && v > 1:
		p.add(diag.Warning, "conf-value", n.String(), "%s is 1 or 0: LoadGen takes %s for 1", n.key, text)
	}
}

// field finds a setting by its name.
func (s *Settings) field(name string) field {
	fields := s.fields()
	return fields[slices.IndexFunc(fields, func(f field) bool { return f.name == name })]
}

// joined lists names for a message.
func joined(names []string) string { return strings.Join(names, ", ") }
