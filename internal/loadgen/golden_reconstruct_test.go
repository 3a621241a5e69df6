package loadgen

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"testing"
	"time"
)

// reconstruct makes latencies that have the statistics of the detail log, since
// the single values were not recorded: known order statistics are exact, the
// rest lies between them so that mean and misses come out.
func (g *goldenRun) reconstruct(t *testing.T, n int64, rangeKey, percentileKey, stopKey string, limit time.Duration) []int64 {
	t.Helper()
	known := map[int64]int64{}
	get := func(form, what string) int64 {
		v, ok := g.value(fmt.Sprintf(form, what))
		if !ok {
			t.Fatalf("no %s in the detail log", fmt.Sprintf(form, what))
		}
		return v
	}
	for _, p := range reported {
		known[int64(float64(n)*p)] = get(percentileKey, formatFixed(p*100, 2))
	}
	known[0], known[n-1] = get(rangeKey, "min"), get(rangeKey, "max")
	var text string
	for i := range g.detail {
		if g.detail[i].Key == stopKey {
			text = g.detail[i].text()
		}
	}
	if g.settings.Requested.Scenario == MultiStream {
		text = "" // its estimates are of whole queries
	}
	for _, found := range regexp.MustCompile(`stopping ([0-9.]+)th percentile estimate: (-?\d+)`).FindAllStringSubmatch(text, -1) {
		p, _ := strconv.ParseFloat(found[1], 64)
		drop, _, _ := discardable(n, p/100)
		known[n-drop], _ = strconv.ParseInt(found[2], 10, 64)
	}
	over := int64(-1)
	if found := regexp.MustCompile(`at least (\d+) more`).FindStringSubmatch(text); found != nil {
		missing, _ := strconv.ParseInt(found[1], 10, 64)
		p := g.settings.TargetLatencyPercentile
		over = int64(sort.Search(int(n), func(i int) bool { return MinPassingQueries(int64(i), p)+int64(i)-n >= missing }))
	}
	low, high := make([]int64, n), make([]int64, n)
	at := known[0]
	for i := range n {
		if v, ok := known[i]; ok {
			at = v
		}
		if over >= 0 && i >= n-over {
			at = max(at, limit.Nanoseconds()+1)
		}
		low[i] = at
	}
	at = known[n-1]
	for i := n - 1; i >= 0; i-- {
		if v, ok := known[i]; ok {
			at = v
		}
		if over >= 0 && i < n-over {
			at = min(at, limit.Nanoseconds())
		}
		high[i] = at
	}
	rest := get(rangeKey, "mean") * n
	for _, v := range low {
		rest -= v
	}
	for i := n - 1; i >= 0 && rest > 0; i-- {
		step := min(rest, high[i]-low[i])
		low[i] += step
		rest -= step
	}
	return low
}
