package check

import (
	"slices"
	"strings"
	"sync"

	"mlcfg/internal/diag"
	"mlcfg/internal/launch"
	"mlcfg/schema"
)

// verdicts are what releases say of single arguments and variables. Repositories have the same
// few in hundreds of files, and each is asked of up to all releases.
type verdicts struct {
	known sync.Map // of question to answer
}

type question struct{ engine, first, last, code, text string }

// answer is a release that takes it, the newest; every reports whether there is none.
type answer struct {
	release string
	every   bool
}

// another finds the newest release of the candidates in which a launch does not have a finding;
// every reports whether all have it. What is about several arguments together is asked of none.
func (lc *LaunchChecker) another(l *launch.Launch, line *launch.Line, f launchFinding, candidates []string) (release string, every bool) {
	part := &launch.Launch{Pos: l.Pos, Backend: l.Backend, Program: l.Program, Role: l.Role}
	switch {
	case f.variable >= 0:
		part.Variables = l.Variables[f.variable : f.variable+1]
	case f.config:
		part.Config = l.Config
	case f.Code == launch.CodeDropped:
		part.Dropped = slices.DeleteFunc(slices.Clone(l.Dropped), func(d launch.Dropped) bool { return d.Flag.Pos() != f.Pos })
	case f.words != nil && f.Code == launch.Code:
		// Alone it would be taken for the model.
		part.Words = append([]launch.Word{{Text: "model"}}, f.words...)
	case f.words != nil:
		part.Words = f.words
	case len(f.arguments) == 1:
		part.Words = line.Arguments[f.arguments[0]].Words
	default:
		return "", false
	}
	q := question{engine: l.Backend.Engine, first: candidates[0], last: candidates[len(candidates)-1], code: f.Code, text: signature(part)}
	if f.config {
		q.text += f.Pos.String()
	}
	if known, ok := lc.known.known.Load(q); ok {
		a := known.(answer) //nolint:forcetypeassert // nothing else is stored
		return a.release, a.every
	}
	a := answer{every: true}
	for _, release := range slices.Backward(having(l.Backend.Engine, f, candidates)) {
		s, err := schema.Load(l.Backend.Engine, release)
		if err != nil {
			continue
		}
		if !slices.ContainsFunc(lc.check(part, s), func(o launchFinding) bool {
			if f.config && (o.Pos != f.Pos || o.Code != f.Code) {
				return false // of another line
			}
			return o.Severity == diag.Error || o.Severity == f.Severity
		}) {
			a = answer{release: release}
			break
		}
	}
	lc.known.known.Store(q, a)
	return a.release, a.every
}

// having are the candidates that may take what a finding is about: those that have the flag, where
// the finding is that another has not.
func having(engine string, f launchFinding, candidates []string) []string {
	if f.Code != schema.UnknownKey || f.words == nil {
		return candidates
	}
	flag, _, _ := strings.Cut(f.words[0].Text, "=")
	flag, _, _ = strings.Cut(flag, ".")
	flag = strings.ReplaceAll(flag, "_", "-")
	if spans := schema.Spans(engine, schema.FlagHistory(engine, flag)); spans != nil {
		return slices.DeleteFunc(slices.Clone(candidates), func(release string) bool {
			return !slices.ContainsFunc(spans, func(s schema.Span) bool {
				return schema.CompareReleases(s.First, release) <= 0 && schema.CompareReleases(release, s.Last) <= 0
			})
		})
	}
	if !slices.ContainsFunc(schema.FlagNames(engine), func(name string) bool { return strings.HasPrefix(name, flag) }) {
		return nil
	}
	return candidates
}

// signature is what a launch says, without places.
func signature(l *launch.Launch) string {
	var b strings.Builder
	b.WriteString(l.Program.Module)
	for _, w := range l.Words {
		b.WriteString("\x00" + w.Text)
	}
	if l.Config != nil {
		b.WriteString("\x00" + l.Config.Path + "\x00" + string(l.Config.Data))
	}
	for _, d := range l.Dropped {
		b.WriteString("\x00" + d.Flag.Text + "\x00" + d.Value)
	}
	for _, v := range l.Variables {
		b.WriteString("\x00" + v.Name + "=" + v.Value.Text)
	}
	return b.String()
}
