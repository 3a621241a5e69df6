package render

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"mlcfg/internal/manifest"
)

// volume is something that is kept, and where a container has it.
type volume struct {
	in string
	// path is a folder or file of the machines; else claim is a PersistentVolumeClaim, and path
	// the part of it.
	path, claim string
	writable    bool
}

// claimed marks a PersistentVolumeClaim among the paths.
const claimed = "pvc:"

// volumes are those of the path map, in the order of their places.
func (j *job) volumes() ([]volume, error) {
	var all []volume
	for _, m := range j.Map {
		in := path.Clean(m.From)
		if !path.IsAbs(m.From) || in == "/" {
			return nil, refuse("--map /models=/mnt/models", "--map %s=%s: a container has no path %q to put something at", m.From, m.To, m.From)
		}
		if slices.ContainsFunc(all, func(v volume) bool { return v.in == in }) {
			return nil, refuse("", "--map %s is given twice", in)
		}
		v, err := volumeAt(in, m.To, "--map "+m.From)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b volume) int { return strings.Compare(a.in, b.in) })
	return all, nil
}

// namedPath is a path of the configuration, and the key that names it.
type namedPath struct{ key, path string }

// paths are those of the configuration that engines and client read.
func (j *job) paths() (all []namedPath) {
	in := func(key, word string) {
		_, _ = manifest.Fill(word, func(p manifest.Place) (string, error) { // its faults are found where it is filled
			if p.Name == "path" {
				all = append(all, namedPath{key, p.Arg})
			}
			return "", nil
		})
	}
	for _, a := range j.role.Arguments {
		for _, w := range a.Words {
			in("engine_config."+a.Key, w)
		}
	}
	for _, f := range j.role.Files {
		in("engine_config", f.Text)
	}
	if data, _ := manifest.Text(j.m.HarnessConfig, "dataset_path"); path.IsAbs(data) {
		all = append(all, namedPath{"harness_config.dataset_path", data})
	}
	return all
}

// noteMissing says which paths no volume has.
func (j *job) noteMissing(kept []volume) {
	for _, p := range j.paths() {
		has := func(v volume) bool { return within(p.path, v.in) }
		note := fmt.Sprintf("%s: nothing is put at %s; --map %s=... says where it is kept", p.key, p.path, path.Dir(p.path))
		if !slices.ContainsFunc(kept, has) && !slices.Contains(j.notes, note) {
			j.notes = append(j.notes, note)
		}
	}
}

// within reports whether a path is a folder, or below it.
func within(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

func volumeAt(in, kept, flag string) (volume, error) {
	rest, ok := strings.CutPrefix(kept, claimed)
	if !ok {
		return volume{in: in, path: kept}, nil
	}
	claim, sub, _ := strings.Cut(rest, "/")
	if !jobName.MatchString(claim) || strings.Contains("/"+sub+"/", "/../") || path.IsAbs(sub) {
		return volume{}, refuse(flag+"=pvc:CLAIM/FOLDER", "%s: %q names no claim", flag, kept)
	}
	return volume{in: in, claim: claim, path: sub}, nil
}

// onMachines refuses claims where there is no Kubernetes.
func onMachines(volumes ...volume) error {
	for _, v := range volumes {
		if v.claim != "" {
			return refuse("", "pvc:%s is a claim of Kubernetes", v.claim)
		}
	}
	return nil
}
