package sim

import "testing"

func FuzzParseFaults(f *testing.F) {
	for _, seed := range []string{"load=2s", "die-after=3", "die-loading", "late-every=-1", "=", "load=99999h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		faults, err := ParseFaults([]string{spec})
		if err != nil {
			return
		}
		for _, n := range []int{faults.DieAfter, faults.HangAfter, faults.MalformedEvery, faults.BreakEvery, faults.MiscountEvery, faults.LateEvery} {
			if n < 0 {
				t.Errorf("%q counts %d", spec, n)
			}
		}
		if faults.Load < 0 {
			t.Errorf("%q loads for %v", spec, faults.Load)
		}
	})
}
