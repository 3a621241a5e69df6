//go:build !split

package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"mlcfg/internal/diag"
	"mlcfg/internal/plainfile"
)

// maxCUE bounds a file, in bytes.
const maxCUE = 1 << 20

// readCUE reads a CUE file. The error says that it could not be read; what is wrong in
// it is a finding, and the value is then not to be used.
func readCUE(ctx *cue.Context, path string) (cue.Value, diag.List, error) {
	data, err := plainfile.Read(context.Background(), path, maxCUE)
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return cue.Value{}, nil, fmt.Errorf("reading %s: %w", path, err)
	}
	v, found := compileCUE(ctx, path, data)
	return v, found, nil
}

// compileCUE is readCUE for a file whose text is at hand.
func compileCUE(ctx *cue.Context, path string, data []byte) (cue.Value, diag.List) {
	v := ctx.CompileBytes(data, cue.Filename(path))
	return v, Found(path, v.Validate())
}

// Found returns the findings in an error of CUE's; file is where those stand that
// have no place.
func Found(file string, err error) diag.List {
	var found diag.List
	for _, e := range cueerrors.Errors(err) {
		format, args := e.Msg()
		d := diag.Diagnostic{Pos: diag.Pos{File: file}, Severity: diag.Error, Code: Code, Message: fmt.Sprintf(format, args...)}
		places := cueerrors.Positions(e)
		slices.SortFunc(places, token.Pos.Compare)
		for i, p := range places {
			switch {
			case i == 0:
				d.Pos = Place(p)
			case Place(p) != d.Pos:
				d.Related = append(d.Related, diag.Related{Pos: Place(p), Message: "and here"})
			}
		}
		found.Add(d)
	}
	found.Sort()
	return found
}

// Place is a position of CUE's as this project has them.
func Place(p token.Pos) diag.Pos {
	if !p.IsValid() {
		return diag.Pos{}
	}
	return diag.Pos{File: p.Filename(), Line: p.Line(), Column: p.Column()}
}

// Places are where a field's key and its value stand.
func Places(v cue.Value) (key, value diag.Pos) {
	value = Place(v.Pos())
	if f, ok := v.Source().(*ast.Field); ok {
		return Place(f.Label.Pos()), Place(f.Value.Pos())
	}
	return value, value
}
