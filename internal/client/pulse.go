package client

import (
	"fmt"
	"time"
)

// A client that stood still saw nothing of the time in between: an engine went
// on, or waited for requests, and what was measured is neither's. On a schedule
// that shows as lateness; where requests leave when others are done it shows
// nowhere else.
const (
	pulseInterval = 50 * time.Millisecond
	// standstill is the longest pause between two beats that is taken for a busy
	// machine; a debugger, a stopped process or a paused machine makes longer ones.
	standstill = time.Second
	// asleep is how much of a suspended machine's time counts; less is noise of
	// two clocks.
	asleep = 100 * time.Millisecond
)

// pulse watches that the process runs while a run goes on.
type pulse struct {
	now         func() time.Duration
	stop, ended chan struct{}

	last, at, longest time.Duration // the last beat; when the longest pause began, and it
	offset            time.Duration // of the two clocks at the start
}

func startPulse(now func() time.Duration) *pulse {
	p := &pulse{now: now, stop: make(chan struct{}), ended: make(chan struct{}), last: now(), offset: suspended()}
	go func() {
		defer close(p.ended)
		tick := time.NewTicker(pulseInterval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.beat()
			case <-p.stop:
				p.beat()
				return
			}
		}
	}()
	return p
}

func (p *pulse) beat() {
	now := p.now()
	if pause := now - p.last; pause > p.longest {
		p.at, p.longest = p.last, pause
	}
	p.last = now
}

// end ends the watching and says what was seen, nothing where all was well.
func (p *pulse) end() []string {
	close(p.stop)
	<-p.ended
	var seen []string
	if p.longest > standstill {
		seen = append(seen, fmt.Sprintf("it stood still for %v, %v after the start: stopped, in a debugger, or on a paused machine",
			p.longest.Round(10*time.Millisecond), p.at.Round(10*time.Millisecond)))
	}
	if d := suspended() - p.offset; d > asleep {
		seen = append(seen, fmt.Sprintf("the machine was suspended for %v", d.Round(10*time.Millisecond)))
	}
	return seen
}
