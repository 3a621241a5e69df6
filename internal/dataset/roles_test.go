package dataset

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRolesOfMLPerf holds that the columns of the MLPerf LLM data sets are taken
// for what they are.
func TestRolesOfMLPerf(t *testing.T) {
	tests := []struct {
		name, columns string
		want          map[Role]string
	}{
		{"llama2-70b", "id system_prompt question output origin input tok_input tok_output tok_input_length tok_output_length", map[Role]string{
			RoleID: "id", RolePrompt: "input", RoleReference: "output", RoleSource: "origin", RoleTokens: "tok_input", RoleRefTokens: "tok_output", RoleInputLength: "tok_input_length",
		}},
		{"mixtral-8x7b", "dataset id question input ref_output gt_output tok_input tok_ref_output stop_sequence tok_stop_sequence tok_input_len tok_ref_output_len", map[Role]string{
			RoleSource: "dataset", RoleID: "id", RolePrompt: "input", RoleReference: "gt_output", RoleTokens: "tok_input", RoleRefTokens: "tok_ref_output",
			RoleStop: "stop_sequence", RoleStopTokens: "tok_stop_sequence", RoleInputLength: "tok_input_len",
		}},
		{"llama3.1-405b", "dataset input ref_output gt_output metric tok_input tok_ref_output tok_input_len tok_ref_output_len", map[Role]string{
			RoleSource: "dataset", RolePrompt: "input", RoleReference: "gt_output", RoleMetric: "metric", RoleTokens: "tok_input", RoleRefTokens: "tok_ref_output", RoleInputLength: "tok_input_len",
		}},
		{"llama3.1-8b", "instruction input tok_input output", map[Role]string{RolePrompt: "input", RoleTokens: "tok_input", RoleReference: "output"}},
		{"deepseek-r1", "dataset question ground_truth metric text_input tok_input tok_input_len", map[Role]string{
			RoleSource: "dataset", RoleReference: "ground_truth", RoleMetric: "metric", RolePrompt: "text_input", RoleTokens: "tok_input", RoleInputLength: "tok_input_len",
		}},
		{"gpt-oss-120b", "dataset ground_truth prompt input_tokens num_input_tokens", map[Role]string{
			RoleSource: "dataset", RoleReference: "ground_truth", RolePrompt: "prompt", RoleTokens: "input_tokens", RoleInputLength: "num_input_tokens",
		}},
		{"letters of any case", "Input TOK_INPUT", map[Role]string{RolePrompt: "Input", RoleTokens: "TOK_INPUT"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBuilder(Options{})
			for c := range strings.FieldsSeq(tt.columns) {
				b.column(c, "object")
			}
			got := map[Role]string{}
			for i, role := range b.choose() {
				got[role] = b.set.Columns[i].Name
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
