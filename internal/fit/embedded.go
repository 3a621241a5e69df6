package fit

import (
	"embed"
	"path"
	"slices"
	"strings"
	"sync"

	"mlcfg/internal/lazyregexp"
)

//go:embed cards/*.json
var cardFiles embed.FS

// cardNames has a line for each embedded card: its file without ending, its model's name, and others of
// the same shapes and weights, with tabs between them.
//
//go:embed cards/names.txt
var cardNames string

// embeddedCard is an embedded card: its names, and its model, which is read when it is asked for.
type embeddedCard struct {
	names []string
	read  func() (*Model, error)
}

// cards are the embedded ones.
var cards = sync.OnceValue(func() []embeddedCard {
	var all []embeddedCard
	for line := range strings.Lines(cardNames) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) < 2 {
			continue
		}
		file, source := "cards/"+fields[0]+".json", "card of "+fields[1]
		all = append(all, embeddedCard{fields[1:], sync.OnceValues(func() (*Model, error) {
			data, err := cardFiles.ReadFile(file)
			if err != nil {
				return nil, err
			}
			m, err := ReadCard(source, data)
			if m != nil {
				m.byShapes = sync.OnceValues(m.parts)
			}
			return m, err
		})})
	}
	return all
})

// byName are the embedded cards by their names in lower case; by those without who published
// the model too, where no card before has it.
var byName = sync.OnceValues(func() (whole, short map[string]*embeddedCard) {
	whole, short = map[string]*embeddedCard{}, map[string]*embeddedCard{}
	for i := range cards() {
		c := &cards()[i]
		for _, name := range c.names {
			name = strings.ToLower(name)
			if whole[name] == nil {
				whole[name] = c
			}
			if base := path.Base(name); short[base] == nil {
				short[base] = c
			}
		}
	}
	return whole, short
})

// Cards are the names of the embedded cards' models.
func Cards() []string {
	var names []string
	for _, c := range cards() {
		names = append(names, c.names[0])
	}
	slices.Sort(names)
	return names
}

// model is the card's, for the caller to change: its parts are shared.
func (c *embeddedCard) model() (*Model, error) {
	shared, err := c.read()
	if err != nil {
		return nil, err
	}
	m := *shared
	return &m, nil
}

// FindCard finds an embedded card by its model's name, with or without who published it; nil for none.
func FindCard(name string) *Model {
	name = strings.ToLower(name)
	whole, short := byName()
	for _, c := range []*embeddedCard{whole[name], short[path.Base(name)]} {
		if c == nil {
			continue
		}
		if m, err := c.model(); err == nil {
			return m
		}
	}
	return nil
}

// FindShapes is FindCard without the weights: a folder that a benchmark names may hold them in
// any type.
func FindShapes(name string) *Model {
	m := FindCard(name)
	if m != nil {
		m.Weights, m.byShapes, m.Quant = nil, nil, Quantization{Method: "not known: the benchmark's name says the shapes alone"}
	}
	return m
}

// embedded finds a card by its name, or by a name that training alone tells from it, or the shapes of
// one that is published in another type.
func embedded(name string) *Model {
	name = strings.ReplaceAll(strings.TrimSpace(name), " ", "-")
	if m := FindCard(name); m != nil {
		return m
	}
	trained, _ := byShapesOf()
	if c := trained[sameShapes(path.Base(name))]; c != nil {
		if m, err := c.model(); err == nil {
			return m
		}
	}
	return shapesOnly(name)
}

var (
	tuned     = lazyregexp.New(`-(?:instruct|chat|base|it|hf|thinking|\d{4})\b|^meta-`)
	quantized = lazyregexp.New(`(?i)[-_](?:fp8|nvfp4|fp4|mxfp4|awq|gptq|int4|int8|w4a16|w8a8|4bit|8bit|bf16|autoround|quantized|dynamic|block|modelopt|amd|ocp)[-_.\w]*$`)
)

// sameShapes is a name without what training alone changes.
func sameShapes(name string) string { return tuned.ReplaceAllString(strings.ToLower(name), "") }

// shapesOnly finds the shapes of a model that is published in another type of weights: how large
// those are is not known.
func shapesOnly(name string) *Model {
	_, others := byShapesOf()
	c := others[sameShapes(quantized.ReplaceAllString(path.Base(name), ""))]
	if c == nil {
		return nil
	}
	m, err := c.model()
	if err != nil {
		return nil
	}
	m.Name, m.Weights, m.byShapes = name, nil, nil
	m.Quant = Quantization{Method: byItsName, Bits: bitsByName(strings.ToLower(name)), KV: m.Quant.KV}
	m.Note = "how the weights are quantized: taken from the name of the model, with the shapes of " + c.names[0] + "; what is left in 16 bits is not known"
	if m.Quant.Bits == 0 {
		m.Quant.Method = "of another type than in the card of " + c.names[0]
	}
	return m
}

// byShapesOf are the cards by the names of their models without what training alone changes, and those without
// the words of quantization too; the first of two counts.
var byShapesOf = sync.OnceValues(func() (trained, others map[string]*embeddedCard) {
	trained, others = map[string]*embeddedCard{}, map[string]*embeddedCard{}
	for i := range cards() {
		c := &cards()[i]
		for _, n := range c.names {
			base := path.Base(n)
			if key := sameShapes(base); trained[key] == nil {
				trained[key] = c
			}
			if key := sameShapes(quantized.ReplaceAllString(base, "")); others[key] == nil {
				others[key] = c
			}
		}
	}
	return trained, others
})

// bitsByName are those of a weight that a model's name tells of, 0 for none.
func bitsByName(name string) float64 {
	for _, s := range []struct {
		word string
		bits float64
	}{
		{"nvfp4", 4.5},
		{"mxfp4", 4.25},
		{"fp4", 4.5},
		{"fp8", 8},
		{"w8a8", 8},
		{"int8", 8},
		{"8bit", 8},
		{"w8a16", 8},
		{"awq", 4.16},
		{"gptq", 4.16},
		{"int4", 4.16},
		{"w4a16", 4.16},
		{"4bit", 4.16},
		{"autoround", 4.16},
		{"bf16", 16},
	} {
		if strings.Contains(name, s.word) {
			return s.bits
		}
	}
	return 0
}
