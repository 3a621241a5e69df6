package schema

import (
	"fmt"
	"math"
	"sync"
	"testing"
)

// What is kept is found by all, at first and once it has settled, and the first value stays.
func TestMemo(t *testing.T) {
	var m memo[string, int]
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 2000 {
				name := fmt.Sprint(i % 50)
				if v, ok := m.get(name); ok && v != i%50 {
					t.Errorf("%s is %d", name, v)
				} else if !ok {
					m.put(name, i%50, math.MaxInt)
				}
			}
		})
	}
	all.Wait()
	if settled := m.settled.Load(); settled == nil || len(*settled) != 50 {
		t.Error("nothing has settled")
	}
	if v := m.put("7", 8, math.MaxInt); v != 7 {
		t.Errorf("7 became %d", v)
	}
	if v := m.put("new", 1, 50); v != 1 {
		t.Errorf("new is %d", v)
	}
	if _, ok := m.get("new"); ok {
		t.Error("more is kept than was allowed")
	}
}
