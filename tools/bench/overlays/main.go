// Command overlays makes what the benchmark of many overlays needs:
//
//	overlays generate -from examples -n 1000 -seed 1 -out DIR   a configuration repository
//	overlays parse FILE...                                      parse them with yaml.v3 alone, on all cores
//	overlays cue -engine vllm=0.10.1 -engine sglang=0.5.9       the CUE of our schemas as one plain CUE file, for cue vet
//
// scripts/bench-overlays.sh runs it all.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"mlcfg/schema"
	"mlcfg/schema/importer"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "overlays:", err)
		os.Exit(2)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("generate, parse or cue")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	from := flags.String("from", "examples", "`DIR` with config.yaml and models/*/*.yaml to vary")
	out := flags.String("out", "", "`DIR` to write")
	n := flags.Int("n", 1000, "how many overlays")
	seed := flags.Uint64("seed", 1, "seed of the numbers")
	dir := flags.String("schemas", "schema", "`DIR` with the CUE files of the schemas")
	var engines releases
	flags.Var(&engines, "engine", "`ENGINE=RELEASE`, one each")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "generate":
		return generate(*from, *out, *n, *seed)
	case "parse":
		return parse(flags.Args())
	case "cue":
		return writeCUE(*dir, engines)
	}
	return fmt.Errorf("no mode %q", args[0])
}

// parse parses files into nodes and nothing more.
func parse(files []string) error {
	next := make(chan string)
	errs := make(chan error, 1)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for file := range next {
				data, err := os.ReadFile(file)
				var node yaml.Node
				if err == nil {
					err = yaml.Unmarshal(data, &node)
				}
				if err != nil {
					select {
					case errs <- fmt.Errorf("%s: %w", file, err):
					default:
					}
				}
			}
		})
	}
	for _, file := range files {
		next <- file
	}
	close(next)
	workers.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

type releases [][2]string

// String is the flag's value as it was given.
func (r *releases) String() string { return fmt.Sprint(*r) }

// Set takes ENGINE=RELEASE.
func (r *releases) Set(text string) error {
	engine, release, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("want ENGINE=RELEASE")
	}
	*r = append(*r, [2]string{engine, release})
	return nil
}

// writeCUE writes the definitions of releases, as the CUE files in dir have them, as one
// closed CUE struct.
func writeCUE(dir string, engines releases) error {
	var b strings.Builder
	section := func(indent string, keys map[string]string) {
		for _, name := range slices.Sorted(maps.Keys(keys)) {
			fmt.Fprintf(&b, "%s%s\n", indent, keys[name])
		}
	}
	b.WriteString("#Overlay: {\n")
	shared, err := importer.Sources(os.DirFS(dir), schema.Harness, "v6.1")
	if err != nil {
		return err
	}
	for _, key := range schema.Shared().Section("config").Keys() {
		if key.Kinds&schema.Map != 0 {
			delete(shared["config"], key.Name)
		}
	}
	section("\t", shared["config"])
	const variable = "\t\t[string]: bool | number | string | null\n"
	fmt.Fprintf(&b, "\tenv_config?: null | {\n%s\t}\n", variable)
	fmt.Fprintf(&b, "\tharness_config?: null | {...}\n")
	for _, e := range engines {
		release, err := schema.Resolve(e[0], e[1])
		if err != nil {
			return err
		}
		keys, err := importer.Sources(os.DirFS(dir), e[0], release)
		if err != nil {
			return err
		}
		for _, name := range []string{schema.EngineConfig, schema.SamplingConfig} {
			fmt.Fprintf(&b, "\t%s_%s?: null | {\n", e[0], name)
			section("\t\t", keys[name])
			b.WriteString("\t}\n")
		}
		fmt.Fprintf(&b, "\t%s_env_config?: null | {\n%s\t}\n", e[0], variable)
	}
	b.WriteString("}\n#Overlay\n")
	_, err = os.Stdout.WriteString(b.String())
	return err
}
