package check

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/schema"
)

// backendOfRound: the harness of an early round ends at a backend that came later.
func backendOfRound(c *Config, found *diag.List) {
	if !c.named {
		return
	}
	if in := RoundsWith(c.Backend.Name); len(in) > 0 && !slices.Contains(in, c.Round.Release) {
		c.report(found, diag.Diagnostic{
			Code: "not-in-enum", Key: "backend",
			Message: fmt.Sprintf("the harness of round %s has no backend %s, which came in %s", c.Round.Release, c.Backend.Name, in[0]),
			Hint:    nameRound(in[len(in)-1]),
		})
	}
}

// RoundsWith are the rounds whose harness takes a backend, oldest first; none where it
// knows no such backend.
func RoundsWith(name string) (rounds []string) {
	for _, round := range schema.Releases(schema.Harness) {
		for _, key := range schema.Definitions(schema.Harness, topSection, "backend") {
			if key.In(round) && inEnum(key, name) {
				rounds = append(rounds, round)
			}
		}
	}
	return rounds
}

// sortingOfBackend warns of a way to sort that the harness passes over with this backend.
func sortingOfBackend(c *Config, found *diag.List) {
	k, ok := c.harness("sorting", "strategy")
	if scenario, _ := c.top("scenario"); !ok || c.Backend.Unsorted == "" || scenario.value != "offline" || k.value == "ignore" {
		return
	}
	c.report(found, diag.Diagnostic{
		Severity: diag.Warning, Code: "sorting-scenario",
		Message: fmt.Sprintf("with backend %s the harness does not sort samples: %s", c.Backend.Name, c.Backend.Unsorted),
	}, k)
}

// algorithmOfBackend: only the harness's own servers know every way to deal requests out.
func algorithmOfBackend(c *Config, found *diag.List) {
	k, ok := c.harness("schedule_algo")
	scenario, okS := c.top("scenario")
	known := c.Backend.Algorithms
	if !ok || !okS || scenario.value != "server" || len(known) == 0 || slices.Contains(known, fmt.Sprint(k.value)) {
		return
	}
	c.report(found, diag.Diagnostic{
		Code:    "not-in-enum",
		Message: fmt.Sprintf("with backend %s the harness has no schedule_algo %v", c.Backend.Name, k.value),
		Hint:    "it has " + strings.Join(known, ", "),
	}, k)
}

// versionOfBackend: the harness's workers assert the engine_version that is theirs.
func versionOfBackend(c *Config, found *diag.List) {
	scenario, ok := c.top("scenario")
	name, _ := scenario.value.(string)
	want := c.Backend.Versions[name]
	if apart, _ := c.harness("disagg"); apart.value == true && want != "" {
		want = "async"
	}
	if !ok || want == "" || c.faulty["engine_version"] {
		return
	}
	k, set := c.top("engine_version")
	switch {
	case !set && name != "server": // there another rule says so
		c.report(found, diag.Diagnostic{
			Code: "must-be-set", Key: "engine_version",
			Message: fmt.Sprintf("engine_version must be set with backend %s: %s for scenario %s", c.Backend.Name, want, name),
		}, scenario)
	case set && k.value != want:
		c.report(found, diag.Diagnostic{
			Code:    "not-in-enum",
			Message: fmt.Sprintf("engine_version is %v, and workers of backend %s end unless it is %s for scenario %s", k.value, c.Backend.Name, want, name),
		}, k)
	}
}

// warmUpCounts: the harness reads the number of warm-up prompts in its own server alone.
func warmUpCounts(c *Config, found *diag.List) {
	k, ok := c.harness("warm_up_sample_count_per_server")
	definition, _ := c.Round.Section(harnessSection).Key(k.name())
	if !ok || definition == nil || definition.Unread || !ReadBy(HarnessOf(c.tree, c.Round), definition) || k.setting.Layer == "base" {
		return
	}
	scenario, okS := c.top("scenario")
	warm, _ := c.harness("enable_warmup")
	var says string
	switch {
	case !okS || c.faulty[harnessSection+".enable_warmup"]:
		return
	case scenario.value != "server":
		says = fmt.Sprintf("reads %s only in scenario server", k.name())
	case warm.value != true:
		says = fmt.Sprintf("reads %s only where enable_warmup is true", k.name())
	case c.Backend.WarmUp != "":
		says = fmt.Sprintf("does not read %s with backend %s: %s", k.name(), c.Backend.Name, c.Backend.WarmUp)
	default:
		return
	}
	c.report(found, diag.Diagnostic{Severity: diag.Warning, Code: "unread-key", Message: "the harness " + says}, k)
}

// dataIsRead warns of a data set in a form that the harness takes for a pickle.
func dataIsRead(c *Config, found *diag.List) {
	for _, name := range []string{"dataset_path", "accuracy_dataset_path"} {
		k, ok := c.harness(name)
		ending := filepath.Ext(fmt.Sprint(k.value))
		form, known := c.Round.Section("dataset_endings").Key(ending)
		if !ok || !known || len(form.Only) == 0 || form.Only[0].Who != schema.Mlrun && ReadBy(HarnessOf(c.tree, c.Round), form) {
			continue
		}
		c.report(found, diag.Diagnostic{
			Severity: diag.Warning, Code: "harness-lacks",
			Message: fmt.Sprintf("the harness of round %s that runs %v reads %s as a pickle and ends with an error: it has no reader for %v", c.Round.Release, c.Top["benchmark_name"], name, form.Enum[0]),
		}, k)
	}
}

// dataStaysWhole: mlrun does not thin a data set out.
func dataStaysWhole(c *Config, found *diag.List) {
	k, ok := c.harness("debug_dataset_sampling_size")
	if n, isN := k.int(); !ok || !isN || n <= 0 {
		return
	}
	c.report(found, diag.Diagnostic{
		Severity: diag.Warning, Code: "no-effect",
		Message: "debug_dataset_sampling_size has no effect here: mlrun takes the data set whole",
		Hint:    "name a smaller data set, or set total_sample_count",
	}, k)
}
