package bench

// Front reports which runs are not beaten in throughput and one latency, which of gives: no other
// has as many output tokens a second at as low a latency, and more or a lower one. Runs with failed requests, and
// those in which nothing was answered or streamed, are not on it and beat none.
func Front(all []Figures, of func(*Figures) float64) []bool {
	counts := func(f *Figures) bool { return f.Failed == 0 && f.OutputTokensPerSecond > 0 && of(f) > 0 }
	beats := func(f, g *Figures) bool {
		x, y := f.OutputTokensPerSecond-g.OutputTokensPerSecond, of(g)-of(f)
		return x >= 0 && y >= 0 && (x > 0 || y > 0)
	}
	on := make([]bool, len(all))
	for i := range all {
		on[i] = counts(&all[i])
		for j := range all {
			on[i] = on[i] && !(counts(&all[j]) && beats(&all[j], &all[i]))
		}
	}
	return on
}
