//go:build !linux || !(amd64 || arm64)

package wire

import (
	"net"
	"syscall"
)

// Conn is a TCP connection whose data is stamped; there is none on this platform.
type Conn struct{ *net.TCPConn }

// On returns false: the kernel does not stamp.
func On(*net.TCPConn) (*Conn, bool) { return nil, false }

// Received is 0.
func (c *Conn) Received() int64 { return 0 }

// Ask does nothing.
func (c *Conn) Ask(int) {}

// Left is 0.
func (c *Conn) Left() int64 { return 0 }

// Reap is 0.
func (c *Conn) Reap() int64 { return 0 }

// TryWrite writes to a descriptor what it takes at once.
func (c *Conn) TryWrite(fd int, p []byte) (int, error) { return syscall.Write(fd, p) }
