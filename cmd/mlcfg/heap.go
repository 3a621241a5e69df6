package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// gcPercent lets the heap grow to five times what is in use before it is
// collected: one file needs some hundred kilobytes, so that this stays small
// and halves the collector's work. GOGC overrides it.
const gcPercent = 400

// heapRoom is by how much the heap may grow beyond what is in use, in bytes, where that is less
// than gcPercent says: thousands of overlays leave findings.
const heapRoom = 40 << 20

// collected stands for one collection: its finalizer runs after it.
type collected struct{ _ [16]byte }

// paceHeap sets gcPercent, and after each collection what keeps to heapRoom, down to the
// runtime's own 100. It gives up once something else sets the percentage.
func paceHeap() {
	last := gcPercent
	debug.SetGCPercent(last)
	var after func(*collected)
	after = func(*collected) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		next := gcPercent
		if live[0].Value.Kind() == metrics.KindUint64 {
			next = min(gcPercent, max(100, int(heapRoom*100/max(1, live[0].Value.Uint64()))))
		}
		if set := debug.SetGCPercent(next); set != last {
			debug.SetGCPercent(set)
			return
		}
		last = next
		runtime.SetFinalizer(&collected{}, after)
	}
	runtime.SetFinalizer(&collected{}, after)
}
