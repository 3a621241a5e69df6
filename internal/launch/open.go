package launch

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/config"
	"mlcfg/internal/plainfile"
)

// maxFile bounds what is read of a file, in bytes.
const maxFile = 32 << 20

// Open reads what a command line names: a file, or FILE:WHICH for one of the launches of it. No
// launches are what an overlay has, a file that starts nothing, and one that cannot be read: what
// else is to be said of it is for others.
func Open(arg string) (f *File, launches []Launch, which string) {
	path := arg
	if _, err := os.Stat(path); err != nil {
		at := strings.LastIndexByte(arg, ':')
		if at < 0 {
			return nil, nil, ""
		}
		path, which = arg[:at], arg[at+1:]
	}
	data, err := plainfile.Read(context.Background(), path, maxFile)
	if err != nil {
		return nil, nil, ""
	}
	f = NewFile(path, data)
	return f, ReadOther(f), which
}

// ReadOther is [Read] for files that may be overlays, which start nothing.
func ReadOther(f *File) []Launch {
	isYAML := slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(f.Path))
	if isYAML && config.IsOverlay(f.Path, f.Data) {
		return nil
	}
	return Read(f)
}
