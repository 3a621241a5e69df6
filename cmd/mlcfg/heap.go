package main

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// gcPercent lets the heap grow to five times what is in use before it is
// collected: one file needs some hundred kilobytes, so that this stays small
// and halves the collector's work. GOGC overrides it.
const gcPercent = 400

// heapRoom is by how much the heap may grow beyond what is in use, in bytes, where that is less
// than gcPercent says: thousands of overlays leave findings.
const heapRoom = 64 << 20

// collected stands for one collection: its finalizer runs after it.
type collected struct{ _ [16]byte }

// manyFiles is from how many files on the heap is paced: one file ends before the first collection.
const manyFiles = 50

// paceHeap sets, after each collection, the percentage that keeps to heapRoom, down to the
// runtime's own 100. It leaves every percentage alone that is not gcPercent or its own.
var paceHeap = sync.OnceFunc(func() {
	last := gcPercent
	if set := debug.SetGCPercent(last); set != last {
		debug.SetGCPercent(set)
		return
	}
	var after func(*collected)
	after = func(*collected) {
		var heap runtime.MemStats // package runtime/metrics would be made ready at each start
		runtime.ReadMemStats(&heap)
		next := min(gcPercent, max(100, int(heapRoom*100/max(1, heap.HeapAlloc))))
		if set := debug.SetGCPercent(next); set != last {
			debug.SetGCPercent(set)
			return
		}
		last = next
		runtime.SetFinalizer(&collected{}, after)
	}
	runtime.SetFinalizer(&collected{}, after)
})
