// Package attest reads what an engine says of its own start, and holds it against what was
// configured and against what internal/fit computes.
//
//	said, err := attest.ReadLog(file)
//	said.Tokens // "GPU KV cache size: 973,760 tokens"
//	differences := attest.Compare(request, said, nil)
//
// Which lines say it is the engine's own: [backend.Backend.Start].
package attest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag/secret"
	"mlcfg/internal/lazyregexp"
)

// Said is what an engine says of its start; nil and empty is what it does not say. A figure that
// several ranks print is the least of them: the fullest rank decides.
type Said struct {
	Engine  string `json:"engine"`
	Release string `json:"release,omitempty"`
	// Args are the arguments in force; All reports whether they include the defaults.
	Args map[string]any `json:"args,omitempty"`
	All  bool           `json:"args_with_defaults,omitempty"`
	// Resolved are values in force of some keys, as the engine made them of its arguments.
	Resolved map[string]any `json:"resolved,omitempty"`
	// Weights and KV are in GiB on a GPU.
	Weights     *float64 `json:"weights_gib,omitempty"`
	KV          *float64 `json:"kv_gib,omitempty"`
	Tokens      *int64   `json:"kv_tokens,omitempty"`
	Concurrency *float64 `json:"max_concurrency,omitempty"`
	// Length is the length that Concurrency is of.
	Length *int64 `json:"max_model_len,omitempty"`
	// Attention is the backend of attention, Unread the variables that the engine does not know.
	Attention string   `json:"attention_backend,omitempty"`
	Unread    []string `json:"unread_variables,omitempty"`

	pools map[string]float64 // KV memory by rank: one may have several pools
}

// maxLine bounds a line, in bytes; what is longer is no line of a start.
const maxLine = 4 << 20

// line is a line to look for, of an engine.
type line struct {
	of   *backend.Backend
	fact backend.StartFact
	form *regexp.Regexp
}

var startLines = sync.OnceValue(func() []line {
	var all []line
	for _, b := range backend.Engines() {
		for _, l := range b.Start {
			all = append(all, line{b, l.Fact, regexp.MustCompile(l.Form)})
		}
	}
	return all
})

var escape = lazyregexp.New("\x1b\\[[0-9;]*m")

// ReadLog reads an engine's log. Lines that say nothing of a start, and those beyond 4 MiB, are passed over.
func ReadLog(r io.Reader) (*Said, error) {
	said := &Said{}
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		text, err := readLine(lines)
		if text != "" {
			said.line(escape.ReplaceAllString(text, ""))
		}
		if errors.Is(err, io.EOF) {
			for _, sum := range said.pools {
				least(&said.KV, math.Round(sum*1000)/1000)
			}
			return said, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the log: %w", err)
		}
	}
}

// readLine reads a line; of one that is too long nothing is returned.
func readLine(r *bufio.Reader) (string, error) {
	var whole []byte
	long := false
	for {
		part, err := r.ReadSlice('\n')
		if long = long || len(whole)+len(part) > maxLine; !long {
			whole = append(whole, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if long {
			return "", err
		}
		return string(whole), err
	}
}

func (s *Said) line(text string) {
	for _, l := range startLines() {
		if s.Engine != "" && l.of.Engine != s.Engine {
			continue
		}
		m := l.form.FindStringSubmatchIndex(text)
		if m == nil {
			continue
		}
		var groups []string
		for i := 2; i+1 < len(m); i += 2 {
			if m[i] >= 0 {
				groups = append(groups, text[m[i]:m[i+1]])
			}
		}
		s.Engine = l.of.Engine
		if l.fact == backend.StartKV {
			s.pool(strings.Join(rank.FindAllString(text[:m[0]], -1), " "), groups)
			continue
		}
		s.fact(l, groups, strings.TrimRight(text[m[1]:], "\r\n"))
	}
}

// rank is what a line begins with where a rank of several prints it.
var rank = lazyregexp.New(`(?:TP|DP|PP|EP)\d+`)

func (s *Said) pool(of string, sizes []string) {
	if s.pools == nil {
		s.pools = map[string]float64{}
	}
	for _, size := range sizes {
		s.pools[of] += number(size)
	}
}

func (s *Said) fact(l line, groups []string, rest string) {
	switch l.fact {
	case backend.StartRelease:
		s.Release = strings.TrimRight(groups[0], ".")
	case backend.StartArguments, backend.StartAll:
		if s.Args == nil {
			s.Args, _ = dict(rest, '}', ':', 0)
			s.Args, s.All = hidden(s.Args), l.fact == backend.StartAll
		}
	case backend.StartAllCall:
		if s.Args == nil {
			s.Args, _ = dict(rest, ')', '=', 0)
			s.Args, s.All = hidden(s.Args), true
		}
	case backend.StartResolved:
		s.resolve(l.of, rest)
	case backend.StartTokens:
		least(&s.Tokens, whole(groups[0]))
	case backend.StartWeights:
		least(&s.Weights, number(groups[0]))
	case backend.StartConcurrency:
		if c := number(groups[1]); s.Concurrency == nil || c < *s.Concurrency {
			length := whole(groups[0])
			s.Length, s.Concurrency = &length, &c
		}
	case backend.StartAttention:
		if s.Attention == "" {
			s.Attention = groups[0]
			if name, ok := l.of.AttentionNames[s.Attention]; ok {
				s.Attention = name
			}
		}
	case backend.StartUnread:
		if !slices.Contains(s.Unread, groups[0]) {
			s.Unread = append(s.Unread, groups[0])
		}
	}
}

// resolve reads values in force under the keys of the arguments.
func (s *Said) resolve(b *backend.Backend, text string) {
	if s.Resolved != nil {
		return
	}
	values, _ := dict(text, ')', '=', 0)
	s.Resolved = map[string]any{}
	for key, v := range values {
		if name, ok := b.Resolved[key]; ok {
			key = name
		}
		s.Resolved[key] = v
	}
	s.Resolved = hidden(s.Resolved)
}

// ReadInfo adds what a running engine answers to one of [backend.Info.Paths]; source names it in errors.
func (s *Said) ReadInfo(b *backend.Backend, source string, data []byte) error {
	var raw map[string]any
	if err := json.Unmarshal(data, &raw); err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	s.Engine = b.Engine
	if key := b.Info.Text; key != "" {
		if text, ok := raw[key].(string); ok {
			s.resolve(b, text)
		}
		return nil
	}
	if release, ok := raw["version"].(string); ok && s.Release == "" {
		s.Release = release
	}
	if n, ok := raw[b.Info.Tokens].(float64); ok && n > 0 && n < 1<<53 {
		least(&s.Tokens, int64(n))
	}
	if s.Args == nil {
		delete(raw, "internal_states")
		s.Args, s.All = hidden(raw), true
	}
	return nil
}

// hidden is arguments without the values of what is named as a credential or looks like one, at
// any depth.
func hidden(args map[string]any) map[string]any {
	for key, v := range args {
		args[key] = hide(key, v)
	}
	return args
}

// hide is the value of a key, or an element of it.
func hide(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		return hidden(v)
	case []any:
		if secret.Within(key) {
			return "(hidden)"
		}
		for i := range v {
			v[i] = hide(key, v[i])
		}
		return v
	case string:
		if secret.Within(key) || secret.Value(v) {
			return "(hidden)"
		}
		return secret.Hide(v)
	}
	return v
}

// least keeps the least of what lines say.
func least[T int64 | float64](into **T, n T) {
	if *into == nil || n < **into {
		*into = &n
	}
}

func whole(text string) int64 {
	n, _ := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 64)
	return n
}

func number(text string) float64 {
	n, _ := strconv.ParseFloat(text, 64)
	return n
}
