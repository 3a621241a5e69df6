//go:build !linux

package clients

import "time"

// Monotonic is the wall clock here, which all processes of a machine share too.
func Monotonic() int64 { return time.Now().UnixNano() }
