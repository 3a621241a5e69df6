package compile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sync"

	"mlcfg/internal/check"
	"mlcfg/internal/config"
	"mlcfg/internal/dataset"
	"mlcfg/internal/diag"
	"mlcfg/internal/manifest"
)

// dataFile is a data set that was looked for, read once for all configurations
// that name it.
type dataFile struct {
	once sync.Once
	// local is where it was looked for. It is there when here is true; samples
	// and digest are what was found, err why it could not be read.
	local   string
	here    bool
	samples uint64
	digest  string
	err     error
	// unbuilt is set where another build of the program can read the file.
	unbuilt error
}

// read looks at the data set that the configuration names; nil where that is
// not asked for, or none is named.
func (c *Compiler) read(values check.Shared, root string) *dataFile {
	name := text(values.Harness, "dataset_path")
	if !c.options.ReadData || name == "" {
		return nil
	}
	local := c.options.Maps.Translate(name, root)
	c.mu.Lock()
	f := c.data[local]
	if f == nil {
		f = &dataFile{local: local}
		c.data[local] = f
	}
	c.mu.Unlock()
	f.once.Do(f.read)
	return f
}

func (f *dataFile) read() {
	if _, err := os.Stat(f.local); errors.Is(err, fs.ErrNotExist) {
		return
	}
	f.here = true
	// The roles that requests are made of: a row without any is a fault of a run, not of the size.
	set, err := dataset.Read(context.Background(), f.local, dataset.Options{Only: dataset.RequestRoles(), AllowEmpty: true})
	if err != nil {
		f.err = err
		if errors.Is(err, dataset.ErrLeftOut) {
			f.unbuilt = fmt.Errorf("reading %s: %w", f.local, err)
		}
		return
	}
	f.samples = uint64(set.Len())
	hex, _, err := dataset.Digest(context.Background(), f.local, "sha256")
	if f.err = err; err == nil {
		f.digest = "sha256:" + hex
	}
}

const datasetKey = "harness_config.dataset_path"

// frozenData is what is fixed of the data set: size is what LoadGen is told. It
// says where what is here is not what is meant.
func (c *Compiler) frozenData(config *config.Config, values check.Shared, f *dataFile, known *manifest.Manifest, size uint64, found *diag.List) manifest.Data {
	d := manifest.Data{Samples: int64(size)}
	for _, role := range dataset.RequestRoles() {
		d.Columns = append(d.Columns, string(role))
	}
	if f == nil {
		return d
	}
	name := text(values.Harness, "dataset_path")
	warn := func(hint, format string, args ...any) {
		found.Add(diag.Diagnostic{
			Pos: placeOf(config, datasetKey), Severity: diag.Warning, Code: "data-set", Key: datasetKey,
			Message: fmt.Sprintf(format, args...), Hint: hint,
		})
	}
	asked, _ := manifest.Int(values.Harness, "total_sample_count")
	switch {
	case f.err != nil:
		warn("mlrun dataset info says what is wrong with it", "%v", f.err)
	case f.here && (f.samples < size || f.samples > size && uint64(asked) != size):
		warn(fmt.Sprintf("set harness_config.total_sample_count to %d to mean this file, or name the right one", f.samples),
			"%s has %d samples, the manifest is for %d%s: mlrun does not run it with this file", name, f.samples, size, sizeFrom(values, size))
	case f.here:
		d.Digest = f.digest
	case size == 0:
		warn(fmt.Sprintf("set harness_config.total_sample_count, or name the folder that is %s in the container: --map %s=FOLDER", path.Dir(name), path.Dir(name)),
			"%s is not here, so that its size is not known, and mlrun does not run the manifest until it is", name)
	case sameData(known, values, size):
		d.Digest = known.Data.Digest
	}
	return d
}

// sizeFrom says where a size is from.
func sizeFrom(values check.Shared, size uint64) string {
	if n, ok := manifest.Int(values.Harness, "total_sample_count"); ok && uint64(n) == size {
		return ", as harness_config.total_sample_count says"
	}
	if benchmark := text(values.Top, "benchmark_name"); benchmark != "" {
		return ", the size of " + benchmark + "'s own"
	}
	return ""
}

// sameData reports whether a manifest that is there is for the same data set.
func sameData(m *manifest.Manifest, values check.Shared, size uint64) bool {
	return m != nil && text(m.HarnessConfig, "dataset_path") == text(values.Harness, "dataset_path") && uint64(m.Data.Samples) == size
}

// size is how many samples the data set has as far as that can be told: by
// its file, or by the manifest that is there.
func (f *dataFile) size(known *manifest.Manifest, values check.Shared) uint64 {
	switch {
	case f == nil:
	case f.here:
		return f.samples
	case known != nil && sameData(known, values, uint64(known.Data.Samples)):
		return uint64(known.Data.Samples)
	}
	return 0
}
