package config

import "testing"

func TestUseCase(t *testing.T) {
	for path, want := range map[string][2]string{
		"models/llama2-70b/interactive_mi325x.yaml": {"interactive", "mi325x"},
		"offline_h100_8x.yaml":                      {"offline", "h100_8x"},
		"offline_v1.5.yml":                          {"offline", "v1.5"},
		"offline_x":                                 {"offline", "x"},
		"models/a_b/offline.yaml":                   {},
		"_mi325x.yaml":                              {},
		"offline_.yaml":                             {},
		"":                                          {},
	} {
		if variant, machine := UseCase(path); variant != want[0] || machine != want[1] {
			t.Errorf("%q: variant %q, machine %q, want %q", path, variant, machine, want)
		}
	}
}
