package launch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// Code is the code of findings about the spelling of a command line.
const Code = "command-line"

// Line is a command line as one release reads it.
type Line struct {
	// Arguments are what its words say, in their order.
	Arguments []Argument
	// Open reports whether there may be arguments that the file does not tell.
	Open bool
	// Found are the words that the release refuses or reads as something else than they seem.
	Found []Fault
}

// Argument is a flag with its value.
type Argument struct {
	// Key is what the schema says of it.
	Key *schema.Key
	// Flag is the word as it stands there, without a value.
	Flag string
	Pos  diag.Pos
	// Value is nil where the file does not tell it, or it cannot be read.
	Value *source.Node
	// Words are all words of it, the flag's first.
	Words []Word
	// Inside are the keys of JSON that a flag with dots names.
	Inside string
}

// Fault is a finding about some words of a command line.
type Fault struct {
	diag.Diagnostic
	// Words are those that it is about, none where Config says that it is about a line of the
	// file of arguments.
	Words  []Word
	Config bool
}

// Line reads the words of a launch as a release does.
func (l *Launch) Line(s *schema.Schema) *Line {
	if len(l.Words) == 0 && len(l.Dropped) == 0 && l.Config == nil {
		return &Line{} // the flags of a release are many
	}
	r := lineReader{parser: parserOf(s, l.Program.EngineOnly), launch: l, words: l.Words, line: &Line{}}
	if l.Config != nil {
		r.config()
	}
	for r.at < len(r.words) {
		r.next()
	}
	r.replaced()
	for _, d := range l.Dropped {
		r.dropped(d)
	}
	return r.line
}

type lineReader struct {
	*parser
	launch *Launch
	words  []Word
	at     int
	line   *Line
	model  bool // the model that follows by itself was there
}

func (r *lineReader) fault(d diag.Diagnostic, words ...Word) {
	if d.Severity == 0 {
		d.Severity = diag.Error
	}
	if d.Code == "" {
		d.Code = Code
	}
	if d.Pos.Line == 0 {
		d.Pos = words[0].Pos()
	}
	r.line.Found = append(r.line.Found, Fault{Diagnostic: d, Words: words})
}

// CodeDropped is the code of findings about keys that make no words.
const CodeDropped = "dropped-value"

// dropped says of a key that makes no words what the engine has in its place, where that is
// something else than what the key says.
func (r *lineReader) dropped(d Dropped) {
	name, inside := r.normal(d.Flag.Text)
	o, _, _ := r.find(name)
	if o.key == nil || o.off || inside != "" {
		return
	}
	key := o.key
	fault := diag.Diagnostic{Code: CodeDropped, Key: key.Name, Severity: diag.Warning}
	switch {
	case d.Value != "false" && (!key.HasDefault || key.Default == nil):
		return
	case d.Value != "false":
		fault.Severity = diag.Info
	case key.Default == false, key.Kinds&schema.Bool == 0:
		return
	}
	what := "the engine chooses"
	if key.HasDefault && key.Default != nil {
		what = "it has its default, " + schema.Format(key.Default)
	}
	fault.Message = fmt.Sprintf("%s drops a %s: %s gets nothing of %s, and %s", d.By, d.Value, r.release(), strings.TrimPrefix(d.Flag.Text, "--"), what)
	if d.Value == "false" && key.Flag.Negative != "" {
		fault.Suggestion = strings.TrimPrefix(key.Flag.Negative, "--") + ": true"
		fault.Hint = "write " + fault.Suggestion
	}
	r.fault(fault, d.Flag)
}

func (r *lineReader) release() string { return r.schema.Engine + " " + r.schema.Version() }

// negativeNumber is what argparse takes for a value although it begins with a dash.
var negativeNumber = lazyregexp.New(`^-\d+$|^-\d*\.\d+$`)

// isFlag reports whether a word is an option to the server's parser, and not a value.
func (r *lineReader) isFlag(w Word) bool {
	return len(w.Text) > 1 && w.Text[0] == '-' && !negativeNumber.MatchString(w.Text) && (!strings.Contains(w.Text, " ") || r.exact(w))
}

// exact reports whether a word with a space in it is a flag that is tied to its value.
func (r *lineReader) exact(w Word) bool {
	flag, _, tied := strings.Cut(w.Text, "=")
	return tied && !strings.Contains(flag, " ")
}

// next reads the argument at hand.
func (r *lineReader) next() {
	w := r.words[r.at]
	r.at++
	switch {
	case w.Many && w.scalar && r.launch.Program.Positional && !r.model:
		r.model = true
	case w.Many:
		r.line.Open = true
	case w.Text == "":
		// An empty word is the model's place; scripts pass empty variables so.
	case w.Text == "--":
		r.line.Open = true
		r.at = len(r.words)
	case r.isFlag(w):
		r.flag(w)
	default:
		r.single(w)
	}
}

// single reads a word that is no flag and no flag's value.
func (r *lineReader) single(w Word) {
	switch {
	case w.Text[0] == '-' && strings.Contains(w.Text, " ") && !negativeNumber.MatchString(w.Text):
		flag, _, _ := strings.Cut(w.Text, " ")
		if o, _, _ := r.find(first(r.normal(flag))); o.key != nil {
			r.fault(diag.Diagnostic{
				Message: fmt.Sprintf("%s takes this for one word, and not for %s and a value: it has a space in it", r.release(), flag),
				Hint:    fmt.Sprintf("write two words, or %s=%s", flag, strings.TrimSpace(w.Text[len(flag):])),
			}, w)
		}
	case !w.Known() || r.line.Open:
		if !w.Known() && strings.HasPrefix(w.Text, Hole) {
			r.line.Open = true
		}
	case r.launch.Program.Positional && r.positional != nil && !r.model:
		r.model = true
		r.line.Arguments = append(r.line.Arguments, Argument{Key: r.positional, Pos: w.Pos(), Value: text(w), Words: []Word{w}})
	case strings.ContainsAny(w.Text, "<>{}") || strings.Trim(w.Text, ".…") == "":
		r.line.Open = true // a place to be filled in
	case r.owned():
	default:
		r.fault(diag.Diagnostic{
			Message: fmt.Sprintf("%s takes no argument %s here: no flag stands before it that has it for a value", r.release(), quoted(w.Text)),
		}, w)
	}
}

// owned reports whether the word behind may be a value of a flag of the program's own.
func (r *lineReader) owned() bool { return len(r.launch.Program.Own) > 0 }

func first(a, _ string) string { return a }

// flag reads an option and its values.
func (r *lineReader) flag(w Word) {
	spelled, tied, isTied := strings.Cut(w.Text, "=")
	if strings.Contains(spelled, Hole) {
		r.line.Open = true
		return
	}
	if strings.ContainsAny(spelled, "<>{}$…") || strings.HasSuffix(spelled, "...") {
		r.line.Open = true
		return
	}
	plus := strings.HasSuffix(spelled, "+")
	name, inside := r.normal(strings.TrimSuffix(spelled, "+"))
	if !plus || inside == "" {
		name, inside = r.normal(spelled)
	}
	if r.launch.Program.Owns(name) {
		r.skip()
		return
	}
	o, _, several := r.find(name)
	if o.key == nil && len(several) == 0 {
		if level, of := r.level(); of.key != nil && strings.HasPrefix(w.Text, level) && inside == "" {
			o, spelled = of, level
			tied, isTied = strings.TrimPrefix(w.Text[len(level):], "="), len(w.Text) > len(level)
		}
	}
	a := Argument{Key: o.key, Flag: spelled, Pos: w.Pos(), Words: []Word{w}, Inside: inside}
	var values []Word
	if isTied {
		values = []Word{w.From(len(w.Text) - len(tied))}
	}
	switch {
	case len(several) > 0:
		r.ambiguous(spelled, several, append([]Word{w}, r.skip()...))
		return
	case o.key == nil:
		r.unknown(w, spelled, name, r.skip())
		return
	case isBare(o, inside):
		if isTied {
			r.tiedSwitch(w, spelled, o)
			return
		}
		a.Value = source.Of(!o.off && o.key.Flag.Action != "store_false")
		a.Value.Pos = w.Pos()
	default:
		if !isTied {
			values = r.values(o.key, inside)
			a.Words = append(a.Words, values...)
		}
		if len(values) == 0 && !takesNone(o.key) {
			if r.at < len(r.words) && r.words[r.at].Many || r.line.Open && r.at == len(r.words) {
				return
			}
			r.fault(diag.Diagnostic{Message: fmt.Sprintf("%s has no value behind it", spelled), Key: o.key.Name}, w)
			return
		}
		a.Value = r.value(&a, values)
	}
	r.line.Arguments = append(r.line.Arguments, a)
}

// level is the short flag of a level with what it stands for in the release.
func (r *lineReader) level() (flag string, o option) {
	flag = r.backend.Spelling.Level
	if o, ok := r.flags[flag]; ok || flag == "" {
		return flag, o
	}
	return flag, r.flags[r.backend.Spelling.LevelFlag]
}

// isBare reports whether an option takes no value.
func isBare(o option, inside string) bool {
	f := o.key.Flag
	return inside == "" && (o.off || f.Nargs == "0" || slices.Contains([]string{"store_true", "store_false", "bool"}, f.Action))
}

// takesNone reports whether an option may stand without a value.
func takesNone(k *schema.Key) bool { return k.Flag.Nargs == "*" || k.Flag.Nargs == "?" }

// values takes the words behind an option that are its own.
func (r *lineReader) values(k *schema.Key, inside string) (values []Word) {
	most := 1
	switch n, err := strconv.Atoi(k.Flag.Nargs); {
	case inside != "":
	case k.Flag.Nargs == "+" || k.Flag.Nargs == "*":
		most = len(r.words)
	case err == nil:
		most = n
	}
	for len(values) < most && r.at < len(r.words) {
		w := r.words[r.at]
		if r.isFlag(w) {
			break
		}
		values = append(values, w)
		r.at++
	}
	return values
}

// skip passes over what may be the values of an option that is not known.
func (r *lineReader) skip() (skipped []Word) {
	for r.at < len(r.words) && !r.isFlag(r.words[r.at]) {
		skipped = append(skipped, r.words[r.at])
		r.at++
	}
	return skipped
}

// ambiguous reports a flag that is the beginning of several.
func (r *lineReader) ambiguous(spelled string, several []string, words []Word) {
	shown := several
	if len(shown) > 4 {
		shown = shown[:4]
	}
	d := diag.Diagnostic{Code: schema.UnknownKey, Message: fmt.Sprintf("%s has no flag %s, and several that begin so: %s", r.release(), spelled, strings.Join(shown, ", "))}
	d.Suggestion, d.Hint = r.became(spelled)
	r.fault(d, words...)
}

// tiedSwitch reports a value that is tied to a switch.
func (r *lineReader) tiedSwitch(w Word, spelled string, o option) {
	d := diag.Diagnostic{Message: fmt.Sprintf("%s is a switch, and %s refuses a value for it", spelled, r.release()), Key: o.key.Name, Suggestion: spelled}
	if strings.HasSuffix(strings.ToLower(w.Text), "=false") {
		if d.Suggestion = o.key.Flag.Negative; d.Suggestion == "" {
			d.Hint = "leave it out"
		}
	}
	if d.Suggestion != "" {
		d.Hint = "write " + d.Suggestion
	}
	r.fault(d, w)
}

// replaced finds JSON that a flag with dots takes the place of.
func (r *lineReader) replaced() {
	args := r.line.Arguments
	for i, a := range args {
		if a.Inside != "" || a.Value == nil || a.Value.Kind != source.Map {
			continue
		}
		j := slices.IndexFunc(args, func(o Argument) bool { return o.Key == a.Key && o.Inside != "" })
		if j < 0 {
			continue
		}
		r.fault(diag.Diagnostic{
			Severity: diag.Warning, Key: a.Key.Name, Hint: "write all of it in one of the two ways", Related: []diag.Related{{Pos: args[j].Pos, Message: "the flag with dots"}},
			Message: fmt.Sprintf("%s drops the JSON of %s for %s, which stands beside it", r.release(), a.Flag, args[j].Flag),
		}, slices.Concat(a.Words, args[j].Words)...)
		args[i].Value = nil
	}
}

func quoted(s string) string { return strconv.Quote(s) }
