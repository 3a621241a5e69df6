package dataset

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"

	"mlcfg/internal/plainfile"
)

// Lengths is a distribution of token counts. Make one with [ParseLengths].
type Lengths struct {
	kind     string
	a, b     float64 // fixed: a; uniform: a to b; normal and lognormal: mean and standard deviation
	min, max int     // bounds that draws are cut to
	bins     []bin   // histogram
	text     string
}

// bin is one bar of a histogram: lengths from low to high, and the weight of
// all bars up to this one.
type bin struct {
	low, high int
	upTo      float64
}

const (
	maxLength = 1 << 20
	maxBins   = 1 << 16
)

// LengthsHelp describes the texts that ParseLengths takes.
const LengthsHelp = "N, fixed:N, uniform:LOW,HIGH, normal:MEAN,SD[,MIN,MAX], lognormal:MEAN,SD[,MIN,MAX] (of the lengths themselves) or histogram:FILE (lines of length,weight or low,high,weight)"

// ParseLengths reads a distribution; [LengthsHelp] lists the forms. Draws of
// normal and lognormal are rounded and cut to MIN and MAX (1 and 1048576).
func ParseLengths(s string) (Lengths, error) {
	l := Lengths{min: 1, max: maxLength, text: s}
	kind, rest, ok := strings.Cut(s, ":")
	if !ok {
		kind, rest = "fixed", s
	}
	l.kind = kind
	if kind == "histogram" {
		return l, l.histogram(rest)
	}
	want := map[string][]int{"fixed": {1}, "uniform": {2}, "normal": {2, 4}, "lognormal": {2, 4}}[kind]
	if want == nil {
		return l, fmt.Errorf("length distribution %q: want %s", s, LengthsHelp)
	}
	parts := strings.Split(rest, ",")
	if !slices.Contains(want, len(parts)) {
		return l, fmt.Errorf("length distribution %q has %d numbers: want %s", s, len(parts), LengthsHelp)
	}
	var n [4]float64
	for i, p := range parts {
		x, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || math.IsNaN(x) || x < 0 || x > maxLength {
			return l, fmt.Errorf("length distribution %q: %q is no number from 0 to %d", s, p, maxLength)
		}
		n[i] = x
	}
	l.a, l.b = n[0], n[1]
	if len(parts) == 4 {
		l.min, l.max = int(n[2]), int(n[3])
	}
	switch {
	case kind == "uniform" && l.a > l.b, l.min > l.max:
		return l, fmt.Errorf("length distribution %q: the lower bound is above the upper one", s)
	case (kind == "fixed" || kind == "uniform") && (l.a < 1 || l.a != math.Trunc(l.a) || l.b != math.Trunc(l.b)), l.min < 1:
		return l, fmt.Errorf("length distribution %q: lengths are whole numbers from 1 on", s)
	case kind == "lognormal" && l.a <= 0:
		return l, fmt.Errorf("length distribution %q: a lognormal mean is above 0", s)
	}
	return l, nil
}

// String returns the text the distribution was parsed from.
func (l Lengths) String() string { return l.text }

// draw returns one length.
func (l Lengths) draw(r *rand.Rand) int {
	var x float64
	switch l.kind {
	case "fixed":
		return int(l.a)
	case "uniform":
		return int(l.a) + r.IntN(int(l.b)-int(l.a)+1)
	case "histogram":
		at := r.Float64() * l.bins[len(l.bins)-1].upTo
		i := min(sort.Search(len(l.bins), func(i int) bool { return l.bins[i].upTo > at }), len(l.bins)-1)
		return l.bins[i].low + r.IntN(l.bins[i].high-l.bins[i].low+1)
	case "lognormal": // parameters of the logarithm that give this mean and deviation
		s2 := math.Log1p(l.b * l.b / (l.a * l.a))
		x = math.Exp(math.Log(l.a) - s2/2 + math.Sqrt(s2)*r.NormFloat64())
	default:
		x = l.a + l.b*r.NormFloat64()
	}
	return int(math.Round(min(max(x, float64(l.min)), float64(l.max))))
}

// histogram reads the bars from a file.
func (l *Lengths) histogram(path string) error {
	f, err := plainfile.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r := csv.NewReader(io.LimitReader(f, 64<<20))
	r.Comment = '#'
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	total := 0.0
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		line, _ := r.FieldPos(0)
		b, weight, err := parseBin(row)
		if err != nil {
			if line == 1 {
				continue // a header
			}
			return fmt.Errorf("%s: line %d: %w", path, line, err)
		}
		if len(l.bins) == maxBins {
			return fmt.Errorf("%s: more than %d bars", path, maxBins)
		}
		total += weight
		b.upTo = total
		l.bins = append(l.bins, b)
	}
	if total <= 0 || math.IsInf(total, 0) {
		return fmt.Errorf("%s: no bar has a weight", path)
	}
	return nil
}

func parseBin(row []string) (bin, float64, error) {
	if len(row) != 2 && len(row) != 3 {
		return bin{}, 0, errors.New("want length,weight or low,high,weight")
	}
	low, err := strconv.Atoi(row[0])
	high := low
	if len(row) == 3 && err == nil {
		high, err = strconv.Atoi(row[1])
	}
	weight, err2 := strconv.ParseFloat(row[len(row)-1], 64)
	if err = errors.Join(err, err2); err != nil {
		return bin{}, 0, err
	}
	if low < 1 || high < low || high > maxLength || !(weight >= 0) || math.IsInf(weight, 0) {
		return bin{}, 0, fmt.Errorf("want lengths from 1 to %d and a weight of 0 or more", maxLength)
	}
	return bin{low: low, high: high}, weight, nil
}
