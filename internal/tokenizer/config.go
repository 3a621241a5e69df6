package tokenizer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/plainfile"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// configFile is what is read of tokenizer_config.json.
type configFile struct {
	CleanUp bool           `json:"clean_up_tokenization_spaces"`
	Class   string         `json:"tokenizer_class"`
	AddBOS  *bool          `json:"add_bos_token"`
	AddEOS  *bool          `json:"add_eos_token"`
	BOS     jsontext.Value `json:"bos_token"`
	EOS     jsontext.Value `json:"eos_token"`
}

// ownTemplate holds the classes of transformers (4.57) that put a token of the
// configuration before and after a text, whatever tokenizer.json says, and whether they
// add the first one where the configuration does not say.
var ownTemplate = map[string]bool{"Llama": true, "CodeLlama": true, "Gemma": true, "Cohere": true, "GPTNeoX": false}

// configure does what the tokenizer_config.json beside tokenizer.json asks for; a
// folder without one leaves everything as it is.
func (t *Tokenizer) configure(dir string) error {
	path := filepath.Join(dir, "tokenizer_config.json")
	data, err := plainfile.Read(context.Background(), path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var c configFile
	if err == nil {
		err = json.Unmarshal(data, &c, lenient)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	t.CleanUp = c.CleanUp
	class := strings.TrimSuffix(strings.TrimSuffix(c.Class, "Fast"), "Tokenizer")
	before := t.template
	if err := t.begin(class, &c); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	own := !slices.Equal(applyTemplate(before, nil), applyTemplate(t.template, nil))
	t.Under5 = under5(dir, class, t.byteLevel, own)
	return nil
}

// begin sets what begins and ends a text, where the class takes it from the configuration.
func (t *Tokenizer) begin(class string, c *configFile) error {
	begins, own := ownTemplate[class]
	if !own {
		return nil
	}
	if c.AddBOS != nil {
		begins = *c.AddBOS
	}
	template := []templatePart{{text: true}}
	if begins {
		ids, err := t.named("bos_token", c.BOS)
		if err != nil {
			return err
		}
		template = append([]templatePart{{ids: ids}}, template...)
	}
	if c.AddEOS != nil && *c.AddEOS {
		ids, err := t.named("eos_token", c.EOS)
		if err != nil {
			return err
		}
		template = append(template, templatePart{ids: ids})
	}
	t.template = template
	return nil
}

// named returns the id of a token that the configuration names, as a text or as an
// object with its content.
func (t *Tokenizer) named(key string, raw jsontext.Value) ([]int32, error) {
	var token struct {
		Content string `json:"content"`
	}
	var err error
	switch {
	case absent(raw):
		return nil, fmt.Errorf("%s is wanted and not given", key)
	case raw.Kind() == '"':
		err = json.Unmarshal(raw, &token.Content, lenient)
	default:
		err = json.Unmarshal(raw, &token, lenient)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	if id, ok := t.added.ids[token.Content]; ok {
		return []int32{id}, nil
	}
	if id := t.model.id(token.Content); id >= 0 {
		return []int32{id}, nil
	}
	return nil, fmt.Errorf("%s %q is no token of tokenizer.json", key, token.Content)
}
