package sim

import "math"

// The simulated vocabulary: ids below firstToken are special, as in Llama's
// tokenizer, and endOfText ends an output.
const (
	madeUpIDs  = 32000
	endOfText  = 2
	firstToken = 3
	textPerID  = 4 // bytes of text that make one prompt token
)

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014): neighbouring
// inputs give unrelated outputs.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// tokenize makes ids of text: a start token, then one for every four bytes.
// Real tokenizers differ; the number of tokens of English text is about right.
func tokenize(text string) []int {
	ids := make([]int, 1, 2+len(text)/textPerID)
	ids[0] = 1
	for len(text) > 0 {
		n := min(textPerID, len(text))
		var h uint64
		for _, b := range []byte(text[:n]) {
			h = h<<8 | uint64(b)
		}
		ids = append(ids, pickID(mix(h)))
		text = text[n:]
	}
	return ids
}

func pickID(h uint64) int { return firstToken + int(h%(madeUpIDs-firstToken)) }

// output is what the engine will say to one prompt: a function of seed and
// prompt, so nothing of it is stored.
type output struct {
	key   uint64
	n     int
	limit int         // the most that it may be
	stop  bool        // ends of itself, with the token that ends an output
	words *Vocabulary // a real tokenizer's; nil: made up
}

// promptKey depends on every token of the prompt and its place.
func promptKey(seed uint64, prompt []int) uint64 {
	h := mix(seed)
	for _, id := range prompt {
		h = mix(h ^ uint64(id))
	}
	return h
}

// newOutput decides how long the answer is. limit is the most it may be (at
// least 1); ignoreEOS makes it exactly that.
func newOutput(key uint64, l Lengths, minTokens, limit int, ignoreEOS bool) output {
	natural := naturalLength(mix(key), l)
	n := min(max(natural, minTokens, 1), limit)
	o := output{key: key, n: n, limit: limit, stop: natural < limit && minTokens < limit}
	if ignoreEOS {
		o.n, o.stop = limit, false
	}
	return o
}

// naturalLength draws from the log-normal distribution (Box-Muller).
func naturalLength(h uint64, l Lengths) int {
	if l.Sigma < 0 {
		return l.Median
	}
	u1 := (float64(h>>11) + 1) / (1 << 53)
	u2 := float64(mix(h)>>11) / (1 << 53)
	z := math.Sqrt(-2*math.Log(u1)) * math.Cos(2*math.Pi*u2)
	n := float64(l.Median) * math.Exp(l.Sigma*z)
	return int(math.Round(min(n, 1<<30)))
}

// id is the output's token number i, counted from 0.
func (o output) id(i int) int {
	switch {
	case o.stop && i == o.n-1:
		return o.end()
	case o.words != nil:
		return o.words.word(o, i).id
	}
	return pickID(mix(o.key + uint64(i)))
}

// end is the token that ends an output.
func (o output) end() int {
	if o.words != nil {
		return o.words.end
	}
	return endOfText
}

// appendText appends the text of the tokens from i to before j, which needs no escaping
// in JSON. With a real tokenizer its text becomes the same tokens again. Made up, special
// tokens and one token in 64 have no text of their own, as when a real tokenizer holds back
// part of a character: that text is no way to count tokens.
func (o output) appendText(b []byte, i, j int) []byte {
	if o.words != nil {
		if o.stop {
			j = min(j, o.n-1)
		}
		for ; i < j; i++ {
			w := o.words.word(o, i)
			if i == 0 {
				b = append(b, w.first...)
			} else {
				b = append(b, w.text...)
			}
		}
		return b
	}
	for ; i < j; i++ {
		if id := o.id(i); id >= firstToken && id%64 != 0 {
			b = append(b, ' ')
			b = append(b, words[id%len(words)]...)
		}
	}
	return b
}

// words is small on purpose: nobody shall take the text for a model's.
var words = [...]string{"sim", "token", "batch", "step", "queue", "cache", "head", "layer", "block", "prompt", "decode", "prefill", "sample", "query", "model", "engine"}
