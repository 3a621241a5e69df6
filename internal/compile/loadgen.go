package compile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"mlcfg/internal/check"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/merge"
	"mlcfg/internal/plainfile"
)

// frozen is LoadGen's part of a manifest.
type frozen struct {
	section map[string]any
	// source is the user.conf that was read, empty where there was none.
	source manifest.Source
	round  string
	data   manifest.Data
	// unbuilt is that of the data set.
	unbuilt error
}

// conf is a conf file that was looked for.
type conf struct {
	// local is where it was looked for; conf is nil where nothing was there.
	local string
	conf  *loadgen.Conf
	found diag.List
	err   error // why it could not be read though something is there
}

// loadgen freezes LoadGen's settings: what a run follows from is in the
// manifest then, whatever becomes of user.conf.
func (c *Compiler) loadgen(config *config.Config, tree *merge.Tree, round string, values check.Shared, known *manifest.Manifest, found *diag.List) frozen {
	scenario, errS := loadgen.ParseScenario(text(values.Top, "scenario"))
	mode, errM := loadgen.ParseMode(text(values.Top, "test_mode"))
	benchmark := text(values.Top, "benchmark_name")
	if errS != nil || errM != nil || benchmark == "" {
		return frozen{} // said already
	}
	r := loadgen.Request{
		Benchmark: benchmark, Scenario: scenario, Mode: mode, Round: round,
		UserConfPath: text(values.Harness, "user_conf_path"),
		Harness:      &loadgen.Harness{TargetQPS: number(values.Harness, "target_qps"), TotalSampleCount: -1, DurationSec: number(values.Harness, "duration_sec")},
	}
	data := c.read(values, config.Root)
	r.DataSamples = data.size(known, values)
	if n, ok := manifest.Int(values.Harness, "total_sample_count"); ok {
		r.Harness.TotalSampleCount = n
	}
	r.Harness.AccuracySet, r.Harness.CutsPerformance = isAccuracy(tree), cutsPerformance(tree, round)
	var user conf
	if r.UserConfPath != "" {
		user = c.conf(r.UserConfPath, config.Root, loadgen.UserConf)
		r.UserConf = user.conf
		c.add(config, found, user.found, r.UserConfPath, user.local)
		if user.conf == nil {
			found.Add(notFound(config, r.UserConfPath, &user))
		}
	}
	section, said := loadgen.Freeze(r)
	c.add(config, found, said, r.UserConfPath, user.local)
	out := frozen{section: section.Map(), round: section.Round}
	out.data = c.frozenData(config, values, data, known, section.Library.TotalSampleCount, found)
	if data != nil {
		out.unbuilt = data.unbuilt
	}
	if user.conf != nil {
		out.source = manifest.Source{Path: r.UserConfPath, SHA256: user.conf.SHA256}
	}
	return out
}

func number(values map[string]any, key string) float64 {
	if f, ok := manifest.Float(values, key); ok {
		return f
	}
	return -1
}

// conf reads a conf file, once for all configurations that name it. Places in
// it have the name that the configuration has for it, which is the same on
// every machine.
func (c *Compiler) conf(name, root string, kind loadgen.ConfKind) conf {
	local := c.options.Maps.Translate(name, root)
	c.mu.Lock()
	defer c.mu.Unlock()
	id := name + "\x00" + local
	if known, ok := c.confs[id]; ok {
		return known
	}
	read := conf{local: local}
	data, err := plainfile.Read(context.Background(), local, loadgen.MaxConf)
	switch {
	case err == nil:
		read.conf, read.found = loadgen.ParseConf(name, data, kind)
	case !errors.Is(err, fs.ErrNotExist):
		read.err = err
	}
	c.confs[id] = read
	return read
}

// add takes findings over, with the places that a reader needs: the file that
// was read for the name in the configuration, and the key's place for findings
// about a key.
func (c *Compiler) add(config *config.Config, found *diag.List, l diag.List, name, local string) {
	for _, d := range l {
		switch {
		case d.Pos.File == name && name != "":
			d.Pos.File = local
		case d.Pos.File == "":
			d.Pos = placeOf(config, d.Key)
		}
		found.Add(d)
	}
}

// placeOf is where a key's value stands, the overlay where nowhere.
func placeOf(config *config.Config, key string) diag.Pos {
	return placeIn(config.Tree, config, key)
}

func placeIn(tree *merge.Tree, config *config.Config, key string) diag.Pos {
	if t := tree.Lookup(strings.Split(key, ".")...); t != nil && len(t.Chain) > 0 && key != "" {
		return t.Value().Pos
	}
	return fileOf(config)
}

const userConfKey = "harness_config.user_conf_path"

func notFound(config *config.Config, name string, user *conf) diag.Diagnostic {
	d := diag.Diagnostic{
		Pos: placeOf(config, userConfKey), Severity: diag.Warning, Code: "user-conf-not-found", Key: userConfKey,
		Message: fmt.Sprintf("%s is not here: its settings are not frozen, and mlrun does not run the manifest until they are", name),
		Hint:    fmt.Sprintf("name the folder that is %s in the container: --map %s=FOLDER", path.Dir(name), path.Dir(name)),
	}
	if !path.IsAbs(name) {
		d.Hint = "a relative path starts at the configuration root, the folder of the base"
	}
	local := user.local
	if user.err != nil {
		reason := user.err
		if p := (*fs.PathError)(nil); errors.As(reason, &p) {
			reason = p.Err
		}
		d.Severity, d.Message, d.Hint = diag.Error, fmt.Sprintf("%s cannot be read: %v", local, reason), ""
	} else if local != name && path.IsAbs(name) {
		// The folder is mapped, so that nothing else is missing than the file.
		d.Severity, d.Hint = diag.Error, "make "+local+", or name another file"
		d.Message = fmt.Sprintf("%s is not at %s: its settings are not frozen, and mlrun does not run such a manifest", name, local)
	} else if local != name {
		d.Message = fmt.Sprintf("%s is not at %s: its settings are not frozen, and mlrun does not run the manifest until they are", name, local)
	}
	return d
}
