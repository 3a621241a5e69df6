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
// processors. Chats are left as they are: their template is the engine's affair.
// It returns the number of samples that got token ids.
func (s *Set) Tokenize(ctx context.Context, enc Encoder, special bool) (int, error) {
	var todo []int
	for i := range s.Samples {
		if len(s.Samples[i].Tokens) == 0 && s.Samples[i].Prompt != "" {
			todo = append(todo, i)
		}
	}
	workers := min(runtime.GOMAXPROCS(0), len(todo))
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for n := w; n < len(todo) && errs[w] == nil && ctx.Err() == nil; n += workers {
				x := &s.Samples[todo[n]]
				ids, err := enc.Encode(x.Prompt, special)
				if err != nil {
					errs[w] = fmt.Errorf("tokenizing sample %d: %w", todo[n], err)
					return
				}
				x.Tokens = ids
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return len(todo), ctx.Err()
}
