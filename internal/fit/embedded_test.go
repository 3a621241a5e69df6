package fit

import (
	"path"
	"strings"
	"testing"
)

// A card is read once, and nobody changes another's model of it.
func TestEmbeddedIsShared(t *testing.T) {
	a := FindCard("moonshotai/Kimi-K2.5")
	a.Name = "another"
	shapes := FindShapes("moonshotai/Kimi-K2.5")
	b := FindCard(strings.ToUpper(path.Base("moonshotai/Kimi-K2.5")))
	if b.Name != "moonshotai/Kimi-K2.5" || b.Quant.Method == shapes.Quant.Method {
		t.Errorf("the card became %q, quantized by %s", b.Name, b.Quant.Method)
	}
	if &a.Layers[0] != &b.Layers[0] {
		t.Error("the card was read twice")
	}
}

// Each name of each card finds it, in any case, and of equal names the first card counts.
func TestFindCard(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cards() {
		for _, name := range c.names {
			if m := FindCard(name); !seen[name] && (m == nil || m.Name != c.names[0]) {
				t.Errorf("%s finds %v, want %s", name, m, c.names[0])
			}
			seen[name] = true
		}
	}
	if m := FindCard("nobody/nothing"); m != nil {
		t.Errorf("found %s", m.Name)
	}
}
