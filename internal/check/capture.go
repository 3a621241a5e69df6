package check

import (
	"fmt"
	"math/big"

	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// The harness's way to write a long list of batch sizes, and the key of the
// engine that it stands for; both in vLLM's compilation_config.
const (
	CaptureRange = "cudagraph_capture_range"
	CaptureSizes = "cudagraph_capture_sizes"
)

// maxCaptured bounds the batch sizes of one list: each is a graph in the device's memory.
const maxCaptured = 1 << 16

// ExpandCapture expands the capture range of a compilation_config as the harness of the
// round does: integers as they are, [start, stop, step] as Python's range, in order.
// sizes is nil where there is none, or where it has a fault.
func ExpandCapture(config *merge.Tree, round *schema.Schema) (sizes *source.Node, found diag.List) {
	t := config.Lookup(CaptureRange)
	if t == nil {
		return nil, nil
	}
	s := settingOf(t)
	fail := func(pos diag.Pos, format string, args ...any) (*source.Node, diag.List) {
		found.Add(diag.Diagnostic{
			Pos: pos, Severity: diag.Error, Code: "capture-range", Key: t.Path, Message: fmt.Sprintf(format, args...),
			Hint: "it is a list of integers and of [start, stop, step], as Python's range",
		})
		return nil, found
	}
	key, ok := round.Section("compilation_config").Key(CaptureRange)
	if !ok {
		c := &checker{schema: round}
		history := schema.History(schema.Harness, "compilation_config", CaptureRange)
		_, found = fail(s.KeyPos, "the harness of round %s does not expand %s: %s", round.Release, CaptureRange, c.becameOf(history))
		found[0].Hint = nameRound(history[len(history)-1].Last)
		return nil, found
	}
	if other := config.Lookup(CaptureSizes); other != nil && settingOf(other).Node.Kind != source.Null {
		_, found = fail(s.KeyPos, "%s and %s are both set: the harness expands the one into the other, and ends with an error", CaptureRange, CaptureSizes)
		found[0].Hint = "leave one of the two"
		found[0].Related = []diag.Related{{Pos: settingOf(other).KeyPos, Message: CaptureSizes + " is set here"}}
		return nil, found
	}
	for _, f := range key.Check(t.Interface()) {
		found.Add(faultOf(t, key, f))
	}
	if found != nil || s.Node.Kind == source.Null {
		return nil, found
	}
	sizes = &source.Node{Kind: source.List, Pos: s.Node.Pos}
	for _, item := range s.Node.Items {
		if item.Kind == source.Int {
			sizes.Items = append(sizes.Items, item)
			continue
		}
		if len(item.Items) != 3 {
			return fail(item.Pos, "%s has a list of %d numbers: a range has three", CaptureRange, len(item.Items))
		}
		start, stop, step := item.Items[0].Int, item.Items[1].Int, item.Items[2].Int
		if step.Sign() == 0 {
			return fail(item.Items[2].Pos, "%s has a range with step 0, which never ends", CaptureRange)
		}
		for n := new(big.Int).Set(start); n.Cmp(stop) == -step.Sign(); n = new(big.Int).Add(n, step) {
			if len(sizes.Items) == maxCaptured {
				return fail(item.Pos, "%s has more than %d batch sizes", CaptureRange, maxCaptured)
			}
			value := source.Of(n)
			value.Pos = item.Pos
			sizes.Items = append(sizes.Items, value)
		}
	}
	return sizes, nil
}
