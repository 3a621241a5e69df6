package launch

import (
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/config/enginefile"
	"mlcfg/internal/diag"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// configFlag names the file of arguments on the command line of every server that reads one.
const configFlag = "--config"

// engineFile reads the files that the engines' own servers take with --config.
var engineFile = Adapter{
	Name:   "file of arguments",
	Claims: func(f *File) bool { return engineOf(f) != nil },
	Read: func(f *File) []Launch {
		b := engineOf(f)
		return []Launch{{Pos: f.Documents()[0].Fields[0].KeyPos, Backend: b, Program: &b.Programs[0], Config: f}}
	},
}

// fewestKeys is how many arguments of an engine a file has at least that is taken for one of them.
const fewestKeys = 3

// engineOf is the engine most of whose arguments a file has at its top; nil for a file that has
// others, or few.
func engineOf(f *File) *backend.Backend {
	if !f.Has(tellingKeys()...) || len(f.Documents()) != 1 {
		return nil
	}
	fields := f.Documents()[0].Fields
	var best *backend.Backend
	most := 0
	for _, b := range backend.Engines() {
		if n := knownTo(b, fields); n > most {
			best, most = b, n
		}
	}
	if best == nil || best.ConfigFile == nil || most < fewestKeys || 10*most < 7*len(fields) {
		return nil
	}
	return best
}

// tellingKeys are arguments of engines of which a file of them has one.
func tellingKeys() []string {
	var names []string
	for _, b := range backend.Engines() {
		if b.ConfigFile == nil {
			continue
		}
		for _, key := range []string{b.TP, b.DP, b.Memory, b.Batch, b.LengthKey()} {
			if flag := strings.ReplaceAll(key, "_", "-"); strings.Contains(flag, "-") && !slices.Contains(names, flag) {
				names = append(names, flag, key)
			}
		}
	}
	return names
}

// knownTo counts the keys that any release of an engine has as flags, or as arguments.
func knownTo(b *backend.Backend, fields []source.Field) (n int) {
	for _, f := range fields {
		name, _, _ := strings.Cut(f.Key, ".")
		if schema.FlagHistory(b.Engine, "--"+strings.ReplaceAll(name, "_", "-")) != nil || schema.History(b.Engine, schema.EngineConfig, name) != nil {
			n++
		}
	}
	return n
}

// config puts what the server makes of its file of arguments before the words of the command line.
func (r *lineReader) config() {
	f := r.launch.Config
	name := f.Path
	if !strings.HasSuffix(name, ".yml") { // the ending is of a file that the script writes
		name = "x.yaml"
	}
	read, found := enginefile.Read(name, f.Data, r.schema)
	for _, d := range found {
		if d.Code == schema.UnknownKey || d.Code == enginefile.Code {
			d.Pos.File = f.Path
			for i := range d.Related {
				d.Related[i].Pos.File = f.Path
			}
			r.line.Found = append(r.line.Found, Fault{Diagnostic: d, Config: true})
		}
	}
	if read == nil {
		return
	}
	var words []Word
	for _, a := range read.Arguments {
		if a.Key == "" {
			continue
		}
		at := func(p diag.Pos) diag.Pos { p.File = f.Path; return p }
		for i, text := range a.Words {
			pos := at(a.ValuePos)
			if i == 0 {
				pos = at(a.Pos)
			}
			words = append(words, NewWord(text, pos))
		}
	}
	r.words = append(words, r.words...)
}

// written is a document that a script writes, as a file with the script's lines.
func written(text Word) *File {
	at := text.Pos()
	return NewFile(at.File, []byte(strings.Repeat("\n", max(at.Line-1, 0))+text.Text))
}
