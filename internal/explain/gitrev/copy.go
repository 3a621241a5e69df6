package gitrev

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// copy writes files of the repository below dir, all by one git process.
func (g git) copy(files blobs, dir string) error {
	total := int64(0)
	for _, f := range files {
		total += f.size
	}
	if len(files) > maxFiles || total > maxBytes {
		return fmt.Errorf("%d configuration files with %d MiB are more than are read (%d, %d MiB)", len(files), total>>20, maxFiles, maxBytes>>20)
	}
	cmd := g.command("cat-file", "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	asked := make(chan error, 1)
	go func() {
		var err error
		for _, f := range files {
			if _, err = io.WriteString(in, f.id+"\n"); err != nil {
				break
			}
		}
		asked <- errors.Join(err, in.Close())
	}()
	err = receive(bufio.NewReader(out), files, dir)
	if err != nil {
		cmd.Process.Kill() // what is left to say is of no use
	}
	asking := <-asked
	if waited := cmd.Wait(); err == nil {
		err = errors.Join(asking, waited)
	}
	return err
}

// receive reads what cat-file --batch answers: a line with id, type and size,
// the content, a line break.
func receive(r *bufio.Reader, files blobs, dir string) error {
	for _, f := range files {
		line, err := r.ReadString('\n')
		if err != nil {
			return fmt.Errorf("reading %s: %w", f.path, err)
		}
		if want := fmt.Sprintf("%s blob %d", f.id, f.size); strings.TrimSuffix(line, "\n") != want {
			return fmt.Errorf("reading %s: git says %q", f.path, strings.TrimSpace(line))
		}
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(f.path)), r, f.size); err != nil {
			return err
		}
		if _, err := r.Discard(1); err != nil {
			return fmt.Errorf("reading %s: %w", f.path, err)
		}
	}
	return nil
}

func writeFile(path string, r io.Reader, size int64) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, r, size)
	return errors.Join(err, f.Close())
}
