package edit

import "testing"

func TestDevicesOf(t *testing.T) {
	for machine, want := range map[string]string{"h100x2": "2", "b200x16": "16", "mi325x": "8", "h200": "8", "gb200x0": "8"} {
		if got := devicesOf(machine); got != want {
			t.Errorf("%s: %s devices, want %s", machine, got, want)
		}
	}
}
