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
	// Values that were something else than their column's name says.
	counts, ids int // numbers of output tokens among token ids, token ids among texts
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
		err = b.putReferenceTokens(s, v)
	case RoleStopTokens:
		s.StopTokens, err = tokens(v)
	case RolePrompt:
		err = b.putPrompt(s, v)
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
		err = s.putMessages(v)
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

// putPrompt sets a prompt, which may be a list of token ids.
func (b *builder) putPrompt(s *Sample, v any) (err error) {
	if !isList(v) {
		s.Prompt, err = text(v)
		return err
	}
	b.ids++
	s.Tokens, err = tokens(v)
	return err
}

// isList reports whether v is a list, other than one of a single text.
func isList(v any) bool {
	switch list := v.(type) {
	case []any:
		if len(list) != 1 {
			return true
		}
		_, one := list[0].(string)
		return !one
	case []int32, []int64:
		return true
	}
	return false
}

// putReferenceTokens sets the token ids of a reference; a number instead of them is how
// many tokens are to be made.
func (b *builder) putReferenceTokens(s *Sample, v any) (err error) {
	n, err := count(v)
	if err == nil {
		b.counts++
		if s.MaxTokens == 0 {
			s.MaxTokens = n
		}
		return nil
	}
	if len(b.opt.Only) > 0 && !slices.Contains(b.opt.Only, RoleRefTokens) {
		return nil
	}
	s.ReferenceTokens, err = tokens(v)
	return err
}

// clear takes back what role means in sample i: a key that stands twice in an object
// means what it says last.
func (b *builder) clear(i int, role Role) {
	s := &b.set.Samples[i]
	switch role {
	case RoleTokens:
		s.Tokens = nil
	case RoleRefTokens:
		s.ReferenceTokens = nil
	case RoleStopTokens:
		s.StopTokens = nil
	case RolePrompt:
		s.Prompt = ""
	case RoleReference:
		s.Reference = ""
	case RoleID:
		s.ID = ""
	case RoleSource:
		s.Source = ""
	case RoleMetric:
		s.Metric = ""
	case RoleStop:
		s.Stop = nil
	case RoleMessages:
		s.Messages, s.Answer = nil, ""
	case RoleMaxTokens:
		s.MaxTokens = 0
	case RoleInputLength:
		if i < len(b.lengths) {
			b.lengths[i] = -1
		}
	}
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
	for i, c := range s.Columns {
		switch {
		case c.Role == RoleRefTokens && b.counts > 0:
			s.Columns[i].Role = RoleMaxTokens
		case c.Role == RolePrompt && b.ids == len(s.Samples):
			s.Columns[i].Role = RoleTokens
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
	wantPrompt := len(b.opt.Only) == 0 || slices.Contains(b.opt.Only, RoleTokens) || slices.Contains(b.opt.Only, RolePrompt) || slices.Contains(b.opt.Only, RoleMessages)
	if wantPrompt {
		if err := b.leaveOut(); err != nil {
			return nil, err
		}
	}
	answers := 0
	for i := range s.Samples {
		if s.Samples[i].Answer != "" {
			answers++
		}
	}
	if answers > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("%d conversations have an answer after the prompt: it is not sent, and its length is the length of the output where nothing else says that", answers))
	}
	return s, nil
}

// leaveOut leaves out the rows that have no prompt.
func (b *builder) leaveOut() error {
	all := b.set.Samples
	hasPrompt := func(s *Sample) bool { return len(s.Tokens) > 0 || s.Prompt != "" || len(s.Messages) > 0 }
	first, empty := 0, 0
	for i := range all {
		if !hasPrompt(&all[i]) {
			if empty == 0 {
				first = i
			}
			empty++
		}
	}
	switch {
	case empty == 0 || empty == len(all) && b.opt.AllowEmpty:
		return nil
	case empty == len(all):
		return fmt.Errorf("no column holds prompts: found %s; known for token ids are %s, for texts %s",
			b.columnList(), strings.Join(roleNames[0].names, ", "), strings.Join(roleNames[1].names, ", "))
	case b.opt.Strict:
		return fmt.Errorf("sample %d has neither token ids nor text (%d of %d samples have none)", first, empty, len(all))
	}
	b.set.Samples = slices.DeleteFunc(all, func(s Sample) bool { return !hasPrompt(&s) })
	b.set.Notes = append(b.set.Notes, fmt.Sprintf("%d of %d rows have neither token ids nor text and are left out, the first is row %d", empty, len(all), first))
	return nil
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
