package run

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/client"
	"mlcfg/internal/record"
	"mlcfg/internal/run/live"
)

// What the client says becomes the record, and what it cannot know is added.
func TestSink(t *testing.T) {
	whole := client.Result{
		Record: record.Record{
			Seq: 107, Sample: 9, Replica: 1, Scheduled: 2000, Issued: 2500, Sent: 2500, FirstToken: 3000, Done: 9000,
			InputTokens: 12, OutputTokens: 34, Status: record.OK, Finish: "stop",
		},
		LastToken: 8888, Chunks: 7, HTTPStatus: 200, Bytes: 4096,
	}
	failed := whole
	failed.Status, failed.Class, failed.Error, failed.Sent, failed.FirstToken, failed.OutputTokens = record.Failed, client.ConnectError, "connect: refused", record.NotReached, record.NotReached, 0
	with := func(r client.Result, change func(*record.Record)) record.Record { change(&r.Record); return r.Record }
	official := func() (first, zero time.Duration) { return 1500, 1000 }
	for _, c := range []struct {
		name   string
		sink   sink
		result client.Result
		want   record.Record
	}{
		{"server", sink{}, whole, with(whole, func(r *record.Record) { r.Query = 107 })},
		{"a later phase", sink{first: 100}, whole, with(whole, func(r *record.Record) { r.Query = 7 })},
		{"offline, one query", sink{first: 100, offline: true}, whole, with(whole, func(r *record.Record) { r.Query, r.Issued = 0, 0 })},
		{"failed before it was sent", sink{first: 100}, failed, with(failed, func(r *record.Record) { r.Query = 7 })},
		{"issued by the official LoadGen", sink{first: 100, issued: official}, whole, with(whole, func(r *record.Record) {
			r.Query, r.Scheduled, r.Issued, r.Sent, r.FirstToken, r.Done = 7, 1000, 1500, 1500, 2000, 8000
		})},
		{"offline by the official LoadGen", sink{first: 100, offline: true, issued: official}, whole, with(whole, func(r *record.Record) {
			r.Query, r.Scheduled, r.Issued, r.Sent, r.FirstToken, r.Done = 0, 500, 500, 1500, 2000, 8000
		})},
		{"failed, by the official LoadGen", sink{first: 100, issued: official}, failed, with(failed, func(r *record.Record) {
			r.Query, r.Scheduled, r.Issued, r.Done = 7, 1000, 1500, 8000
		})},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, record.FileName)
			var err error
			if c.sink.records, err = record.Create(path); err != nil {
				t.Fatal(err)
			}
			if c.sink.parts, err = record.CreateParts(dir, nil); err != nil {
				t.Fatal(err)
			}
			c.sink.parts.MaxAge = 0 // the part is old at once
			c.sink.meter = live.NewMeter(live.Run{})
			c.sink.meter.Start(live.Phase{Total: 1}, 2)
			if err := c.sink.Write([]client.Result{c.result}); err != nil {
				t.Fatal(err)
			}
			read := func(form string, each func(func(*record.Record) bool) error) {
				var got []record.Record
				if err := each(func(r *record.Record) bool { got = append(got, *r); return true }); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]record.Record{c.want}, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", form, diff)
				}
			}
			// In the operating system's hands when Write returns: nothing is closed yet.
			read("record file", func(f func(*record.Record) bool) error { return record.ReadFile(path, f) })
			read("Parquet", func(f func(*record.Record) bool) error { return record.ReadParts(dir, f) })
			if s := c.sink.meter.Snapshot(time.Now()); s.Done != 1 || (s.Failed == 1) == c.result.OK() || s.OutputTokens != c.result.OutputTokens {
				t.Errorf("the live view counts %+v", s)
			}
			if err := errors.Join(c.sink.records.Close(), c.sink.parts.Close()); err != nil {
				t.Fatal(err)
			}
		})
	}
}
