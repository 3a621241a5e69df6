package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/cli/output"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/edit/migrate"
	"mlcfg/internal/launch"
)

const migrateHelp = `Migrate brings files of the older format, which Hydra read (llm_config,
sampling_params, server_version, data_parallel_size, ...), into the current one, in
canonical layout and with their comments. What has no place any more becomes a
comment, and standard error says why. The outcome is linted where there is a base.

  mlcfg migrate old/server_mi325x.yaml                       to standard output
  mlcfg migrate old/*.yaml -o models/llama2-70b/             into another folder
  mlcfg migrate -w models/llama2-70b                         in place
  mlcfg migrate --format json old/server_mi325x.yaml         text and changes, for scripts

The exit status is 1 where something could not be carried or lint finds errors.`

func (a *app) migrateCommand() *cli.Command {
	return &cli.Command{
		Name:        "migrate",
		Usage:       "convert files of the older (Hydra) format to the current one",
		ArgsUsage:   "FILE|DIR...",
		Description: migrateHelp,
		Flags: append(configFlags(),
			&cli.BoolFlag{Name: "write", Aliases: []string{"w"}, Usage: "rewrite the files"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the files to `DIR` under their own names"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of standard output: text (the files) or json"},
		),
		Action: a.migrate,
	}
}

// migrated is what came of one file, as --format json has it.
type migrated struct {
	File    string    `json:"file"`
	Written string    `json:"written,omitempty"`
	Text    string    `json:"text"`
	Changes []changed `json:"changes"`
	Lint    diag.List `json:"lint"`
	Fault   string    `json:"fault,omitempty"`
}

type changed struct {
	Kind   migrate.Kind `json:"kind"`
	Key    string       `json:"key,omitempty"`
	To     string       `json:"to,omitempty"`
	Line   int          `json:"line"`
	Column int          `json:"column"`
	Reason string       `json:"reason,omitempty"`
}

func (a *app) migrate(c *cli.Context) error {
	if err := oneOf("format", c.String("format"), "text", "json"); err != nil {
		return err
	}
	write, dir, asJSON := c.Bool("write"), c.String("output"), c.String("format") == "json"
	if write && dir != "" {
		return withHint("leave one out", "-w rewrites the files, -o writes others")
	}
	l, err := load(c)
	if err != nil {
		return err
	}
	files, err := a.readFiles(l.overlays, l.project.OmegaConf())
	if err != nil {
		return err
	}
	if len(files) > 1 && !write && dir == "" && !asJSON {
		return withHint("rewrite them with -w, or name a folder with -o DIR", "%d files cannot all go to standard output", len(files))
	}
	var all []migrated
	status := error(nil)
	for _, f := range files {
		target := f.path
		if dir != "" {
			target = filepath.Join(dir, filepath.Base(f.path))
		}
		m, err := a.migrateFile(l, f, target)
		switch {
		case errors.Is(err, errFindings):
			status = errFindings
		case err != nil:
			return err
		}
		private := m.Text != "" && f.private()
		if private && !write && dir == "" {
			a.warn("%s: %s", f.path, notShown)
			m.Text, m.Fault, status = "", notShown, errFindings
		}
		switch {
		case m.Text == "" || asJSON && !write && dir == "" || write && m.Fault != "":
		case !write && dir == "":
			_, err = a.stdout.Write([]byte(m.Text))
		default:
			if dir != "" {
				err = a.newFile(target)
			}
			if err == nil {
				err = atomicfile.Write(target, []byte(m.Text), 0o644)
			}
			m.Written = target
		}
		if err != nil && !errors.Is(err, errFindings) {
			return err
		}
		if asJSON && private {
			m.Text = ""
		}
		all = append(all, m)
	}
	if asJSON {
		if err := output.JSON(a.stdout, map[string]any{"files": all}); err != nil {
			return fmt.Errorf("writing the files: %w", err)
		}
	}
	return status
}

// newFile makes the folder for a file that must not be there yet.
func (a *app) newFile(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return withHint("remove it, or name another folder", "%s is there already", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making the folder of %s: %w", path, err)
	}
	return nil
}

// migrateFile migrates one file and tells what became of it. The error is
// errFindings where something is wrong with the file or its outcome.
func (a *app) migrateFile(l *loader, f textFile, target string) (migrated, error) {
	m := migrated{File: f.path, Changes: []changed{}, Lint: diag.List{}}
	result, found := migrate.File(f.path, f.data, l.project.OmegaConf())
	if result == nil {
		m.Fault = "it is no configuration of the older format, and none of the current one"
		if config.IsOverlay(f.path, f.data) {
			m.Fault = "it is of the current format already"
		} else if len(launch.Read(launch.NewFile(f.path, f.data))) > 0 {
			m.Fault = "it is no configuration but starts an engine: mlcfg import makes one of it"
		}
		if len(found) > 0 {
			m.Fault = found.Summary()
		} else if target == f.path {
			m.Text = string(f.data)
		}
		err := a.writeFound(found, func(string) []byte { return f.data })
		a.warn("%s: left as it is: %s", f.path, m.Fault)
		if err == nil && found.HasErrors() {
			err = errFindings
		}
		return m, err
	}
	m.Text = string(result.Text)
	said := diag.List{}
	for _, c := range result.Changes {
		m.Changes = append(m.Changes, changed{c.Kind, c.Key, c.To, c.Pos.Line, c.Pos.Column, c.Reason})
		d := diag.Diagnostic{Pos: c.Pos, Severity: diag.Info, Code: "migrate-" + string(c.Kind), Key: c.Key}
		switch c.Kind {
		case migrate.Lost:
			d.Severity, d.Message = diag.Warning, fmt.Sprintf("%s is a comment now: %s", c.Key, c.Reason)
		case migrate.Computed:
			d.Message = fmt.Sprintf("%s is %s now: %s", c.Key, c.To, c.Reason)
		case migrate.Added:
			d.Pos, d.Message = diag.Pos{File: f.path}, fmt.Sprintf("added %s: %s", c.To, c.Reason)
		default:
			continue
		}
		said.Add(d)
	}
	err := a.writeFound(said, func(string) []byte { return f.data })
	status := error(nil)
	if said.Count(diag.Warning) > 0 {
		status = errFindings
	}
	loaded, loadErr := l.project.LoadText(target, result.Text)
	switch {
	case errors.Is(loadErr, config.ErrNoBase):
		a.warn("%s: not linted: there is no base; name it with --base FILE", f.path)
	case loadErr != nil:
		return m, loadErr
	default:
		out := l.compiler.Check(loaded)
		m.Lint = out.Found
		serious := diag.List{}
		for _, d := range out.Found {
			if d.Severity == diag.Error || d.Severity == diag.Warning && d.Code != "user-conf-not-found" {
				serious.Add(d)
			}
		}
		err = errors.Join(err, a.writeFound(serious, func(file string) []byte {
			if file == target {
				return result.Text
			}
			return l.project.Text(file)
		}))
		if serious.HasErrors() {
			status = errFindings
		}
	}
	if err != nil {
		return m, err
	}
	return m, status
}
