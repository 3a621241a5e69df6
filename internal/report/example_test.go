package report_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

// A run that was cut short after its first second is judged from its directory alone.
func Example() {
	parent, err := os.MkdirTemp("", "runs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "offline")
	if err := writeRun(dir); err != nil {
		log.Fatal(err)
	}

	run, err := report.Load(dir)
	if err != nil {
		log.Fatal(err)
	}
	j, err := report.Judge(run)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("valid:", j.Verdict.Valid)
	fmt.Printf("%.0f samples/s\n", j.Figures.SamplesPerSecond())
	// Output:
	// valid: false
	// 64 samples/s
}

// writeRun writes what mlrun leaves of an offline run of 64 samples, answered in a second.
func writeRun(path string) error {
	s := loadgen.DefaultSettings()
	s.Scenario, s.OfflineExpectedQPS = loadgen.Offline, 64
	m := manifest.Manifest{
		BenchmarkName: "llama2-70b", Scenario: "offline", TestMode: "performance", Machine: "alpha", Backend: "vllm",
		Engine: manifest.Engine{Name: "vllm", Version: "0.10.1"}, Schema: "sha256:00",
		Loadgen: loadgen.Section{Settings: s, Library: loadgen.Library{TotalSampleCount: 64, PerformanceSampleCount: 64}, Round: "v5.1", Frozen: true}.Map(),
	}
	yaml, err := m.YAML()
	if err != nil {
		return err
	}
	dir, err := record.CreateDir(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Write(record.ManifestFile, yaml); err != nil {
		return err
	}
	if err := dir.WriteJSON(record.StateFile, record.State{Phase: record.Measuring, DatasetSamples: 64}); err != nil {
		return err
	}
	w, err := record.Create(dir.File(record.FileName))
	if err != nil {
		return err
	}
	for i := range uint32(64) {
		r := record.Record{Seq: uint64(i), Sample: i, FirstToken: 200 * time.Millisecond, Done: time.Second, InputTokens: 100, OutputTokens: 32, Status: record.OK, Finish: "length"}
		if err := w.Append(&r); err != nil {
			return err
		}
	}
	return w.Close()
}
