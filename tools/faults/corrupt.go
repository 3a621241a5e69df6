package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

// corruptions damage files before they are read.
func corruptions() []fault {
	all := []fault{
		{
			name: "manifest: a byte changed", short: true, exit: 2, says: `manifest.yaml:\d+: the digest does not fit`,
			setup: damage(manifestName, func(d []byte) []byte { return bytes.Replace(d, []byte("temperature"), []byte("temperaturf"), 1) }),
		},
		{
			name: "manifest: cut short", short: true, exit: 2, says: `manifest.yaml`, setup: damage(manifestName, half),
		},
		{
			name: "manifest: bytes of chance", exit: 2, says: `manifest.yaml`,
			setup: damage(manifestName, func([]byte) []byte { return []byte("\x80\x04\x95\xff\x00\x1b[2J") }),
		},
		{
			name: "data set: cut short", short: true, exit: 2, says: `data/prompts.jsonl: line \d+`,
			setup: damage(dataName, func(d []byte) []byte { return d[:len(d)-9] }),
		},
		{
			name: "data set: bytes of chance in the middle", exit: 2, says: `data/prompts.jsonl: line \d+`,
			setup: damage(dataName, func(d []byte) []byte { copy(d[len(d)/2:], "\xff\xfe\x00"); return d }),
		},
		{
			name: "data set: empty", exit: 2, says: `data/prompts.jsonl.* no samples`, setup: damage(dataName, func([]byte) []byte { return nil }),
		},
	}
	records, state, summary, kept := runName+"/"+record.FileName, runName+"/"+record.StateFile, runName+"/"+record.SummaryFile, runName+"/"+record.ManifestFile
	for _, d := range []struct {
		name, file string
		change     func([]byte) []byte
		exit       int
		says       string
	}{
		{"records: last line cut", records, func(d []byte) []byte { return d[:len(d)-9] }, 1, `the record file ends in a record that was not written whole`},
		{"records: a line taken out", records, func(d []byte) []byte { i := bytes.IndexByte(d, '\n'); return d[i+1:] }, 1, `record \d+ is sample \d+`},
		{"records: bytes of chance in the middle", records, nonsenseLine, 2, `record file line \d+`},
		{"state: empty", state, func([]byte) []byte { return nil }, 2, `state.json`},
		{"summary: a figure changed", summary, func(d []byte) []byte { return bytes.Replace(d, []byte(`"samples": `), []byte(`"samples": 9`), 1) }, 1, `summary.json says samples: \d+; the records give \d+`},
		{"manifest: a byte changed", kept, func(d []byte) []byte { return bytes.Replace(d, []byte("temperature"), []byte("temperaturf"), 1) }, 2, `the digest does not fit`},
	} {
		all = append(all, fault{
			name: "run directory, " + d.name, short: true, exit: d.exit, says: d.says, command: []string{"verify", runName},
			setup: func(b *bench) (func(), error) {
				if err := b.wholeRun(); err != nil {
					return nil, err
				}
				_, err := damage(d.file, d.change)(b)
				return nil, err
			},
		})
	}
	return append(all, fault{
		name: "run directory, records: cut at every byte of the last 2 KB", exit: 1, says: `summary.json says|the record file ends|records`, command: []string{"verify", runName},
		setup: cutEverywhere,
	})
}

// cutEverywhere cuts the records of a whole run short at every byte of their last
// 2 KB: whatever is left must be read without harm and must not pass for whole.
func cutEverywhere(b *bench) (func(), error) {
	if err := b.wholeRun(); err != nil {
		return nil, err
	}
	name := b.path(runName, record.FileName)
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for cut := 1; cut <= 2048; cut++ {
		if err := os.WriteFile(name, data[:len(data)-cut], 0o644); err != nil {
			return nil, err
		}
		r, err := report.Load(b.path(runName))
		if err != nil {
			return nil, fmt.Errorf("%d bytes cut: %w", cut, err)
		}
		j, err := report.Judge(r)
		if err != nil {
			return nil, fmt.Errorf("%d bytes cut: %w", cut, err)
		}
		if j.Summary.Valid {
			return nil, fmt.Errorf("a run of which %d bytes are missing is VALID", cut)
		}
	}
	return nil, nil
}

// nonsenseLine spoils the beginning of a line in the middle.
func nonsenseLine(d []byte) []byte {
	i := len(d) / 2
	if n := bytes.IndexByte(d[i:], '\n'); n >= 0 && i+n+1 < len(d) {
		copy(d[i+n+1:], "\xff\xfe\x00{{{")
	}
	return d
}

func half(d []byte) []byte { return d[:len(d)/2] }

// damage changes a file of the fault.
func damage(name string, change func([]byte) []byte) func(*bench) (func(), error) {
	return func(b *bench) (func(), error) {
		data, err := os.ReadFile(b.path(name))
		if err != nil {
			return nil, err
		}
		before := bytes.Clone(data)
		if after := change(data); !bytes.Equal(before, after) {
			return nil, os.WriteFile(b.path(name), after, 0o644)
		}
		return nil, fmt.Errorf("%s is not damaged", name)
	}
}

// wholeRun puts a run directory in which nothing is wrong into the fault's
// folder; it is made once.
func (b *bench) wholeRun() error {
	if _, err := os.Stat(b.whole); err != nil {
		c, err := b.start(context.Background(), nil, b.mlrun, b.simulated()...)
		if err != nil {
			return err
		}
		status, err := c.wait()
		if err != nil {
			return err
		}
		if status == 2 {
			return fmt.Errorf("a run without any fault fails: %s", c.stderr.String())
		}
		if err := os.Rename(b.path(runName), b.whole); err != nil {
			return err
		}
		_ = os.Remove(b.path(finishedName))
	}
	return os.CopyFS(b.path(runName), os.DirFS(b.whole))
}
