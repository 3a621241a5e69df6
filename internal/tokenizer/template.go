package tokenizer

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// templatePart is one part of what is made of a text's ids: ids of its own, or
// the text's.
type templatePart struct {
	ids  []int32
	text bool
}

type templateFile struct {
	Type       string           `json:"type"`
	Processors []jsontext.Value `json:"processors"`
	Single     []struct {
		Special *struct {
			ID string `json:"id"`
		} `json:"SpecialToken"`
		Sequence *struct {
			ID string `json:"id"`
		} `json:"Sequence"`
	} `json:"single"`
	Begin         []jsontext.Value `json:"cls"`
	End           []jsontext.Value `json:"sep"`
	SpecialTokens map[string]struct {
		IDs []int32 `json:"ids"`
	} `json:"special_tokens"`
}

// parsePostProcessor reads what is put around a text; nil for nothing.
func parsePostProcessor(raw jsontext.Value, depth int) ([]templatePart, error) {
	if absent(raw) {
		return nil, nil
	}
	if depth > maxNesting {
		return nil, errNesting
	}
	var f templateFile
	if err := json.Unmarshal(raw, &f, lenient); err != nil {
		return nil, err
	}
	switch f.Type {
	case "ByteLevel": // concerns offsets alone
		return nil, nil
	case "Sequence":
		var out []templatePart
		for _, r := range f.Processors {
			t, err := parsePostProcessor(r, depth+1)
			if err != nil {
				return nil, err
			}
			if t != nil && out != nil { // the library gives the second the first one's parts as a pair of texts
				return nil, fmt.Errorf("two templates, one after the other, are not read")
			}
			if t != nil {
				out = t
			}
		}
		return out, nil
	case "BertProcessing", "RobertaProcessing":
		begin, end, err := f.ends()
		return []templatePart{{ids: begin}, {text: true}, {ids: end}}, err
	case "TemplateProcessing":
		out := []templatePart{}
		for _, p := range f.Single {
			switch {
			case p.Sequence != nil:
				out = append(out, templatePart{text: true})
			case p.Special != nil:
				t, ok := f.SpecialTokens[p.Special.ID]
				if !ok {
					return nil, fmt.Errorf("the template's token %q has no ids", p.Special.ID)
				}
				out = append(out, templatePart{ids: t.IDs})
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("type %s is not read", f.Type)
}

// ends returns the ids that BERT puts around a text: each is a pair of token and id.
func (f *templateFile) ends() (begin, end []int32, err error) {
	for _, e := range []struct {
		name string
		pair []jsontext.Value
		ids  *[]int32
	}{{"cls", f.Begin, &begin}, {"sep", f.End, &end}} {
		var id int32
		if len(e.pair) != 2 || json.Unmarshal(e.pair[1], &id, lenient) != nil || id < 0 {
			return nil, nil, fmt.Errorf("%s is no pair of a token and its id", e.name)
		}
		*e.ids = []int32{id}
	}
	return begin, end, nil
}

func applyTemplate(parts []templatePart, ids []int32) []int32 {
	var out []int32
	for _, p := range parts {
		if p.text {
			out = slices.Concat(out, ids)
		} else {
			out = append(out, p.ids...)
		}
	}
	return out
}
