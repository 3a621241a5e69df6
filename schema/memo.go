package schema

import (
	"maps"
	"sync"
	"sync/atomic"
)

// maxKept bounds the answers that are kept of names which an index does not have: a thousand
// overlays ask for the same few.
const maxKept = 1 << 12

// memo keeps what was found for a name, for any number of goroutines: once most that is asked
// for is there, asking takes no lock. The zero value is empty.
type memo[K comparable, V any] struct {
	settled atomic.Pointer[map[K]V] // never changed, a part of all

	mu   sync.Mutex
	all  map[K]V
	late int // how often something was in all only, since settled was made
}

func (m *memo[K, V]) get(name K) (v V, ok bool) {
	if settled := m.settled.Load(); settled != nil {
		if v, ok = (*settled)[name]; ok {
			return v, true
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok = m.all[name]; ok {
		if m.late++; m.late > len(m.all) {
			settled := maps.Clone(m.all)
			m.settled.Store(&settled)
			m.late = 0
		}
	}
	return v, ok
}

// put keeps v, unless limit names are kept already, and returns what was kept before where
// another goroutine was first.
func (m *memo[K, V]) put(name K, v V, limit int) V {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known, ok := m.all[name]; ok {
		return known
	}
	if m.all == nil {
		m.all = map[K]V{}
	}
	if len(m.all) < limit {
		m.all[name] = v
	}
	return v
}
