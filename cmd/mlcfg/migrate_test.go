package main

import (
	"os"
	"path/filepath"
	"testing"

	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/internal/edit/migrate"
	"mlcfg/internal/source"
	"mlcfg/tools/sharedata"
)

// TestMigrateCorpus migrates every real file of the older format: lint finds no
// error in the outcome.
func TestMigrateCorpus(t *testing.T) {
	corpus := sharedata.Corpus(t)
	files, err := filepath.Glob(filepath.Join(corpus, "hydra_era", "*", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			r, found := migrate.File(path, data, source.OmegaConf23)
			if r == nil {
				t.Fatal(found)
			}
			config, err := config.New(config.Options{Base: filepath.Join(corpus, "config.yaml")}).LoadText(path, r.Text)
			if err != nil {
				t.Fatal(err)
			}
			if out := compile.New(compile.Options{}).Check(config); out.Found.HasErrors() {
				t.Errorf("%v\n%s", out.Found, r.Text)
			}
		})
	}
}
