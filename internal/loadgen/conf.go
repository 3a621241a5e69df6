package loadgen

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"mlcfg/internal/diag"
)

// ConfKind is what a conf file is for: LoadGen reads seeds from an mlperf.conf
// alone.
type ConfKind uint8

// The kinds.
const (
	// MLPerfConf is the round's mlperf.conf, which releases since 5.0 have built in.
	MLPerfConf ConfKind = iota
	// UserConf is the submitter's user.conf.
	UserConf
)

// MaxConf bounds a conf file, in bytes; real ones have some hundred.
const MaxConf = 8 << 20

// Conf is a conf file of LoadGen: lines of "model.scenario.key = value".
type Conf struct {
	// Name is the file's name, as findings show it.
	Name string
	Kind ConfKind
	// SHA256 is the digest of the file's content in hexadecimal digits.
	SHA256 string

	entries map[string]confEntry
}

// confEntry is the last line for a key.
type confEntry struct {
	confName
	text string
	pos  diag.Pos
}

// confName is a key taken apart. Model and scenario may be "*".
type confName struct{ model, scenario, key string }

func (n confName) String() string { return n.model + "." + n.scenario + "." + n.key }

// maxConf bounds a conf file, in bytes; real ones have some ten thousand.
const maxConf = 1 << 20

// ParseConf reads a conf file in LoadGen's grammar (TestSettings::FromConfig).
// LoadGen passes over what it does not understand, or drops the whole file
// with a line in a log; here each such line is a finding, and says what LoadGen
// would have made of it. The Conf holds the lines that LoadGen would have read;
// it must not be used where a finding is an Error. models are names that are
// right besides those of MLPerf's benchmarks.
func ParseConf(name string, data []byte, kind ConfKind, models ...string) (*Conf, diag.List) {
	sum := sha256.Sum256(data)
	p := confParser{
		conf:   &Conf{Name: name, Kind: kind, SHA256: hex.EncodeToString(sum[:]), entries: map[string]confEntry{}},
		models: models,
		at:     diag.Pos{File: name},
	}
	if len(data) > maxConf {
		p.add(diag.Error, "conf-syntax", "", "larger than %d MiB: not a conf file", maxConf>>20)
		return p.conf, p.found
	}
	if rest, ok := bytes.CutPrefix(data, []byte("\ufeff")); ok {
		data = rest
		p.at = diag.Pos{File: name, Line: 1, Column: 1}
		p.add(diag.Error, "conf-syntax", "", "a byte order mark, which LoadGen takes for a part of the first word")
	}
	for i, line := range strings.Split(string(data), "\n") {
		p.at = diag.Pos{File: name, Line: i + 1}
		p.line(confWords(line))
	}
	offer(p.found)
	p.found.Sort()
	return p.conf, p.found
}

// offer puts suggestions into their messages.
func offer(l diag.List) {
	for i := range l {
		if l[i].Suggestion != "" {
			l[i].Message += ", did you mean " + l[i].Suggestion
		}
	}
}

// confWord is a word of a line and its column, counted in characters from 1.
type confWord struct {
	text   string
	column int
}

// confWords splits a line as a C++ stream does.
func confWords(line string) []confWord {
	var words []confWord
	rest, column := line, 1
	for {
		text := strings.TrimLeft(rest, " \t\v\f\r")
		column += len(rest) - len(text)
		end := strings.IndexAny(text, " \t\v\f\r")
		if end < 0 {
			end = len(text)
		}
		if end == 0 {
			return words
		}
		words = append(words, confWord{text[:end], column})
		column += utf8.RuneCountInString(text[:end])
		rest = text[end:]
	}
}

// confParser collects entries and findings.
type confParser struct {
	conf   *Conf
	models []string
	found  diag.List
	// at is where the next finding is.
	at diag.Pos
}

// add adds a finding at the present place.
func (p *confParser) add(severity diag.Severity, code, key, format string, args ...any) *diag.Diagnostic {
	p.found.Add(diag.Diagnostic{Pos: p.at, Severity: severity, Code: code, Key: key, Message: fmt.Sprintf(format, args...)})
	return &p.found[len(p.found)-1]
}

// What LoadGen does with a line that it does not take.
const (
	ignoresLine = "LoadGen ignores the line"
	rejectsFile = "LoadGen rejects the whole file for it and uses none of its values"
)

// line reads one line, step by step as LoadGen does.
func (p *confParser) line(words []confWord) {
	if len(words) == 0 || words[0].text == "#" {
		return
	}
	first := words[0]
	p.at.Column = first.column
	comment := strings.HasPrefix(first.text, "#")
	switch {
	case len(words) == 1 || words[1].text == "#":
		if !comment {
			p.ignored(first.text)
		}
		return
	case words[1].text != "=":
		p.rejected(words, comment)
		return
	case len(words) == 2:
		if !comment {
			p.add(diag.Error, "conf-syntax", first.text, "no value after =: %s", ignoresLine)
		}
		return
	}
	values := words[2:]
	for i, w := range values {
		if !cNumber(w.text) {
			p.at.Column = w.column
			p.notNumber(first.text, w.text, i)
			return
		}
	}
	if comment {
		// LoadGen keeps a value under this name, and never looks it up.
		return
	}
	value := values[len(values)-1]
	if len(values) > 1 {
		p.at.Column = values[1].column
		p.add(diag.Warning, "conf-value", first.text, "%d values: LoadGen takes the last, %s", len(values), value.text)
	}
	p.at.Column = first.column
	p.entry(first, value)
}

// ignored is a line of one word.
func (p *confParser) ignored(word string) {
	name, value, ok := strings.Cut(word, "=")
	if !ok {
		p.add(diag.Error, "conf-syntax", word, "no = after the key: %s", ignoresLine)
		return
	}
	d := p.add(diag.Error, "conf-syntax", name, "no spaces around =: %s", ignoresLine)
	if cNumber(value) {
		d.Suggestion = name + " = " + value
	}
}

// rejected is a line whose second word is not =.
func (p *confParser) rejected(words []confWord, comment bool) {
	first, second := words[0].text, words[1].text
	if comment {
		d := p.add(diag.Error, "conf-comment", "", "a comment without a space after #: %s", rejectsFile)
		d.Hint = "put a space after #"
		return
	}
	name, last := strings.TrimSuffix(first, "="), words[len(words)-1].text
	if strings.HasSuffix(first, "=") || strings.HasPrefix(second, "=") {
		d := p.add(diag.Error, "conf-syntax", name, "no space beside =: %s", rejectsFile)
		if value := strings.TrimPrefix(last, "="); len(words) == 2 && cNumber(value) {
			d.Suggestion = name + " = " + value
		}
		return
	}
	p.at.Column = words[1].column
	d := p.add(diag.Error, "conf-syntax", first, "%q where = is expected: %s", second, rejectsFile)
	if value := last; len(words) == 2 && cNumber(value) {
		d.Suggestion = first + " = " + value
	}
}

// notNumber is a value that is no number; after counts the values before it.
func (p *confParser) notNumber(key, text string, after int) {
	if after > 0 && (strings.HasPrefix(text, "#") || strings.HasPrefix(text, "//") || strings.HasPrefix(text, ";")) {
		d := p.add(diag.Error, "conf-comment", key, "a comment after a value: %s", rejectsFile)
		d.Hint = "put the comment on a line of its own"
		return
	}
	d := p.add(diag.Error, "conf-value", key, "%q is not a number: %s", text, rejectsFile)
	switch lower := strings.ToLower(text); {
	case slices.Contains([]string{"true", "yes", "on"}, lower):
		d.Suggestion = "1"
	case slices.Contains([]string{"false", "no", "off"}, lower):
		d.Suggestion = "0"
	default:
		d.Suggestion = separatedNumber(text)
		if groups := strings.Split(text, ","); d.Suggestion == "" && len(groups) == 2 && cNumber(groups[0]) && cNumber(groups[1]) {
			d.Hint = fmt.Sprintf("write %s%s or %s.%s, whichever is meant", groups[0], groups[1], groups[0], groups[1])
		}
	}
}

// separatedNumber is the number that a text with separators in it stands for; empty where it
// is none, or where a comma may part thousands as well as a fraction.
func separatedNumber(text string) string {
	plain := strings.NewReplacer("_", "", "'", "").Replace(text)
	switch groups := strings.Split(plain, ","); {
	case len(groups) == 1:
	case len(groups) == 2 && len(groups[1]) != 3:
		plain = groups[0] + "." + groups[1]
	case len(groups) == 2 || slices.ContainsFunc(groups[1:], func(g string) bool { return len(g) != 3 }):
		return ""
	default:
		plain = strings.Join(groups, "")
	}
	if !cNumber(plain) || strings.HasSuffix(plain, ".") {
		return ""
	}
	return plain
}

// entry keeps a line that LoadGen reads, and checks what it says.
func (p *confParser) entry(key, value confWord) {
	name, ok := p.name(key.text)
	if !ok {
		return
	}
	if before, ok := p.conf.entries[key.text]; ok {
		d := p.add(diag.Warning, "conf-duplicate", key.text, "set twice: LoadGen takes the last, %s", value.text)
		d.Related = []diag.Related{{Pos: before.pos, Message: "first set here"}}
	}
	p.conf.entries[key.text] = confEntry{name, value.text, p.at}
	p.checkUse(name)
	p.at.Column = value.column
	p.checkValue(name, value.text)
}
