package dataset

import (
	"fmt"
	"slices"
	"strings"
)

// Role is what a column means.
type Role string

// The roles.
const (
	NoRole          Role = ""
	RoleTokens      Role = "tokens"
	RolePrompt      Role = "prompt"
	RoleMessages    Role = "messages"
	RoleReference   Role = "reference"
	RoleRefTokens   Role = "reference-tokens"
	RoleMaxTokens   Role = "max-tokens"
	RoleStop        Role = "stop"
	RoleStopTokens  Role = "stop-tokens"
	RoleID          Role = "id"
	RoleSource      Role = "source"
	RoleMetric      Role = "metric"
	RoleInputLength Role = "input-length"
)

// RequestRoles are the roles that requests are made of, sorted.
func RequestRoles() []Role { return []Role{RoleMaxTokens, RoleMessages, RolePrompt, RoleTokens} }

// roleNames lists, for each role, the column names that mean it, the preferred
// first. They are those of the MLPerf LLM data sets (llama2-70b, llama3.1,
// mixtral-8x7b, deepseek-r1, gpt-oss), of common evaluation sets, and of what vLLM's,
// aiperf's and guidellm's benchmarks read.
var roleNames = []struct {
	role  Role
	names []string
}{
	{RoleTokens, []string{"tok_input", "input_tokens", "input_token_ids", "input_ids", "prompt_token_ids", "tokenized_input", "token_ids", "tokens"}},
	{RolePrompt, []string{"input", "text_input", "prompt", "text", "question", "query"}},
	{RoleMessages, []string{"messages", "conversations", "conversation", "chat"}},
	{RoleReference, []string{"gt_output", "ground_truth", "output", "ref_output", "reference", "target", "targets", "highlights", "expected_output", "answer", "response", "completion"}},
	{RoleRefTokens, []string{"tok_output", "tok_ref_output", "ref_output_token_ids", "output_token_ids", "output_tokens"}},
	{RoleMaxTokens, []string{"max_tokens", "max_new_tokens", "max_completion_tokens", "max_output_tokens", "output_length", "output_tokens_count", "expected_output_len"}},
	{RoleStop, []string{"stop_sequence", "stop"}},
	{RoleStopTokens, []string{"tok_stop_sequence", "stop_token_ids"}},
	{RoleID, []string{"id", "sample_id", "question_id", "uid", "custom_id"}},
	{RoleSource, []string{"dataset", "origin", "source", "subset"}},
	{RoleMetric, []string{"metric"}},
	{RoleInputLength, []string{"tok_input_len", "tok_input_length", "input_len", "num_input_tokens", "prompt_tokens_count", "input_length"}},
}

// Roles lists every role with the column names that mean it, preferred first.
func Roles() map[Role][]string {
	m := map[Role][]string{}
	for _, r := range roleNames {
		m[r.role] = slices.Clone(r.names)
	}
	return m
}

// meaning is the role of a column name and how far down the role's list it
// stands (0 is preferred).
type meaning struct {
	role Role
	rank int
}

// meanings maps column names in lower case to what they mean under opt.
func meanings(opt Options) map[string]meaning {
	m := map[string]meaning{}
	for _, r := range roleNames {
		if len(opt.Only) > 0 && !slices.Contains(opt.Only, r.role) {
			continue
		}
		if _, own := opt.Columns[r.role]; own {
			continue
		}
		for i, n := range r.names {
			m[n] = meaning{r.role, i}
		}
	}
	// Where lists of ids are not asked for, the columns that may hold them are read for
	// what else may stand there: the number of output tokens in vLLM's custom sets.
	if len(opt.Only) > 0 && slices.Contains(opt.Only, RoleMaxTokens) && !slices.Contains(opt.Only, RoleRefTokens) {
		m["output_tokens"] = meaning{RoleRefTokens, 0}
	}
	for role, name := range opt.Columns {
		m[strings.ToLower(name)] = meaning{role, 0}
	}
	return m
}

// ParseColumns reads "role=column" pairs of a command line.
func ParseColumns(pairs []string) (map[Role]string, error) {
	m := map[Role]string{}
	for _, p := range pairs {
		role, name, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("column %q: want role=column", p)
		}
		if _, known := Roles()[Role(role)]; !known {
			var all []string
			for _, r := range roleNames {
				all = append(all, string(r.role))
			}
			return nil, fmt.Errorf("unknown role %q: want one of %s", role, strings.Join(all, ", "))
		}
		m[Role(role)] = name
	}
	return m, nil
}
