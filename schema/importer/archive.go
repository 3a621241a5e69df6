package importer

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// maxSource bounds one source file; the largest of any release has half a megabyte.
const maxSource = 16 << 20

func isArchive(name string) bool {
	return strings.HasSuffix(name, ".whl") || strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".zip")
}

// extract writes the package's Python files from an archive below folder.
func extract(archive, folder, engine string) error {
	if strings.HasSuffix(archive, ".tar.gz") {
		return extractTar(archive, folder, engine)
	}
	z, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer func() { _ = z.Close() }()
	found := 0
	for _, f := range z.File {
		name := sourceName(f.Name, engine)
		if name == "" || f.UncompressedSize64 > maxSource {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		err = writeSource(filepath.Join(folder, name), r)
		r.Close()
		if err != nil {
			return err
		}
		found++
	}
	return someFound(found, engine)
}

func extractTar(archive, folder, engine string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	gz, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	found := 0
	for t := tar.NewReader(gz); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return someFound(found, engine)
		}
		if err != nil {
			return err
		}
		// A source archive has everything in one folder, NAME-RELEASE.
		_, inner, _ := strings.Cut(h.Name, "/")
		name := sourceName(inner, engine)
		if name == "" || h.Typeflag != tar.TypeReg || h.Size > maxSource {
			continue
		}
		if err := writeSource(filepath.Join(folder, name), t); err != nil {
			return err
		}
		found++
	}
}

func someFound(n int, engine string) error {
	if n == 0 {
		return fmt.Errorf("the archive holds no Python source of %s; give --from-python a wheel, or an environment that has it installed", engine)
	}
	return nil
}

// sourceName returns the path of a member below the folder that holds the
// package, "" for what is no source of it.
func sourceName(member, engine string) string {
	name := strings.TrimPrefix(path.Clean(member), "python/")
	if !strings.HasPrefix(name, engine+"/") || !filepath.IsLocal(name) || !strings.HasSuffix(name, ".py") && !strings.HasSuffix(name, ".schema.json") {
		return ""
	}
	return name
}

func writeSource(name string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.LimitReader(r, maxSource))
	return errors.Join(err, f.Close())
}
