package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// wheel is a binary distribution as the wheel format 1.0 has it.
type wheel struct {
	name, version, tags, metadata string
	// script is the file name of the program.
	script string
	binary []byte
	// licences are texts by their path below dist-info/licenses.
	licences map[string][]byte
}

func (w *wheel) fileName() string {
	return fmt.Sprintf("%s-%s-py3-none-%s.whl", w.name, w.version, w.tags)
}

// bytes is the archive: entries in a fixed order, with one time and one mode each.
func (w *wheel) bytes() ([]byte, error) {
	var out, record bytes.Buffer
	archive := zip.NewWriter(&out)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	add := func(name string, data []byte, executable bool) error {
		// The format's first day: the bytes depend on the content alone.
		header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		header.SetMode(0o644)
		if executable {
			header.SetMode(0o755)
		}
		entry, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		_, err = entry.Write(data)
		return err
	}
	recorded := func(name string, data []byte, executable bool) error {
		sum := sha256.Sum256(data)
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(data))
		return add(name, data, executable)
	}
	stem := w.name + "-" + w.version
	info := stem + ".dist-info/"
	if err := recorded(stem+".data/scripts/"+w.script, w.binary, true); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(w.licences)) {
		if err := recorded(info+"licenses/"+name, w.licences[name], false); err != nil {
			return nil, err
		}
	}
	if err := recorded(info+"METADATA", []byte(w.metadata), false); err != nil {
		return nil, err
	}
	if err := recorded(info+"WHEEL", []byte(w.wheelFile()), false); err != nil {
		return nil, err
	}
	fmt.Fprintf(&record, "%sRECORD,,\n", info)
	if err := add(info+"RECORD", record.Bytes(), false); err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// wheelFile is the WHEEL file, with a line for each tag that the file name joins.
func (w *wheel) wheelFile() string {
	text := "Wheel-Version: 1.0\nGenerator: mlcfg/tools/wheels\nRoot-Is-Purelib: false\n"
	for tag := range strings.SplitSeq(w.tags, ".") {
		text += fmt.Sprintf("Tag: py3-none-%s\n", tag)
	}
	return text
}
