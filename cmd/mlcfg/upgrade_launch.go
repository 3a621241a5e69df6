package main

import (
	"fmt"
	"slices"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/check"
	"mlcfg/internal/diag"
	"mlcfg/internal/edit/upgrade"
	"mlcfg/internal/launch"
	"mlcfg/schema"
)

// upgradeFile reports what changes for the launches of a file, and edits it.
func upgradeFile(lc *check.LaunchChecker, s started, targets map[string]string, write bool) ([]upgraded, error) {
	var reports []upgraded
	var all []upgrade.Change
	for i := range s.launches {
		l := &s.launches[i]
		spec, ok := targets[l.Backend.Engine]
		if !ok {
			continue
		}
		to, err := schema.Load(l.Backend.Engine, spec)
		if err != nil {
			return nil, err
		}
		from, named := lc.Named(l)
		if !named {
			if from, err = upgrade.Inferred(l, spec); err != nil {
				return nil, err
			}
		}
		u := upgraded{File: fmt.Sprintf("%s:%d", s.file.Path, l.Pos.Line), Backend: l.Backend.Name, From: from.Version(), To: to.Release, Changes: []upgrade.Change{}, Done: []string{}}
		changes := upgrade.Launch(lc, l, from, to)
		if c, ok := upgrade.Release(s.file, l, to.Release); ok {
			changes = append([]upgrade.Change{c}, changes...)
		}
		for _, c := range changes {
			if c.Pos.Line == 0 || !slices.ContainsFunc(all, func(o upgrade.Change) bool { return o.Pos == c.Pos && o.Kind == c.Kind && o.Message == c.Message }) {
				u.Changes = append(u.Changes, c)
				all = append(all, c)
			}
		}
		// Another branch of the same command has what is new of it alone.
		if n := len(reports); n > 0 && reports[n-1].File == u.File && reports[n-1].From == u.From {
			u.Changes = slices.DeleteFunc(u.Changes, func(c upgrade.Change) bool { return c.Pos.Line == 0 })
			reports[n-1].Changes = append(reports[n-1].Changes, u.Changes...)
			continue
		}
		reports = append(reports, u)
	}
	done := map[diag.Pos]bool{}
	if write {
		text, made := upgrade.EditLaunches(s.file, s.launches, all)
		if text != nil && !worse(lc, s, text, targets) {
			if err := atomicfile.Write(s.file.Path, text, 0o644); err != nil {
				return nil, err
			}
			for _, c := range made {
				done[c.Pos] = true
			}
		}
	}
	for i := range reports {
		u := &reports[i]
		for _, c := range u.Changes {
			if done[c.Pos] {
				u.Done = append(u.Done, c.Key)
			} else if c.Breaks() {
				u.left++
			}
		}
	}
	return reports, nil
}

// worse reports whether an edited file has more errors at the new releases than before.
func worse(lc *check.LaunchChecker, s started, text []byte, targets map[string]string) bool {
	errors := func(launches []launch.Launch) (n int) {
		for i := range launches {
			to, err := schema.Load(launches[i].Backend.Engine, targets[launches[i].Backend.Engine])
			if err != nil {
				continue
			}
			for _, d := range lc.ResolveAs(&launches[i], to).Found {
				if d.Severity == diag.Error {
					n++
				}
			}
		}
		return n
	}
	after := launch.Read(launch.NewFile(s.file.Path, text))
	return len(after) != len(s.launches) || errors(after) > errors(s.launches)
}
