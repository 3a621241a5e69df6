package run

import (
	"errors"
	"os"
	"time"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/report"
)

// openLogs starts LoadGen's logs with what is known before the first request.
func (r *runner) openLogs() (err error) {
	opened := time.Now()
	r.began = opened
	elapsed := func() time.Duration { return time.Since(opened) }
	if r.logs, err = loadgen.CreateLogs(r.dir.Path, r.out.Program, os.Getpid(), elapsed); err != nil {
		return err
	}
	r.logs.Detail.LogStart(loadgen.RunInfo{SUT: r.plan.sutName(), QSL: r.plan.Data.name(), Begin: opened}, &r.effective)
	return r.logs.Flush()
}

// closeLogs ends LoadGen's logs with the results of the run, read back from its directory.
func (r *runner) closeLogs(loaded *report.Run) error {
	if r.logs == nil {
		return nil
	}
	text := loadgen.Report{SUT: r.plan.sutName(), Settings: &r.effective}
	j, err := report.Judge(loaded)
	if err != nil && !errors.Is(err, report.ErrNothingToJudge) {
		return errors.Join(err, r.logs.Abort())
	}
	detail := r.logs.Detail
	if j != nil {
		if end, early := loadgen.EndOfIssue(&r.effective, j.Records); early {
			detail.Error("error_runtime", end)
		} else if end != "" {
			detail.Text("generic_message", end)
		}
		for complaint := range loadgen.RunErrors(&r.effective.Requested, j.Records) {
			detail.Error("error_runtime", complaint)
		}
	}
	if j != nil {
		detail.LogEnd(r.began, r.active)
		detail.LogResults(&r.effective, &j.Verdict, &j.Summary)
		text.Verdict, text.Summary = &j.Verdict, &j.Summary
	}
	return r.logs.Close(text)
}
