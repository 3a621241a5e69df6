// Command render holds files that mlcfg render wrote to the systems' own definitions: resources
// of Kubernetes are decoded strictly into their Go types and checked by kubeconform against schemas
// that are made of Kubernetes' OpenAPI file and LeaderWorkerSet's definition, services are loaded by
// Compose's own loader.
//
//	go run . DIR    every kubernetes-*.yaml and compose-*.yaml in it
//
// It is a module of its own, so that these libraries are none of mlcfg's.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/yannh/kubeconform/pkg/validator"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	lws "sigs.k8s.io/lws/api/leaderworkerset/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run . DIR")
		os.Exit(2)
	}
	if err := check(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "render-check:", err)
		os.Exit(1)
	}
}

func check(ctx context.Context, dir string) error {
	resources, err := filepath.Glob(filepath.Join(dir, "kubernetes-*.yaml"))
	if err != nil {
		return err
	}
	services, err := filepath.Glob(filepath.Join(dir, "compose-*.yaml"))
	if err != nil {
		return err
	}
	if len(resources) == 0 || len(services) == 0 {
		return fmt.Errorf("%s: no kubernetes-*.yaml, or no compose-*.yaml", dir)
	}
	schemas, err := os.MkdirTemp("", "rendercheck")
	if err != nil {
		return err
	}
	defer os.RemoveAll(schemas)
	var conform validator.Validator
	if err := writeSchemas(ctx, schemas); err != nil {
		fmt.Printf("SKIPPED: kubeconform: %v\n", err)
	} else if conform, err = validator.New([]string{schemas + "/{{.ResourceKind}}.json"}, validator.Opts{Strict: true}); err != nil {
		return err
	}
	var errs []error
	for _, file := range resources {
		n, err := checkResources(file, conform)
		errs = append(errs, err)
		fmt.Printf("%s: %d resources\n", filepath.Base(file), n)
	}
	for _, file := range services {
		n, err := checkServices(ctx, file)
		errs = append(errs, err)
		fmt.Printf("%s: %d services\n", filepath.Base(file), n)
	}
	return errors.Join(errs...)
}

// kinds are the types that resources are decoded into.
var kinds = map[string]func() any{
	"v1 ConfigMap":        func() any { return &core.ConfigMap{} },
	"v1 Service":          func() any { return &core.Service{} },
	"apps/v1 StatefulSet": func() any { return &apps.StatefulSet{} },
	"batch/v1 Job":        func() any { return &batch.Job{} },
	"leaderworkerset.x-k8s.io/v1 LeaderWorkerSet": func() any { return &lws.LeaderWorkerSet{} },
}

// checkResources decodes the resources of a file strictly, and has kubeconform look at them; nil
// leaves that out.
func checkResources(file string, conform validator.Validator) (n int, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, document := range strings.SplitAfter("\n"+string(data)+"---\n", "\n---\n")[1:] {
		if document = strings.TrimSuffix(document, "---\n"); document == "" {
			continue
		}
		var kind struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal([]byte(document), &kind); err != nil {
			return n, fmt.Errorf("%s: %w", file, err)
		}
		name := kind.APIVersion + " " + kind.Kind
		make, ok := kinds[name]
		if !ok {
			errs = append(errs, fmt.Errorf("%s: no type for %s", file, name))
			continue
		}
		resource := make()
		if err := yaml.UnmarshalStrict([]byte(document), resource); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", file, name, err))
		}
		if c, ok := resource.(*core.ConfigMap); ok {
			errs = append(errs, sealed(file, c.Data["manifest.yaml"]))
		}
		n++
	}
	if conform != nil {
		seen := 0
		for _, r := range conform.Validate(file, io.NopCloser(bytes.NewReader(data))) {
			switch r.Status {
			case validator.Valid:
				seen++
			case validator.Empty:
			default:
				errs = append(errs, fmt.Errorf("%s: kubeconform: %w", file, r.Err))
			}
		}
		if len(errs) == 0 && seen != n {
			errs = append(errs, fmt.Errorf("%s: kubeconform looked at %d of %d resources", file, seen, n))
		}
	}
	return n, errors.Join(errs...)
}

// checkServices loads a file as Compose does.
func checkServices(ctx context.Context, file string) (int, error) {
	o, err := cli.NewProjectOptions([]string{file}, cli.WithWorkingDirectory(filepath.Dir(file)), cli.WithResolvedPaths(true))
	if err != nil {
		return 0, err
	}
	project, err := o.LoadProject(ctx)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	var errs []error
	for name, s := range project.Services {
		for _, word := range append(append([]string{}, s.Entrypoint...), s.Command...) {
			if strings.Contains(word, "$$") {
				errs = append(errs, fmt.Errorf("%s: %s: %q has a dollar too many", file, name, word))
			}
		}
	}
	errs = append(errs, sealed(file, project.Configs["manifest.yaml"].Content))
	return len(project.Services), errors.Join(errs...)
}

// digestLine is the manifest's digest, which is over all of its other lines.
var digestLine = regexp.MustCompile(`(?m)^digest: "sha256:([0-9a-f]{64})"\n`)

// sealed reports a manifest that is not the one that was rendered, to the byte.
func sealed(file, text string) error {
	m := digestLine.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("%s: no manifest with a digest is in it", file)
	}
	if sum := sha256.Sum256([]byte(digestLine.ReplaceAllString(text, ""))); hex.EncodeToString(sum[:]) != m[1] {
		return fmt.Errorf("%s: the manifest in it is another one", file)
	}
	return nil
}
