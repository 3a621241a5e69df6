package record_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"mlcfg/internal/record"
)

func Example() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, record.FileName)

	w, err := record.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	err = w.Append(&record.Record{
		Scheduled: 10 * time.Millisecond, Issued: 11 * time.Millisecond, Sent: 11 * time.Millisecond,
		FirstToken: 60 * time.Millisecond, Done: 360 * time.Millisecond,
		InputTokens: 100, OutputTokens: 31, Status: record.OK, Finish: "length",
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	err = record.ReadFile(path, func(r *record.Record) bool {
		ttft, _ := r.TTFT() // counts from when the request was due
		tpot, _ := r.TPOT()
		fmt.Println("TTFT", ttft, "TPOT", tpot)
		return true
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: TTFT 50ms TPOT 10ms
}
