package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/client/balance"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/tokenizer"
)

// TokenizerOf is where a manifest's engine has its tokenizer: the file
// tokenizer.json in the model's folder, or of the folder that the engine is told
// to take it from. translate may be nil. It is empty where there is none here.
func TokenizerOf(m *manifest.Manifest, translate func(string) string) string {
	b, ok := backend.With(m.Backend, m.Engine.Name)
	if !ok {
		return ""
	}
	for _, key := range []string{b.Tokenizer, b.Model} {
		folder, ok := manifest.Text(m.EngineConfig, key)
		if !ok || folder == "" {
			continue
		}
		if translate != nil {
			folder = translate(folder)
		}
		file := filepath.Join(folder, "tokenizer.json")
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

// tokenize makes token ids of samples that are text, as MLPerf's data sets have
// them, and counts the tokens of recorded answers. Where no tokenizer is there the
// text is sent, and the engine's is used.
func (p *Plan) tokenize(ctx context.Context, o Options) error {
	answers := p.samples.answers
	if p.samples.texts == 0 && answers == 0 {
		return nil
	}
	file := o.Tokenizer
	if file == "" {
		file = TokenizerOf(p.Manifest, o.Translate)
	}
	if file == "" {
		return p.sendText("no tokenizer.json is in the model's folder here")
	}
	tok, err := tokenizer.Open(file)
	switch {
	case err == nil:
	case o.Tokenizer != "":
		return fmt.Errorf("reading the tokenizer: %w", err)
	default:
		return p.sendText(err.Error())
	}
	n, err := p.samples.set.Tokenize(ctx, tok, true)
	if err != nil {
		return fmt.Errorf("making token ids of the data set's texts with %s: %w", file, err)
	}
	p.Data.Tokenizer = file
	if n > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("token ids of %d samples made from their texts with %s", n, file))
	}
	if b, ok := backend.With(p.Manifest.Backend, p.Manifest.Engine.Name); ok && !o.Engine.Simulate {
		if note := otherTransformers(b, p.Manifest.Engine.Version, tok.Under5); note != "" {
			p.Notes = append(p.Notes, note)
		}
	}
	if answers > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d samples ask for as many tokens as their recorded answers have, counted with %s", answers, file))
	}
	return nil
}

// otherTransformers says that the engine's release may have a transformers library that
// makes other ids of texts, as under5 says; empty where that is not known.
func otherTransformers(b *backend.Backend, version, under5 string) string {
	asks, ok := b.TransformersOf(version)
	if !ok || under5 == "" || !strings.Contains(asks.Major, "5") {
		return ""
	}
	return fmt.Sprintf("%s %s takes transformers %s (as its releases do since %s); ids are made here as transformers 4 makes them, and with 5 %s", b.Title, version, asks.Major, asks.From, under5)
}

// sendText notes that texts are sent as they are, and refuses that where the
// length of prompts in tokens decides what is sent where.
func (p *Plan) sendText(why string) error {
	if what := p.needsTokens(); what != "" && p.samples.texts > 0 {
		return fmt.Errorf("%s goes by the prompts' tokens, and %d samples of the data set are text: %s (--tokenizer names one)", what, p.samples.texts, why)
	}
	if p.samples.texts > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d samples are sent as text, for the engine's own tokenizer: %s", p.samples.texts, why))
	}
	if answers := p.samples.answers; answers > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("the recorded answers of %d samples do not bound their outputs, since their tokens cannot be counted: %s", answers, why))
	}
	return nil
}

// needsTokens names the setting that looks at the prompts' tokens, if one does.
func (p *Plan) needsTokens() string {
	h := p.Manifest.HarnessConfig
	switch p.settings.Scenario {
	case loadgen.Offline:
		strategy, _ := manifest.Text(manifest.Section(h, "sorting"), "strategy")
		switch balance.Strategy(strategy) {
		case "", balance.Ignore, balance.Buckets:
			return ""
		}
		return "harness_config.sorting.strategy " + strategy
	case loadgen.Server:
		if algorithm, _ := manifest.Text(h, "schedule_algo"); balance.Algorithm(algorithm) == balance.ShortestQueueWithTokens {
			return "harness_config.schedule_algo " + algorithm
		}
	}
	return ""
}
