package live

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlcfg/internal/record"
)

// WriteMetrics writes a snapshot in Prometheus' text format 0.0.4
// (prometheus.io/docs/instrumenting/exposition_formats). Times are in seconds.
func WriteMetrics(w io.Writer, s *Snapshot) error {
	p := page{}
	p.labels = fmt.Sprintf(`benchmark="%s",scenario="%s",machine="%s",backend="%s",simulated="%t"`,
		escape(s.Run.Benchmark), escape(s.Run.Scenario), escape(s.Run.Machine), escape(s.Run.Backend), s.Run.Simulated)
	if s.Run.Simulated {
		p.WriteString("# " + record.SimulatedMark + "\n")
	}
	p.one("mlrun_run_info", "gauge", "1; the labels say what is run", 1, `engine="`+escape(s.Run.Engine)+`"`, `phase="`+escape(s.Phase.Name)+`"`)
	p.one("mlrun_phase_elapsed_seconds", "gauge", "time since the phase began to issue", s.Elapsed.Seconds())
	if s.Left >= 0 {
		p.one("mlrun_phase_left_seconds", "gauge", "time that the phase still takes, as far as can be told", s.Left.Seconds())
	}
	p.one("mlrun_samples", "gauge", "samples that the phase issues at most", float64(s.Phase.Total))
	p.one("mlrun_samples_scheduled", "gauge", "samples that are due", float64(s.Scheduled))
	p.one("mlrun_samples_finished", "gauge", "samples that are over, failed ones included", float64(s.Done))
	p.head("mlrun_latency_limit_seconds", "gauge", "what the scenario allows at its percentile")
	for _, row := range s.spreads() {
		if row.spread.Limit > 0 {
			p.value("mlrun_latency_limit_seconds", row.spread.Limit.Seconds(), `of="`+strings.ToLower(row.name)+`"`)
		}
	}
	p.head("mlrun_latency_seconds", "summary", "percentiles of finished requests: ttft and latency since they were due, tpot for each further token")
	for _, row := range []spreadRow{{"ttft", s.TTFT}, {"tpot", s.TPOT}, {"latency", s.Latency}} {
		if row.spread.Count > 0 {
			p.value("mlrun_latency_seconds", row.spread.P50.Seconds(), `of="`+row.name+`"`, `quantile="0.5"`)
			p.value("mlrun_latency_seconds", row.spread.P99.Seconds(), `of="`+row.name+`"`, `quantile="0.99"`)
		}
	}
	for _, f := range []struct {
		name, help string
		of         func(*Replica) float64
	}{
		{"mlrun_requests_sent", "requests sent", func(r *Replica) float64 { return float64(r.Sent) }},
		{"mlrun_requests_first_token", "requests whose first token came", func(r *Replica) float64 { return float64(r.FirstToken) }},
		{"mlrun_requests_done", "requests that are over, failed ones included", func(r *Replica) float64 { return float64(r.Done) }},
		{"mlrun_requests_failed", "requests without a usable response", func(r *Replica) float64 { return float64(r.Failed) }},
		{"mlrun_requests_in_flight", "requests sent and not over", func(r *Replica) float64 { return float64(r.InFlight()) }},
		{"mlrun_output_tokens", "output tokens of requests that are over", func(r *Replica) float64 { return float64(r.OutputTokens) }},
	} {
		p.head(f.name, "gauge", f.help+", in this phase")
		for i := range s.Replicas {
			p.value(f.name, f.of(&s.Replicas[i]), `replica="`+strconv.Itoa(i)+`"`)
		}
	}
	_, err := w.Write(p.Bytes())
	return err
}

// page is an exposition under way. Every count is a gauge: each phase of a test
// starts again at 0, which a counter must not.
type page struct {
	bytes.Buffer
	labels string
}

func (p *page) head(name, kind, help string) {
	fmt.Fprintf(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (p *page) value(name string, v float64, more ...string) {
	labels := strings.Join(append([]string{p.labels}, more...), ",")
	fmt.Fprintf(p, "%s{%s} %s\n", name, labels, strconv.FormatFloat(v, 'g', -1, 64))
}

func (p *page) one(name, kind, help string, v float64, more ...string) {
	p.head(name, kind, help)
	p.value(name, v, more...)
}

// escape writes a label's value as the format wants it.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(strings.ToValidUTF8(s, "\uFFFD"))
}

// own reports whether a request names this server: by an address, as localhost,
// by the machine's name or by the name that the user gave. Under any other name
// a page in a browser may have been made to ask (DNS rebinding).
func own(host string, names []string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(host, name) })
}

// Serve answers GET /metrics on l until stop is called, which closes l. names are
// those by which it may be asked, besides any address, localhost and the machine's own.
func Serve(l net.Listener, m *Meter, names ...string) (stop func()) {
	names = append(names, "localhost")
	if name, err := os.Hostname(); err == nil {
		short, _, _ := strings.Cut(name, ".")
		names = append(names, name, short)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if !own(r.Host, names) {
			http.Error(w, "this server has another name", http.StatusMisdirectedRequest)
			return
		}
		s := m.Snapshot(time.Now())
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_ = WriteMetrics(w, &s) // who asked has gone
	})
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l) // the listener is closed
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
		<-ended
	}
}
