package run

import (
	"os"
	"time"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/report"
)

// openLogs starts LoadGen's logs with what is known before the first request.
func (r *runner) openLogs() (err error) {
	opened := time.Now()
	elapsed := func() time.Duration { return time.Since(opened) }
	if r.logs, err = loadgen.CreateLogs(r.dir.Path, r.out.Program, os.Getpid(), elapsed); err != nil {
		return err
	}
	r.logs.Detail.LogStart(loadgen.RunInfo{SUT: r.plan.sutName(), QSL: r.plan.Data.name(), Begin: opened}, &r.effective)
	return r.logs.Flush()
}

// closeLogs ends LoadGen's logs with the results of the run.
func (r *runner) closeLogs(j *report.Judgement) error {
	if r.logs == nil {
		return nil
	}
	text := loadgen.Report{SUT: r.plan.sutName(), Settings: &r.effective, Verdict: j.Verdict, Summary: j.Figures}
	if detail := r.logs.Detail; j.Verdict != nil {
		if end, early := loadgen.EndOfIssue(&r.effective, j.Records); early {
			detail.Error("error_runtime", end)
		} else if end != "" {
			detail.Text("generic_message", end)
		}
		for complaint := range loadgen.RunErrors(&r.effective.Requested, j.Records) {
			detail.Error("error_runtime", complaint)
		}
		detail.LogEnd(r.began, r.active)
		detail.LogResults(&r.effective, j.Verdict, j.Figures)
	}
	return r.logs.Close(text)
}

// abortLogs leaves LoadGen's logs without results.
func (r *runner) abortLogs() error {
	if r.logs == nil {
		return nil
	}
	return r.logs.Abort()
}
