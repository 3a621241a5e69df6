package clients

import (
	"fmt"
	"runtime"
	"time"

	"mlcfg/internal/client"
)

// shortestBusy is the shortest phase over which the use of CPUs is judged, as a client judges
// its own.
const shortestBusy = 100 * time.Millisecond

// Together is what a phase came to for all clients. It kept up where each client did: where
// no client has more than one in a hundred requests late, all together have not either. The
// quantiles of lateness are those of the client that was worst. scheduled reports whether the
// clients kept to a schedule: there being short of CPUs shows as lateness, and only so counts.
func Together(parts []client.Summary, scheduled bool) client.Summary {
	s := client.Summary{Failed: map[client.ErrorClass]int{}, Served: map[string]int{}, KeptUp: true}
	for i := range parts {
		p := &parts[i]
		s.Start = p.Start
		s.Wall = max(s.Wall, p.Wall)
		s.Sent, s.OK = s.Sent+p.Sent, s.OK+p.OK
		for class, n := range p.Failed {
			s.Failed[class] += n
		}
		s.InputTokens, s.OutputTokens = s.InputTokens+p.InputTokens, s.OutputTokens+p.OutputTokens
		s.Lateness.P50, s.Lateness.P99, s.Lateness.Max = max(s.Lateness.P50, p.Lateness.P50), max(s.Lateness.P99, p.Lateness.P99), max(s.Lateness.Max, p.Lateness.Max)
		s.Waited, s.Resent, s.Opened = s.Waited+p.Waited, s.Resent+p.Resent, s.Opened+p.Opened
		s.Stamped, s.Departed = s.Stamped+p.Stamped, s.Departed+p.Departed
		s.Streamed, s.Held = s.Streamed+p.Streamed, s.Held+p.Held
		s.Stalled, s.CPU = s.Stalled+p.Stalled, s.CPU+p.CPU
		for name, replica := range p.Served {
			s.Served[name] = replica
		}
		for _, why := range p.Reasons {
			s.Reasons = append(s.Reasons, fmt.Sprintf("client %d: %s", i, why))
		}
		s.KeptUp = s.KeptUp && p.KeptUp
	}
	if used, have := float64(s.CPU)/float64(s.Wall), float64(runtime.NumCPU()); s.KeptUp && !scheduled && s.Wall >= shortestBusy && used > 0.9*have {
		s.KeptUp, s.Reasons = false, append(s.Reasons, fmt.Sprintf("the clients together used %.1f of %.0f CPUs", used, have))
	}
	return s
}
