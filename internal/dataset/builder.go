package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// errLimit ends reading early once Options.Limit samples are there.
var errLimit = errors.New("limit reached")

// maxColumns bounds the columns that are listed; those with a meaning always are.
const maxColumns = 4096

// builder turns cells into samples.
type builder struct {
	opt     Options
	names   map[string]meaning
	set     *Set
	columns map[string]int // index in set.Columns
	lengths []int32        // what an input-length column claims, -1 for none
}

func newBuilder(opt Options) *builder {
	return &builder{opt: opt, names: meanings(opt), set: &Set{}, columns: map[string]int{}}
}

// column registers a column and returns its meaning; wanted is false for one that
// is not to be read.
func (b *builder) column(name, typ string) (m meaning, wanted bool) {
	if len(name) > maxColumns {
		return m, false
	}
	m, wanted = b.names[strings.ToLower(name)]
	if _, ok := b.columns[name]; !ok && (wanted || len(b.columns) < maxColumns) {
		b.columns[name] = len(b.set.Columns)
		b.set.Columns = append(b.set.Columns, Column{Name: name, Type: typ})
	}
	return m, wanted
}

// choose decides between the columns of a table: for each role the one with the
// most preferred name. It returns the indices to read.
func (b *builder) choose() map[int]Role {
	best := map[Role]int{}
	for i, c := range b.set.Columns {
		m, ok := b.names[strings.ToLower(c.Name)]
		if !ok {
			continue
		}
		if j, taken := best[m.role]; !taken || m.rank < b.names[strings.ToLower(b.set.Columns[j].Name)].rank {
			best[m.role] = i
		}
	}
	out := map[int]Role{}
	for role, i := range best {
		out[i] = role
		b.set.Columns[i].Role = role
	}
	return out
}

// rows makes room for n samples.
func (b *builder) rows(n int) error {
	if b.opt.Limit > 0 {
		n = min(n, b.opt.Limit)
	}
	if n > MaxSamples {
		return fmt.Errorf("%d samples, at most %d are read", n, MaxSamples)
	}
	b.set.Samples = make([]Sample, n)
	return nil
}

// next adds a sample and returns its index, or errLimit.
func (b *builder) next() (int, error) {
	n := len(b.set.Samples)
	if b.opt.Limit > 0 && n == b.opt.Limit {
		return 0, errLimit
	}
	if n == MaxSamples {
		return 0, fmt.Errorf("more than %d samples", MaxSamples)
	}
	b.set.Samples = append(b.set.Samples, Sample{})
	return n, nil
}

// put sets what role means in sample i. Values are those of [pandas.Frame.Read]
// and of decoded JSON.
func (b *builder) put(i int, role Role, v any) error {
	if v == nil {
		return nil
	}
	s := &b.set.Samples[i]
	var err error
	switch role {
	case RoleTokens:
		s.Tokens, err = tokens(v)
	case RoleRefTokens:
		s.ReferenceTokens, err = tokens(v)
	case RoleStopTokens:
		s.StopTokens, err = tokens(v)
	case RolePrompt:
		s.Prompt, err = text(v)
	case RoleReference:
		s.Reference, err = text(v)
	case RoleID:
		s.ID, err = text(v)
	case RoleSource:
		s.Source, err = text(v)
	case RoleMetric:
		s.Metric, err = text(v)
	case RoleStop:
		s.Stop, err = texts(v)
	case RoleMessages:
		s.Messages, err = messages(v)
	case RoleMaxTokens:
		s.MaxTokens, err = count(v)
	case RoleInputLength:
		var n int
		if n, err = count(v); err == nil {
			b.claim(i, n)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", role, err)
	}
	return nil
}

// claim remembers the length that the file says sample i's prompt has.
func (b *builder) claim(i, n int) {
	for len(b.lengths) <= i {
		b.lengths = append(b.lengths, -1)
	}
	b.lengths[i] = int32(min(n, 1<<30))
}

// finish checks the samples and returns the set.
func (b *builder) finish() (*Set, error) {
	s := b.set
	if len(s.Samples) == 0 {
		return nil, errors.New("it holds no samples")
	}
	wantPrompt := len(b.opt.Only) == 0 || slices.Contains(b.opt.Only, RoleTokens) || slices.Contains(b.opt.Only, RolePrompt) || slices.Contains(b.opt.Only, RoleMessages)
	if wantPrompt && !b.opt.AllowEmpty {
		if err := b.checkPrompts(); err != nil {
			return nil, err
		}
	}
	wrong := 0
	for i, n := range b.lengths {
		if t := s.Samples[i].Tokens; n >= 0 && t != nil && int(n) != len(t) {
			wrong++
		}
	}
	if wrong > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("%d samples have another number of token ids than the length column says", wrong))
	}
	return s, nil
}

func (b *builder) checkPrompts() error {
	var first, empty int
	for i := range b.set.Samples {
		s := &b.set.Samples[i]
		if len(s.Tokens) == 0 && s.Prompt == "" && len(s.Messages) == 0 {
			if empty == 0 {
				first = i
			}
			empty++
		}
	}
	switch {
	case empty == 0:
		return nil
	case empty == len(b.set.Samples):
		return fmt.Errorf("no column holds prompts: found %s; known for token ids are %s, for texts %s",
			b.columnList(), strings.Join(roleNames[0].names, ", "), strings.Join(roleNames[1].names, ", "))
	}
	return fmt.Errorf("sample %d has neither token ids nor text (%d of %d samples have none)", first, empty, len(b.set.Samples))
}

func (b *builder) columnList() string {
	const most = 30
	var names []string
	for _, c := range b.set.Columns {
		names = append(names, c.Name)
	}
	if len(names) > most {
		names = append(names[:most], "...")
	}
	if len(names) == 0 {
		return "no columns"
	}
	return strings.Join(names, ", ")
}
