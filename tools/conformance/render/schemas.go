package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// The modules that the schemas are made of.
const (
	kubernetesModule = "k8s.io/kubernetes@v1.34.1"
	openAPI          = "api/openapi-spec/swagger.json"
	lwsModule        = "sigs.k8s.io/lws@v0.8.0"
	lwsDefinition    = "config/crd/bases/leaderworkerset.x-k8s.io_leaderworkersets.yaml"
)

// writeSchemas writes a JSON schema for each kind that is rendered: KIND.json, in small letters.
func writeSchemas(ctx context.Context, dir string) error {
	kubernetes, err := module(ctx, kubernetesModule)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(kubernetes, openAPI))
	if err != nil {
		return err
	}
	var api struct{ Definitions map[string]map[string]any }
	if err := json.Unmarshal(data, &api); err != nil {
		return fmt.Errorf("%s: %w", openAPI, err)
	}
	for kind, definition := range map[string]string{
		"configmap": "io.k8s.api.core.v1.ConfigMap", "service": "io.k8s.api.core.v1.Service",
		"statefulset": "io.k8s.api.apps.v1.StatefulSet", "job": "io.k8s.api.batch.v1.Job",
	} {
		d, ok := api.Definitions[definition]
		if !ok {
			return fmt.Errorf("%s has no %s", openAPI, definition)
		}
		if err := writeSchema(dir, kind, closed(d, api.Definitions)); err != nil {
			return err
		}
	}
	sets, err := module(ctx, lwsModule)
	if err != nil {
		return err
	}
	if data, err = os.ReadFile(filepath.Join(sets, lwsDefinition)); err != nil {
		return err
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Name   string
				Schema struct{ OpenAPIV3Schema map[string]any }
			}
		}
	}
	if err := yaml.Unmarshal(data, &crd); err != nil {
		return fmt.Errorf("%s: %w", lwsDefinition, err)
	}
	for _, v := range crd.Spec.Versions {
		if v.Name == "v1" && len(v.Schema.OpenAPIV3Schema) > 0 {
			return writeSchema(dir, "leaderworkerset", closed(v.Schema.OpenAPIV3Schema, nil))
		}
	}
	return errors.New(lwsDefinition + " has no version v1")
}

func writeSchema(dir, kind string, schema any) error {
	data, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, kind+".json"), data, 0o644)
}

// module is the folder of a module of the module proxy.
func module(ctx context.Context, name string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", name).Output()
	var got struct{ Dir, Error string }
	if e := json.Unmarshal(out, &got); e != nil || got.Dir == "" {
		return "", fmt.Errorf("%s cannot be fetched: %s %w", name, got.Error, errors.Join(err, e))
	}
	return got.Dir, nil
}

// closed is a definition with those that it names in their places, which has no properties but its
// own. An amount may be a number too, and so may a port.
func closed(v any, definitions map[string]map[string]any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = closed(item, definitions)
		}
		return out
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			name := strings.TrimPrefix(ref, "#/definitions/")
			if name == "io.k8s.apimachinery.pkg.api.resource.Quantity" {
				return map[string]any{"type": []string{"string", "number"}}
			}
			return closed(definitions[name], definitions)
		}
		if v["format"] == "int-or-string" || v["x-kubernetes-int-or-string"] == true {
			return map[string]any{"type": []string{"string", "integer"}}
		}
		out := map[string]any{}
		for key, value := range v {
			if strings.HasPrefix(key, "x-kubernetes-") {
				continue
			}
			out[key] = closed(value, definitions)
		}
		if properties, ok := v["properties"].(map[string]any); ok && v["additionalProperties"] == nil && v["type"] != nil && len(properties) > 0 {
			out["additionalProperties"] = false
		}
		return out
	}
	return v
}
