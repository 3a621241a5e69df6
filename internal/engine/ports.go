package engine

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are chosen below 32768, where Linux begins to hand out the ports of
// outgoing connections: an engine binds its port only minutes after it was
// chosen, once the model is loaded.
const (
	lowestPort  = 20000
	highestPort = 32000
	portTries   = 1000
)

// portLock keeps a port among the mlruns of one machine: it is a socket in
// Linux's abstract name space, which goes with its process.
type portLock struct{ listener net.Listener }

func lockPort(port int) (portLock, error) {
	l, err := net.Listen("unix", fmt.Sprintf("@mlrun-port-%d", port))
	return portLock{l}, err
}

func (l portLock) release() {
	if l.listener != nil {
		l.listener.Close()
	}
}

// portFree reports whether anything listens on the host's port now.
func portFree(host string, port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return l.Close()
}

// choosePort finds a free port of a host, which is this machine, and locks it.
func choosePort(host string) (int, portLock, error) {
	return firstFree(host, func() int { return lowestPort + rand.IntN(highestPort-lowestPort) })
}

// firstFree locks the first port that is free of those that next gives.
func firstFree(host string, next func() int) (int, portLock, error) {
	var last error
	for range portTries {
		port := next()
		lock, err := lockPort(port)
		if err == nil {
			if err = portFree(host, port); err == nil {
				return port, lock, nil
			}
			lock.release()
		}
		last = err
	}
	return 0, portLock{}, fmt.Errorf("no free port among %d to %d: %w", lowestPort, highestPort, last)
}

// takePort locks a port that was asked for.
func takePort(host string, port int) (portLock, error) {
	lock, err := lockPort(port)
	if err != nil {
		return portLock{}, fmt.Errorf("port %d is kept by another run on this machine", port)
	}
	if err := portFree(host, port); err != nil {
		lock.release()
		return portLock{}, fmt.Errorf("port %d is taken: %w", port, err)
	}
	return lock, nil
}
