package loadgen

import (
	"errors"
	"path/filepath"
	"time"
)

// The names of LoadGen's files in a result directory.
const (
	SummaryName  = "mlperf_log_summary.txt"
	DetailName   = "mlperf_log_detail.txt"
	AccuracyName = "mlperf_log_accuracy.json"
)

// Logs are the three files that LoadGen leaves in a result directory:
//
//	logs, err := loadgen.CreateLogs(dir, program, os.Getpid(), elapsed)
//	logs.Detail.LogStart(info, &settings)
//	logs.Detail.LogMode(phase.Mode)
//	logs.Detail.LogGenerated(phase, phase.Totals())
//	... issue; logs.Detail.Error, logs.Accuracy.Add as responses come in ...
//	logs.Detail.LogEnd(begin, active)
//	verdict, summary, err := loadgen.Judge(&settings, &records)
//	logs.Detail.LogResults(&settings, &verdict, &summary)
//	err = logs.Close(loadgen.Report{SUT: name, Settings: &settings, Verdict: &verdict, Summary: &summary})
//
// Until Close the files have names that end in [PartialSuffix].
type Logs struct {
	Detail   *DetailLog
	Accuracy *AccuracyLog

	program                   Program
	summary, detail, accuracy *LogFile
}

// CreateLogs starts the logs in a directory that has none yet. elapsed tells
// the time since the start of logging, pid the process that stands in each line.
func CreateLogs(dir string, program Program, pid int, elapsed func() time.Duration) (*Logs, error) {
	l := &Logs{program: program}
	for _, f := range []struct {
		file **LogFile
		name string
	}{{&l.summary, SummaryName}, {&l.detail, DetailName}, {&l.accuracy, AccuracyName}} {
		var err error
		if *f.file, err = CreateLogFile(filepath.Join(dir, f.name)); err != nil {
			return nil, errors.Join(err, l.discard())
		}
	}
	l.Detail = NewDetailLog(l.detail, program, pid, elapsed)
	l.Accuracy = NewAccuracyLog(l.accuracy)
	return l, nil
}

// discard removes what CreateLogs had begun.
func (l *Logs) discard() error {
	var errs []error
	for _, f := range []*LogFile{l.summary, l.detail, l.accuracy} {
		if f != nil {
			errs = append(errs, f.discard())
		}
	}
	return errors.Join(errs...)
}

// Flush hands everything logged so far to the kernel.
func (l *Logs) Flush() error {
	return errors.Join(l.detail.Flush(), l.accuracy.Flush())
}

// Close ends the accuracy log, writes the summary and gives the files their
// names. Program and the counts of errors and warnings in r are set here.
func (l *Logs) Close(r Report) error {
	r.Program, r.Errors, r.Warnings = l.program, l.Detail.Errors(), l.Detail.Warnings()
	return errors.Join(
		l.Detail.Err(), l.Accuracy.Close(), r.WriteSummary(l.summary),
		l.detail.Close(), l.accuracy.Close(), l.summary.Close(),
	)
}

// Abort closes the files of a run that has no end, and leaves them under their
// partial names.
func (l *Logs) Abort() error {
	var errs []error
	for _, f := range []*LogFile{l.detail, l.accuracy, l.summary} {
		errs = append(errs, f.Abort())
	}
	return errors.Join(errs...)
}
