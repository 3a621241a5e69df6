package wire

import (
	"net"
	"testing"
	"time"
)

// BenchmarkRead is a write and its read, with and without stamps: their difference is
// what a stamp costs.
func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"plain", "stamped"} {
		b.Run(name, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			from, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer from.Close()
			to, err := l.Accept()
			if err != nil {
				b.Fatal(err)
			}
			defer to.Close()
			if name == "stamped" {
				stamped, ok := On(to.(*net.TCPConn))
				if !ok {
					b.Skip("SKIPPED: the kernel does not stamp TCP connections")
				}
				to = stamped
			}
			event, room := make([]byte, 300), make([]byte, 32<<10)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := from.Write(event); err != nil {
					b.Fatal(err)
				}
				if _, err := to.Read(room); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAt is carrying a stamp over to the time since the start.
func BenchmarkAt(b *testing.B) {
	start := time.Now()
	c := NewClock(start)
	b.ReportAllocs()
	for b.Loop() {
		c.At(start.UnixNano(), 0, time.Since(start))
	}
}
