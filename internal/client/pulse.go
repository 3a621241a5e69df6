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
	// hitch is from how long on a pause counts for the sum of them: many short
	// stops cost a run as much as a long one. A machine that is only busy makes few.
	hitch = 5 * pulseInterval
	// hitches is the share of a run, one in so many, that they may take together,
	// and never less than one standstill.
	hitches = 50
	// asleep is how much of a suspended machine's time counts; less is noise of
	// two clocks.
	asleep = 100 * time.Millisecond
)

// pulse watches that the process runs while a run goes on.
type pulse struct {
	now         func() time.Duration
	stop, ended chan struct{}

	first, last time.Duration // the first beat, and the last one
	at, longest time.Duration // when the longest pause began, and it
	paused      time.Duration // all pauses from a hitch on together
	pauses      int
	offset      time.Duration // of the two clocks at the start
}

func startPulse(now func() time.Duration) *pulse {
	p := &pulse{now: now, stop: make(chan struct{}), ended: make(chan struct{}), first: now(), offset: suspended()}
	p.last = p.first
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
	pause := now - p.last
	if pause > p.longest {
		p.at, p.longest = p.last, pause
	}
	if pause >= hitch {
		p.paused += pause
		p.pauses++
	}
	p.last = now
}

// end ends the watching and says what was seen, nothing where all was well.
func (p *pulse) end() []string {
	close(p.stop)
	<-p.ended
	var seen []string
	switch {
	case p.longest > standstill:
		seen = append(seen, fmt.Sprintf("it stood still for %v, %v after the start: stopped, in a debugger, or on a paused machine",
			p.longest.Round(10*time.Millisecond), p.at.Round(10*time.Millisecond)))
	case p.paused > max(standstill, (p.last-p.first)/hitches):
		seen = append(seen, fmt.Sprintf("it stood still %d times, for %v of %v together: stopped again and again, or on a machine that is paused or far too busy",
			p.pauses, p.paused.Round(10*time.Millisecond), (p.last-p.first).Round(10*time.Millisecond)))
	}
	if d := suspended() - p.offset; d > asleep {
		seen = append(seen, fmt.Sprintf("the machine was suspended for %v", d.Round(10*time.Millisecond)))
	}
	return seen
}
