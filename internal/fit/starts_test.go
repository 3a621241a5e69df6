package fit

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestStarts holds the computation to further starts that people published: tokens where the KV memory
// is told, and how often KV memory from nothing is within 0.5 GiB, apart for the cases that no formula
// and no constant was chosen by.
func TestStarts(t *testing.T) {
	data, err := os.ReadFile("testdata/starts.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Cases []kvCase }
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	table := []string{""}
	var seen, heldOut fromNothing
	for i, c := range all.Cases {
		t.Run(fmt.Sprintf("%d %s", i, c.Model), func(t *testing.T) {
			score := &seen
			if c.HeldOut {
				score = &heldOut
			}
			table = append(table, fmt.Sprintf("%2d %-6s %-40.40s %s", i, c.Engine, c.Model, c.check(t, score)))
		})
	}
	t.Log(strings.Join(table, "\n"))
	if seen.within < 7 || heldOut.within < 5 {
		t.Errorf("KV memory from nothing: %d of %d within 0.5 GiB, held out %d of %d; want at least 7 and 5", seen.within, seen.of, heldOut.within, heldOut.of)
	}
	t.Logf("KV memory from nothing: %d of %d within 0.5 GiB, held out %d of %d", seen.within, seen.of, heldOut.within, heldOut.of)
}
