// Package wire has TCP connections that tell when the kernel received what was
// read, and when it sent what was written: a goroutine wakes up some time later, on a
// busy machine much later, and that time is nobody's but the machine's own.
//
//	clock := wire.NewClock(start)
//	c, stamps := wire.On(tcp)
//	n, err := c.Read(p)
//	if stamps { at, ok = clock.At(c.Received(), sent, now) }
//
// Linux stamps TCP data in software (SO_TIMESTAMPING); where the kernel refuses that,
// or stamps nothing, one has the time of the read.
package wire
