package loadgen_test

import (
	"fmt"
	"log"
	"time"

	"mlcfg/internal/loadgen"
)

func Example() {
	settings := loadgen.DefaultSettings()
	settings.Scenario, settings.Mode = loadgen.Server, loadgen.PerformanceOnly
	settings.ServerTargetQPS, settings.MinDuration, settings.MinQueryCount = 100, 10*time.Second, 100
	effective, err := settings.Effective(loadgen.Library{TotalSampleCount: 100, PerformanceSampleCount: 100})
	if err != nil {
		log.Fatal(err)
	}
	phases, err := effective.Phases(loadgen.Generator{})
	if err != nil {
		log.Fatal(err)
	}
	var r loadgen.Records
	r.SamplesPerQuery = 1
	for q := range phases[0].Queries() {
		at := q.Scheduled.Nanoseconds() // an engine that answers each query in 50 ms
		r.Scheduled, r.Issued, r.Done = append(r.Scheduled, at), append(r.Issued, at), append(r.Done, at+50_000_000)
		if len(r.Done) <= 2 {
			fmt.Println("sample", q.Samples[0], "at", q.Scheduled)
		}
		if _, ended := effective.EndAfter(uint64(len(r.Done)), 0, q.Scheduled); ended {
			break
		}
	}
	verdict, figures, err := loadgen.Judge(&effective, &r)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(figures.Queries, "queries, valid:", verdict.Valid)
	// Output:
	// sample 68 at 0s
	// sample 53 at 8.985603ms
	// 985 queries, valid: true
}
