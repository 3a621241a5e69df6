//go:build linux && (amd64 || arm64)

package wire

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// message is what recvmsg fills in, kept from one read to the next: unix.Recvmsg would
// allocate room for an address in each, which a TCP connection does not tell.
type message struct {
	header  unix.Msghdr
	vector  unix.Iovec
	control [128]byte
}

// receive reads into p, which is not empty, and returns the kernel's stamp of the last
// segment that it read of, 0 where there is none.
func (m *message) receive(fd int, p []byte, flags int) (n int, stamp int64, err error) {
	m.vector.Base = &p[0]
	m.vector.SetLen(len(p))
	m.header = unix.Msghdr{Iov: &m.vector, Control: &m.control[0]}
	m.header.SetIovlen(1)
	m.header.SetControllen(len(m.control))
	got, _, errno := unix.Syscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&m.header)), uintptr(flags))
	m.vector.Base = nil
	if errno != 0 {
		return 0, 0, errno
	}
	return int(got), stampIn(m.control[:m.header.Controllen]), nil
}

// stampIn finds the kernel's own time among control messages, 0 where there is none.
func stampIn(control []byte) int64 {
	for len(control) > 0 {
		header, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			return 0
		}
		if header.Level == unix.SOL_SOCKET && header.Type == unix.SCM_TIMESTAMPING && len(data) >= 16 {
			return int64(binary.NativeEndian.Uint64(data))*1e9 + int64(binary.NativeEndian.Uint64(data[8:]))
		}
		control = rest
	}
	return 0
}
