package dataset

import (
	"context"
	"fmt"
	"runtime"
	"sync"
)

// Encoder turns a text into token ids; special adds what the tokenizer puts
// around a prompt. It is used by several goroutines at once.
type Encoder interface {
	Encode(text string, special bool) ([]int32, error)
}

// Tokenize makes token ids of the texts of samples that have none, on all
// processors. Chats are left as they are: their template is the engine's affair. The
// length of an answer that is recorded becomes the sample's MaxTokens where it has none,
// counted as vLLM's and SGLang's benchmarks count it, with what the tokenizer puts around
// a text. It returns the number of samples that got token ids.
func (s *Set) Tokenize(ctx context.Context, enc Encoder, special bool) (int, error) {
	var todo []int
	made := 0
	for i := range s.Samples {
		x := &s.Samples[i]
		if x.wantsTokens() {
			made++
		}
		if x.wantsTokens() || x.wantsLength() {
			todo = append(todo, i)
		}
	}
	workers := min(runtime.GOMAXPROCS(0), len(todo))
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for n := w; n < len(todo) && errs[w] == nil && ctx.Err() == nil; n += workers {
				if err := s.Samples[todo[n]].tokenize(enc, special); err != nil {
					errs[w] = fmt.Errorf("tokenizing sample %d: %w", todo[n], err)
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return made, ctx.Err()
}

// wantsTokens reports whether the sample is a text without token ids.
func (x *Sample) wantsTokens() bool { return len(x.Tokens) == 0 && x.Prompt != "" }

// wantsLength reports whether the length of the output is that of the recorded answer.
func (x *Sample) wantsLength() bool { return x.Answer != "" && x.MaxTokens == 0 }

func (x *Sample) tokenize(enc Encoder, special bool) error {
	if x.wantsLength() {
		ids, err := enc.Encode(x.Answer, special)
		if err != nil {
			return err
		}
		x.MaxTokens = max(len(ids), 1)
	}
	if !x.wantsTokens() {
		return nil
	}
	ids, err := enc.Encode(x.Prompt, special)
	x.Tokens = ids
	return err
}

// Answers is the number of samples whose output is to be as long as a recorded answer,
// and whose length is not known yet.
func (s *Set) Answers() int {
	n := 0
	for i := range s.Samples {
		if s.Samples[i].wantsLength() {
			n++
		}
	}
	return n
}
