package run

import "mlcfg/internal/loadgen"

// logged says which samples of a phase go into the accuracy log.
type logged struct {
	all  bool
	some map[uint64]bool
}

func (l *logged) has(seq uint64) bool { return l.all || l.some[seq] }

// loggedOf picks the samples: all of an accuracy phase, and of a performance
// phase those that LoadGen draws, most often none. The draw is one for each
// sample generated, through all phases of the test.
func loggedOf(sampler *loadgen.AccuracySampler, phase *loadgen.Phase, totals loadgen.Totals) logged {
	if phase.Mode == loadgen.AccuracyOnly {
		sampler.Skip(totals.Samples)
		return logged{all: true}
	}
	l := logged{some: map[uint64]bool{}}
	for i := range totals.Samples {
		if sampler.Next() {
			l.some[phase.FirstSample+i] = true
		}
	}
	return l
}
