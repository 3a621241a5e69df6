package engine

import (
	"fmt"
	"path/filepath"
	"slices"

	"mlcfg/internal/atomicfile"
)

// fileMark stands in a planned command line for the path of a file, which is known
// when it is written.
func fileMark(name string) string { return "{file:" + name + "}" }

// writeFiles writes the replica's files into a folder and fills their paths into its
// command line. The folder of the logs is theirs too: a run keeps what its engines read.
func (r *Replica) writeFiles(dir string) error {
	for _, f := range r.Files {
		path, err := filepath.Abs(filepath.Join(dir, fmt.Sprintf("replica-%d-%s", r.Index, f.Name)))
		if err != nil {
			return fmt.Errorf("finding the place of %s: %w", f.Name, err)
		}
		if err := atomicfile.Write(path, []byte(f.Text), 0o644); err != nil {
			return fmt.Errorf("writing the engine's configuration: %w", err)
		}
		r.Command = slices.Clone(r.Command)
		for i, word := range r.Command {
			if word == fileMark(f.Name) {
				r.Command[i] = path
			}
		}
	}
	return nil
}
