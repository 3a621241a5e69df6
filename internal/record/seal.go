package record

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/record/metrics"
)

// SealFile lists the SHA-256 of every other file of a finished run, in the form
// of sha256sum: `sha256sum -c SHA256SUMS` checks it too.
const SealFile = "SHA256SUMS"

// Seal writes SealFile over all files in the run directory at path, the last
// thing that a run does. Symbolic links are not followed and not listed.
func Seal(path string) error {
	names, err := files(path)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, name := range names {
		sum, err := digest(filepath.Join(path, name))
		if err != nil {
			return fmt.Errorf("sealing the run directory: %w", err)
		}
		fmt.Fprintf(&text, "%s  %s\n", sum, name)
	}
	if err := atomicfile.Write(filepath.Join(path, SealFile), text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("sealing the run directory: %w", err)
	}
	return nil
}

// CheckSeal tells what in the run directory at path is not as it was sealed: one
// line for each file that was changed, is missing, or was added under a name
// that a run writes. Other files, such as reports, may be added.
// Files whose digests are known are not read again.
func CheckSeal(path string, known Digests) ([]string, error) {
	found, err := checkSeal(path, known, func(string) bool { return true })
	if errors.Is(err, os.ErrNotExist) {
		return []string{SealFile + " is missing"}, nil
	}
	return found, err
}

// Digests are those of files of a run directory, by name, that were read already: the
// records of a long run are read once, not for each of the questions that are asked of them.
type Digests map[string]string

// of is the digest of a file in the run directory at path.
func (d Digests) of(path, name string) (string, error) {
	if have, ok := d[name]; ok {
		return have, nil
	}
	sum, err := digest(filepath.Join(path, name))
	if err == nil && d != nil {
		d[name] = sum
	}
	return sum, err
}

// checkSeal is CheckSeal of some files. Without a seal it returns os.ErrNotExist.
func checkSeal(path string, known Digests, of func(name string) bool) ([]string, error) {
	data, err := os.ReadFile(filepath.Join(path, SealFile))
	if err != nil {
		return nil, fmt.Errorf("reading the seal: %w", err)
	}
	var found []string
	if n := len(data); n > 0 && data[n-1] != '\n' {
		found = append(found, SealFile+" is cut short")
	}
	listed := map[string]bool{}
	in := bufio.NewScanner(bytes.NewReader(data))
	for line := 1; in.Scan(); line++ {
		want, name, ok := strings.Cut(in.Text(), "  ")
		if !ok || len(want) != 2*sha256.Size || !filepath.IsLocal(name) || listed[name] {
			found = append(found, fmt.Sprintf("%s line %d is not one of its form", SealFile, line))
			continue
		}
		listed[name] = true
		if !of(name) {
			continue
		}
		got, err := known.of(path, name)
		switch {
		case errors.Is(err, os.ErrNotExist):
			found = append(found, name+" is missing: "+SealFile+" lists it")
		case err != nil:
			return nil, fmt.Errorf("checking the seal: %w", err)
		case got != want:
			found = append(found, name+" is not what was sealed: its digest is not the one in "+SealFile)
		}
	}
	if err := in.Err(); err != nil {
		found = append(found, fmt.Sprintf("%s cannot be read: %v", SealFile, err))
	}
	names, err := files(path)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !listed[name] && ours(name) && of(name) {
			found = append(found, name+" was added: "+SealFile+" does not list it")
		}
	}
	return found, nil
}

// Folders and files that only a run writes.
var (
	ourFolders = []string{EngineDir + "/", PartsDir + "/"}
	ourFiles   = []string{
		ManifestFile, PlanFile, MachineFile, StateFile, SummaryFile, PowerLog, LoadgenLog, InvalidFile,
		FileName, metrics.FileName,
	}
)

// ours reports whether a run itself writes a file of that name.
func ours(name string) bool {
	return slices.Contains(ourFiles, name) || strings.HasPrefix(name, "mlperf_log_") ||
		slices.ContainsFunc(ourFolders, func(folder string) bool { return strings.HasPrefix(name, folder) })
}

// files are the names of all regular files below path but the lock and the
// seal, sorted, with slashes.
func files(path string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(path, file)
		if err == nil && d.Type().IsRegular() && name != LockFile && name != SealFile {
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing the run directory: %w", err)
	}
	slices.Sort(names)
	return names, nil
}

// digest is the SHA-256 of a file in hexadecimal. What is no regular file has
// an empty one: it is never as it was sealed.
func digest(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
