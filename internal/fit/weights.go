package fit

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"mlcfg/internal/lazyregexp"
)

// Weights are a checkpoint's, in parts.
type Weights struct {
	Parts []Part `json:"parts"`
	// Source is where they are from.
	Source string `json:"source"`
}

// total is the bytes of all parts without the draft's.
func total(parts []Part) (bytes float64) {
	for _, p := range parts {
		if p.Where != InDraft {
			bytes += p.Bytes
		}
	}
	return bytes
}

// Tensor is one entry of a safetensors header.
type Tensor struct {
	DType string  `json:"dtype"`
	Shape []int64 `json:"shape"`
	// Offsets are where its bytes begin and end in the file's data.
	Offsets [2]int64 `json:"data_offsets"`
}

// maxHeader bounds a safetensors header, as the format's own library does.
const maxHeader = 100 << 20

// ReadHeader reads the header of a safetensors file (huggingface/safetensors, "Format"): eight
// bytes of length, little-endian, then JSON. It reads nothing of the tensors.
func ReadHeader(source string, r io.Reader) (map[string]Tensor, error) {
	var length [8]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, fmt.Errorf("%s: no safetensors file: %w", source, err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader {
		return nil, fmt.Errorf("%s: no safetensors file: its header would have %d bytes, want at most %d", source, n, maxHeader)
	}
	data, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err == nil && uint64(len(data)) < n {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("%s: reading the safetensors header: %w", source, err)
	}
	var raw map[string]json.RawMessage
	if err := decode(source, data, &raw); err != nil {
		return nil, err
	}
	tensors := make(map[string]Tensor, len(raw))
	for name, text := range raw {
		if name == "__metadata__" {
			continue
		}
		var t Tensor
		if err := json.Unmarshal(text, &t); err != nil {
			return nil, fmt.Errorf("%s: tensor %q: %w", source, name, err)
		}
		if t.Offsets[0] < 0 || t.Offsets[1] < t.Offsets[0] {
			return nil, fmt.Errorf("%s: tensor %q: data_offsets are %v, want a beginning and an end behind it", source, name, t.Offsets)
		}
		tensors[name] = t
	}
	return tensors, nil
}

// Index is a model.safetensors.index.json.
type Index struct {
	Total float64
	Files []string
}

// ReadIndex reads a model.safetensors.index.json.
func ReadIndex(source string, data []byte) (Index, error) {
	var raw struct {
		Metadata struct {
			Total float64 `json:"total_size"`
		} `json:"metadata"`
		Map map[string]string `json:"weight_map"`
	}
	if err := decode(source, data, &raw); err != nil {
		return Index{}, err
	}
	if raw.Metadata.Total < 0 || math.IsNaN(raw.Metadata.Total) || raw.Metadata.Total > 1<<50 {
		return Index{}, fmt.Errorf("%s: metadata.total_size is %v, want a number of bytes", source, raw.Metadata.Total)
	}
	seen := map[string]bool{}
	out := Index{Total: raw.Metadata.Total}
	for _, file := range raw.Map {
		if strings.ContainsAny(file, "/\\") || file == "" || file == ".." {
			return Index{}, fmt.Errorf("%s: weight_map names %q, want a file beside it", source, file)
		}
		if !seen[file] {
			seen[file] = true
			out.Files = append(out.Files, file)
		}
	}
	if out.Total == 0 && len(out.Files) == 0 {
		return Index{}, errors.New(source + ": has neither metadata.total_size nor weight_map")
	}
	return out, nil
}

var (
	inLayer = lazyregexp.New(`\blayers\.(\d+)\.`)
	// whole are tensors that each rank of tensor parallel has all of.
	whole = lazyregexp.New(`norm|router|mlp\.gate\.|block_sparse_moe\.gate\.|q_a_proj|kv_a_proj|indexer|\bvision|visual|multi_modal|mm_projector|audio`)
	heads = lazyregexp.New(`[kv]_proj|key_value`)
)

// sorted makes parts of the tensors of a checkpoint; layers are the model's, those beyond are its draft's.
func sorted(parts []Part, tensors map[string]Tensor, layers int) []Part {
	for name, t := range tensors {
		p := Part{Bytes: float64(t.Offsets[1] - t.Offsets[0]), Split: ByTensor, Where: AtFirst}
		number := -1
		if m := inLayer.FindStringSubmatch(name); m != nil {
			number, _ = strconv.Atoi(m[1])
		}
		switch {
		case strings.HasPrefix(name, "mtp.") || strings.Contains(name, ".mtp.") || number >= layers:
			p.Where = InDraft
		case strings.Contains(name, "visual") || strings.Contains(name, "vision"):
		case number >= 0:
			p.Where = InLayers
		case strings.Contains(name, "lm_head") || strings.HasSuffix(name, "embed_out.weight"):
			p.Where = AtLast
		}
		switch {
		case strings.Contains(name, ".experts.") || strings.Contains(name, ".experts_"):
			p.Split = ByExpert
		case whole.MatchString(name):
			p.Split = Whole
		case heads.MatchString(name) && !strings.Contains(name, "kv_b_proj"):
			p.Split = ByHeads
		}
		p.Name = string(p.Where) + ", by " + string(p.Split)
		parts = join(parts, p)
	}
	return parts
}

// spread is how weights lie on GPUs.
type spread struct {
	tp, experts, kvHeads int64
	// layers is the share of the layers on the fullest stage, first and last whether it has the ends.
	layers      float64
	first, last bool
	draft       bool
	// pad makes experts larger, where an engine pads them.
	pad float64
}

// perGPU are the bytes on the GPU that has the most.
func (s spread) perGPU(parts []Part) (bytes float64) {
	for _, p := range parts {
		b := p.Bytes
		switch p.Split {
		case ByTensor:
			b /= float64(s.tp)
		case ByExpert:
			b *= max(1, s.pad) / float64(s.experts)
		case ByHeads:
			b *= float64(max(1, s.kvHeads/s.tp)) / float64(max(1, s.kvHeads))
		}
		switch p.Where {
		case InLayers:
			b *= s.layers
		case AtFirst:
			if !s.first {
				b = 0
			}
		case AtLast:
			if !s.last {
				b = 0
			}
		case InDraft:
			if !s.draft {
				b = 0
			}
		}
		bytes += b
	}
	return bytes
}
