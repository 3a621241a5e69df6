//go:build linux && (amd64 || arm64)

package wire

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// mostStamped is the longest request whose sending is stamped, in bytes. The stamp makes
// the socket report an error condition; where its send buffer is full as well, Go's
// poller takes that for the end of the connection. So much always has room.
const mostStamped = 16 << 10

// Conn is a TCP connection whose data is stamped. Reads are for one goroutine at a
// time, as writes are.
type Conn struct {
	*net.TCPConn
	raw syscall.RawConn

	receive func(fd uintptr) bool // of one read: its place and what became of it
	into    []byte
	n       int
	err     error
	message message

	received int64
	asked    atomic.Bool // the stamp of the last write is to come
	left     atomic.Int64
}

// On returns a connection as one that is stamped; false, and nil, where the kernel does not.
func On(tcp *net.TCPConn) (*Conn, bool) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, false
	}
	const flags = unix.SOF_TIMESTAMPING_SOFTWARE | unix.SOF_TIMESTAMPING_RX_SOFTWARE | unix.SOF_TIMESTAMPING_OPT_TSONLY
	var refused error
	err = raw.Control(func(fd uintptr) {
		refused = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPING, flags)
	})
	if err != nil || refused != nil {
		return nil, false
	}
	c := &Conn{TCPConn: tcp, raw: raw}
	c.receive = c.recvmsg
	return c, true
}

// Read reads what there is.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return c.TCPConn.Read(p)
	}
	c.into, c.n, c.err = p, 0, nil
	err := c.raw.Read(c.receive)
	switch c.into = nil; {
	case err != nil:
		return 0, err
	case c.err != nil:
		return 0, &net.OpError{Op: "read", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError("recvmsg", c.err)}
	case c.n == 0:
		return 0, io.EOF
	}
	return c.n, nil
}

// recvmsg is a try to read; false waits for the next.
func (c *Conn) recvmsg(fd uintptr) bool {
	for {
		n, stamp, err := c.message.receive(int(fd), c.into, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil && !errors.Is(err, unix.EAGAIN):
			c.err = err
			return true
		}
		if err == nil {
			c.n, c.received = n, stamp
		}
		if c.asked.Load() {
			c.reap(int(fd))
			c.asked.CompareAndSwap(true, err != nil) // what is answered has left
		}
		return err == nil
	}
}

// reap reads the stamp of the last write, where it is there. It is for the goroutine that reads.
func (c *Conn) reap(fd int) {
	var none [1]byte
	for {
		_, stamp, err := c.message.receive(fd, none[:], unix.MSG_ERRQUEUE)
		if err != nil {
			return
		}
		if stamp != 0 {
			c.left.Store(stamp)
			c.asked.Store(false)
		}
	}
}

// Received is when the last of what Read returned had come, in nanoseconds of the
// wall clock; 0 where that is not known. It is for the goroutine that reads.
func (c *Conn) Received() int64 { return c.received }

// Ask asks for the stamp of the next write, which is of so many bytes.
func (c *Conn) Ask(size int) {
	c.left.Store(0)
	c.asked.Store(size <= mostStamped)
}

// Left is when the data of the write that was asked for left, as Received is; it is
// known when the answer to it is being read.
func (c *Conn) Left() int64 { return c.left.Load() }

// Write writes all of p.
func (c *Conn) Write(p []byte) (int, error) {
	n := 0
	if c.asked.Load() && len(p) <= mostStamped {
		err := c.raw.Write(func(fd uintptr) bool {
			n, _ = c.TryWrite(int(fd), p)
			return true
		})
		if err != nil {
			return 0, err
		}
	}
	more, err := c.TCPConn.Write(p[n:]) // which says what is wrong, where something is
	return n + more, err
}

// TryWrite writes to the connection's descriptor what it takes at once.
func (c *Conn) TryWrite(fd int, p []byte) (int, error) {
	if !c.asked.Load() || len(p) > mostStamped {
		return syscall.Write(fd, p)
	}
	return unix.SendmsgN(fd, p, ask[:], nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
}

// ask is the control message that asks for the stamp of what it goes with.
var ask = func() (message [24]byte) {
	binary.NativeEndian.PutUint64(message[:], uint64(unix.CmsgLen(4)))
	binary.NativeEndian.PutUint32(message[8:], unix.SOL_SOCKET)
	binary.NativeEndian.PutUint32(message[12:], unix.SO_TIMESTAMPING)
	binary.NativeEndian.PutUint32(message[16:], unix.SOF_TIMESTAMPING_TX_SOFTWARE)
	return message
}()

// Reap looks for the stamp of the last write, and returns it as Left does. It is for the
// goroutine that reads.
func (c *Conn) Reap() int64 {
	_ = c.raw.Control(func(fd uintptr) { c.reap(int(fd)) })
	return c.left.Load()
}
