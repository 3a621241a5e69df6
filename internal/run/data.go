package run

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"

	"mlcfg/internal/client"
	"mlcfg/internal/dataset"
)

// Data is where a run's samples come from.
type Data struct {
	// Path is the data set as the manifest names it, File where it is read from here.
	Path string `json:"path"`
	File string `json:"file,omitempty"`
	// Samples is how many of them the run uses, as the manifest says.
	Samples int `json:"samples"`
	// InFile is how many the file has, 0 where it has not been read. Where it has
	// more the first are used; where it has fewer, which only --force allows, they
	// come round again.
	InFile int `json:"samples_in_file,omitempty"`
	// Synthetic reports whether the samples are made up because the file is not
	// there, which only a simulated run may do.
	Synthetic bool `json:"synthetic,omitempty"`
	// Tokenizer is the file that made the token ids of samples that are text;
	// empty where none were made.
	Tokenizer string `json:"tokenizer,omitempty"`

	missing error
}

func (d *Data) name() string {
	if d.Synthetic {
		return "synthetic data instead of " + d.Path
	}
	return d.Path
}

// prompts are a data set's samples as the client takes them.
type prompts struct {
	set      *dataset.Set
	size     int      // samples as the run counts them
	messages [][]byte // of chat samples, as JSON
	texts    int      // samples that came as text, without token ids
	answers  int      // samples whose output is to be as long as a recorded answer
	// asked is how many tokens requests ask for where the sample does not say, length
	// what the model takes with the prompt; 0: not known.
	asked, length int
}

// open reads the columns of these roles of the data set, or makes one up.
func (d *Data) open(ctx context.Context, columns []string) (*prompts, error) {
	if d.Synthetic {
		return newPrompts(synthetic(d.Samples), d.Samples)
	}
	var roles []dataset.Role
	for _, c := range columns {
		roles = append(roles, dataset.Role(c))
	}
	set, err := dataset.Read(ctx, d.File, dataset.Options{Only: roles})
	if err != nil {
		return nil, err
	}
	d.InFile = set.Len()
	return newPrompts(set, d.Samples)
}

// synthetic makes up a data set: prompts of log-normal length around 250 tokens.
func synthetic(count int) *dataset.Set {
	rng := rand.New(rand.NewPCG(syntheticSeed, 0))
	set := &dataset.Set{Format: "synthetic", Samples: make([]dataset.Sample, count)}
	for i := range set.Samples {
		tokens := make([]int32, min(max(int(math.Exp(5.5+0.8*rng.NormFloat64())), 8), 1024))
		for j := range tokens {
			tokens[j] = 3 + rng.Int32N(31_997)
		}
		set.Samples[i].Tokens = tokens
	}
	return set
}

// syntheticSeed makes every made-up data set of one size the same.
const syntheticSeed = 20240501

func newPrompts(set *dataset.Set, size int) (*prompts, error) {
	if set.Len() == 0 {
		return nil, errors.New("the data set has no samples")
	}
	p := &prompts{set: set, size: size, answers: set.Answers()}
	for i := range set.Samples {
		s := &set.Samples[i]
		switch {
		case len(s.Tokens) > 0:
		case s.Prompt != "":
			p.texts++
		case len(s.Messages) > 0:
			if p.messages == nil {
				p.messages = make([][]byte, set.Len())
			}
			text, err := json.Marshal(s.Messages)
			if err != nil {
				return nil, fmt.Errorf("encoding the chat of sample %d: %w", i, err)
			}
			p.messages[i] = text
		default:
			return nil, fmt.Errorf("sample %d of the data set has no prompt", i)
		}
	}
	return p, nil
}

// chat reports whether prompts are conversations.
func (p *prompts) chat() bool { return p.messages != nil }

// Len is the number of samples.
func (p *prompts) Len() int { return p.size }

// row is where sample i stands in the file.
func (p *prompts) row(i int) int { return i % p.set.Len() }

// Fill sets the prompt of a request.
func (p *prompts) Fill(i int, r *client.Request) {
	i = p.row(i)
	s := &p.set.Samples[i]
	switch {
	case len(s.Tokens) > 0:
		r.Tokens = s.Tokens
	case p.messages != nil && p.messages[i] != nil:
		r.Messages = p.messages[i]
	default:
		r.Text = s.Prompt
	}
	r.MaxTokens = s.MaxTokens
	if room, over := p.room(s); over {
		r.MaxTokens = room
	}
}

// room is how many tokens the model's length leaves for the answer to a sample, and
// whether the request would ask for more. An engine that is called as a library, as the
// reference harness does, ends the answer there; its server would refuse the request.
func (p *prompts) room(s *dataset.Sample) (room int, over bool) {
	room = p.length - len(s.Tokens)
	return room, len(s.Tokens) > 0 && room > 0 && cmp.Or(s.MaxTokens, p.asked) > room
}

// bound fixes what the engine's length leaves for answers; it returns how many samples
// ask for more.
func (p *prompts) bound(asked, length int64) (over int) {
	p.asked, p.length = int(asked), int(length)
	for i := range p.set.Samples[:min(p.size, p.set.Len())] {
		if _, is := p.room(&p.set.Samples[i]); is {
			over++
		}
	}
	return over
}

// Tokens are the prompt's token ids.
func (p *prompts) Tokens(i int) []int32 { return p.set.Samples[p.row(i)].Tokens }

// locate finds the data set, or says that it has to be made up.
func (d *Data) locate(translate func(string) string, simulate bool) {
	d.File = d.Path
	if translate != nil {
		d.File = translate(d.Path)
	}
	if _, err := os.Stat(d.File); err == nil {
		return
	} else if d.missing = err; simulate {
		d.Synthetic, d.File, d.missing = true, "", nil
	}
}
