package edit

import (
	"testing"

	"mlcfg/internal/source"
)

func TestNearest(t *testing.T) {
	overlays := []string{
		"models/a/offline_mi300x.yaml", "models/a/offline_mi355x.yaml", "models/a/server_mi350x.yaml",
		"models/b/offline_mi350x.yaml", "models/b/plain.yaml", "models/b/server_h100.yaml",
	}
	tests := []struct{ path, want string }{
		{"models/a/offline_mi350x.yaml", "models/a/offline_mi355x.yaml"},
		{"models/a/offline_b200.yaml", "models/a/offline_mi300x.yaml"},
		{"models/b/server_h200.yaml", "models/b/server_h100.yaml"},
		{"models/c/offline_mi350x.yaml", "models/b/offline_mi350x.yaml"},
		{"models/a/interactive_mi300x.yaml", ""},
		{"models/a/offline_mi355x.yaml", "models/a/offline_mi300x.yaml"},
	}
	for _, tt := range tests {
		if got := Nearest(tt.path, overlays); got != tt.want {
			t.Errorf("nearest to %s is %s, want %s", tt.path, got, tt.want)
		}
	}
}

func TestMake(t *testing.T) {
	tests := []struct{ text, want string }{
		{"a: /x/m1/m1.conf\n", "a: /x/m2/m2.conf\n"},
		{"a: m12\nb: xm1\n", "a: m12\nb: xm1\n"},
		{"a: m1 # on m1\n", "a: m2 # on m1\n"},
		{"m1: 1\n", "m1: 1\n"},
		{"a: |\n  m1\n", "a: |\n  m1\n"},
	}
	for _, tt := range tests {
		got, err := Make("offline_m2.yaml", "offline_m1.yaml", []byte(tt.text), source.OmegaConf23)
		if err != nil || string(got.Text) != tt.want {
			t.Errorf("%q gives %q, want %q (%v)", tt.text, got.Text, tt.want, err)
		}
	}
	if got, err := Make("offline_m1-b.yaml", "offline_m1.yaml", []byte("a: m1/m1\n"), source.OmegaConf23); err != nil || string(got.Text) != "a: m1-b/m1-b\n" {
		t.Errorf("%q %v", got.Text, err)
	}
}
