package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/dataset"
	"mlcfg/internal/tokenizer"
)

const datasetHelp = `Reads JSON lines, JSON, CSV, Parquet and pickled pandas data frames, each also
compressed with gzip, zstd, bzip2 or xz. Pickles are read as data: nothing in them is executed.
The role of a column follows from its name; --column role=name overrides that.

  mlrun dataset info open_orca.sampled_24576.pkl      columns, lengths, sources
  mlrun dataset convert in.pkl out.parquet            or .jsonl, .json, .csv
  mlrun dataset digest --algorithm md5 in.pkl         kept in the user's cache
  mlrun dataset generate --count 1000 out.jsonl       a synthetic set`

func (a *app) datasetCommand() *cli.Command {
	return &cli.Command{
		Name: "dataset", Usage: "inspect, convert and generate data sets", Description: datasetHelp,
		Subcommands: []*cli.Command{a.datasetInfo(), a.datasetConvert(), a.datasetDigest(), a.datasetGenerate()},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return withHint("info, convert, digest, generate", "no command %q under dataset", c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
	}
}

// readFlags are the flags of commands that read a data set.
type readFlags struct {
	columns   cli.StringSlice
	limit     int
	tokenizer string
	special   bool
	strict    bool
}

func (r *readFlags) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "column", Usage: "assign a role to a column (`ROLE=NAME`; roles: " + strings.Join(roleNames(), ", ") + ")", Destination: &r.columns},
		&cli.IntFlag{Name: "limit", Usage: "read only the first `N` samples; 0 reads all", Destination: &r.limit},
		&cli.StringFlag{Name: "tokenizer", Usage: "tokenizer.json or the model's `FOLDER`, to make token ids of text samples", Destination: &r.tokenizer},
		&cli.BoolFlag{Name: "special", Usage: "with --tokenizer: add special tokens such as the beginning of the text", Value: true, Destination: &r.special},
		&cli.BoolFlag{Name: "strict", Usage: "refuse a data set that has rows without a prompt, instead of leaving them out", Destination: &r.strict},
	}
}

// read reads a data set as the flags say. allowEmpty lets samples without a
// prompt pass.
func (r *readFlags) read(ctx context.Context, path string, allowEmpty bool) (*dataset.Set, error) {
	opt, err := r.options()
	if err != nil {
		return nil, err
	}
	opt.AllowEmpty = allowEmpty
	var tok *tokenizer.Tokenizer
	if r.tokenizer != "" {
		if tok, err = tokenizer.Open(r.tokenizer); err != nil {
			return nil, err
		}
	}
	set, err := dataset.Read(ctx, path, opt)
	if err != nil || tok == nil {
		return set, err
	}
	n, err := set.Tokenize(ctx, tok, r.special)
	if n > 0 {
		set.Notes = append(set.Notes, fmt.Sprintf("token ids of %d samples made with %s", n, r.tokenizer))
	}
	return set, err
}

func (r *readFlags) options() (dataset.Options, error) {
	columns, err := dataset.ParseColumns(r.columns.Value())
	if err == nil && r.limit < 0 {
		err = fmt.Errorf("--limit %d is below 0", r.limit)
	}
	return dataset.Options{Columns: columns, Limit: r.limit, Strict: r.strict}, err
}

func roleNames() []string {
	var names []string
	for role := range dataset.Roles() {
		names = append(names, string(role))
	}
	slices.Sort(names)
	return names
}

func (a *app) datasetInfo() *cli.Command {
	var format string
	var read readFlags
	return &cli.Command{
		Name: "info", Usage: "print the contents and lengths of a data set", ArgsUsage: "FILE...",
		Description: "Info prints columns with their roles, lengths of prompts and answers, and sources.\n\n  mlrun dataset info open_orca.sampled_24576.pkl\n  mlrun dataset info --column prompt=question in.csv",
		Flags:       append(read.flags(), &cli.StringFlag{Name: "format", Usage: "text or json", Value: "text", Destination: &format}),
		Action: func(c *cli.Context) error {
			if err := oneOf("format", format, "text", "json"); err != nil {
				return err
			}
			if c.NArg() == 0 {
				return withHint("mlrun dataset info FILE", "info takes at least one data set")
			}
			for i, path := range c.Args().Slice() {
				set, err := read.read(c.Context, path, true) // what is missing shows in the numbers
				if err != nil {
					return err
				}
				if format == "json" {
					err = json.NewEncoder(a.stdout).Encode(set.Info())
				} else {
					if i > 0 {
						fmt.Fprintln(a.stdout)
					}
					err = printInfo(a.stdout, set.Info())
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func printInfo(out io.Writer, info dataset.Info) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "file\t%s\nformat\t%s\nsamples\t%d\n", info.Path, info.Format, info.Samples)
	for _, c := range []struct {
		name string
		n    *dataset.Counts
	}{
		{"input tokens", info.InputTokens},
		{"reference tokens", info.ReferenceTokens},
		{"max tokens", info.MaxTokens},
		{"prompt bytes", info.PromptBytes},
		{"reference bytes", info.ReferenceBytes},
	} {
		if c.n != nil {
			fmt.Fprintf(w, "%s\tmean %.1f, min %d, p50 %d, p90 %d, p99 %d, max %d, total %d", c.name, c.n.Mean, c.n.Min, c.n.P50, c.n.P90, c.n.P99, c.n.Max, c.n.Total)
			if c.n.Samples != info.Samples {
				fmt.Fprintf(w, " (%d samples)", c.n.Samples)
			}
			fmt.Fprintln(w)
		}
	}
	if info.LargestToken >= 0 {
		fmt.Fprintf(w, "largest token id\t%d\n", info.LargestToken)
	}
	if info.Chats > 0 {
		fmt.Fprintf(w, "chats\t%d\n", info.Chats)
	}
	var sources []string
	for name, n := range info.Sources {
		sources = append(sources, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(sources)
	if len(sources) > 0 {
		fmt.Fprintf(w, "sources\t%s\n", strings.Join(sources, ", "))
	}
	for _, note := range info.Notes {
		fmt.Fprintf(w, "note\t%s\n", note)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "column\ttype\tread as")
	for _, c := range info.Columns {
		role := string(c.Role)
		if role == "" {
			role = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", c.Name, c.Type, role)
	}
	return w.Flush()
}

func (a *app) datasetConvert() *cli.Command {
	var read readFlags
	return &cli.Command{
		Name: "convert", Usage: "write a data set in another format", ArgsUsage: "IN OUT",
		Description: "OUT is .jsonl, .json, .csv or .parquet. Columns without a meaning are left out.\n\n  mlrun dataset convert in.pkl out.parquet",
		Flags:       read.flags(),
		Action: func(c *cli.Context) error {
			if c.NArg() != 2 {
				return withHint("mlrun dataset convert IN OUT", "convert takes two files")
			}
			in, out := c.Args().Get(0), c.Args().Get(1)
			if _, err := dataset.FormatOfName(out); err != nil {
				return err
			}
			set, err := read.read(c.Context, in, false)
			if err != nil {
				return err
			}
			if err := set.WriteFile(out); err != nil {
				return err
			}
			var left []string
			for _, col := range set.Columns {
				if col.Role == dataset.NoRole || col.Role == dataset.RoleInputLength {
					left = append(left, col.Name)
				}
			}
			fmt.Fprintf(a.stderr, "%s: %d samples\n", out, set.Len())
			for _, note := range set.Notes {
				fmt.Fprintf(a.stderr, "note: %s\n", note)
			}
			if len(left) > 0 {
				fmt.Fprintf(a.stderr, "left out: %s\n", strings.Join(left, ", "))
			}
			return nil
		},
	}
}

func (a *app) datasetDigest() *cli.Command {
	var algorithm, expect, format string
	return &cli.Command{
		Name: "digest", Usage: "print the digests of files", ArgsUsage: "FILE...",
		Description: "Exit status 1 if --expect is given and a file has another digest.\n\n  mlrun dataset digest --algorithm md5 in.pkl",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "algorithm", Usage: "sha256 or md5", Value: "sha256", Destination: &algorithm},
			&cli.StringFlag{Name: "expect", Usage: "fail unless the file has this `DIGEST`", Destination: &expect},
			&cli.StringFlag{Name: "format", Usage: "text or json", Value: "text", Destination: &format},
		},
		Action: func(c *cli.Context) error {
			if err := oneOf("format", format, "text", "json"); err != nil {
				return err
			}
			if err := oneOf("algorithm", algorithm, "sha256", "md5"); err != nil {
				return err
			}
			if c.NArg() == 0 {
				return withHint("mlrun dataset digest FILE", "digest takes at least one file")
			}
			unlike := false
			for _, path := range c.Args().Slice() {
				digest, cached, err := dataset.Digest(c.Context, path, algorithm)
				if err != nil {
					return err
				}
				if format == "json" {
					err = json.NewEncoder(a.stdout).Encode(map[string]any{"file": path, "algorithm": algorithm, "digest": digest, "cached": cached})
				} else {
					_, err = fmt.Fprintf(a.stdout, "%s  %s\n", digest, path)
				}
				if err != nil {
					return err
				}
				if expect != "" && !strings.EqualFold(strings.TrimSpace(expect), digest) {
					unlike = true
					fmt.Fprintf(a.stderr, "%s: digest %s, want %s\n", path, digest, expect)
				}
			}
			if unlike {
				return errFindings
			}
			return nil
		},
	}
}

func (a *app) datasetGenerate() *cli.Command {
	var count, vocabulary int
	var input, output string
	var text bool
	var seed uint64
	return &cli.Command{
		Name: "generate", Usage: "write a synthetic data set", ArgsUsage: "OUT",
		Description: "Lengths are " + dataset.LengthsHelp + ".\n\nThe same arguments give the same set.\n\n  mlrun dataset generate --count 1000 out.jsonl",
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "count", Usage: "number of samples", Value: 1000, Destination: &count},
			&cli.StringFlag{Name: "input", Usage: "`LENGTHS` of the prompts in tokens", Value: "lognormal:250,200,8,1024", Destination: &input},
			&cli.StringFlag{Name: "output", Usage: "`LENGTHS` of max_tokens (default: none)", Destination: &output},
			&cli.IntFlag{Name: "vocabulary", Usage: "number of token ids", Value: 32000, Destination: &vocabulary},
			&cli.BoolFlag{Name: "text", Usage: "write prompts of made-up words instead of token ids", Destination: &text},
			&cli.Uint64Flag{Name: "seed", Usage: "seed of the random lengths and tokens", Value: 1, Destination: &seed},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return withHint("mlrun dataset generate OUT.jsonl", "generate takes one file")
			}
			out := c.Args().First()
			if _, err := dataset.FormatOfName(out); err != nil {
				return err
			}
			spec := dataset.Spec{Vocabulary: vocabulary, Text: text}
			var err error
			if spec.Input, err = dataset.ParseLengths(input); err != nil {
				return err
			}
			if output != "" {
				if spec.Output, err = dataset.ParseLengths(output); err != nil {
					return err
				}
			}
			set, err := dataset.Synthetic(count, spec, seed)
			if err != nil {
				return err
			}
			if err := set.WriteFile(out); err != nil {
				return err
			}
			fmt.Fprintf(a.stderr, "%s: %s\n", out, strings.Join(set.Notes, "; "))
			return nil
		},
	}
}
