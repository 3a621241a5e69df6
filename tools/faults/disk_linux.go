package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// smallSize has room for a manifest, a plan and a second or two of records.
const smallSize = "size=192k"

func mountSmall(dir string) error { return unix.Mount("tmpfs", dir, "tmpfs", 0, smallSize) }

func unmount(dir string) error { return unix.Unmount(dir, unix.MNT_DETACH) }

// cannotMount says why no file system can be mounted here.
func cannotMount() string {
	dir, err := os.MkdirTemp("", "faults-mount")
	if err != nil {
		return err.Error()
	}
	defer os.Remove(dir)
	if err := mountSmall(dir); err != nil {
		return "a small file system cannot be mounted: " + err.Error()
	}
	if err := unmount(dir); err != nil {
		return err.Error()
	}
	return ""
}
