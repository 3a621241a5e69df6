package chart

import "math"

// scale maps values to the share of an axis, 0 to 1.
type scale struct {
	low, high float64
	nines     bool
	percent   bool
}

func (s scale) at(v float64) float64 {
	v, low, high := s.even(v), s.even(s.low), s.even(s.high)
	return (v - low) / (high - low)
}

// even is the scale on which the axis is even.
func (s scale) even(v float64) float64 {
	if !s.nines {
		return v
	}
	return -math.Log10(max(1-v, 1e-12))
}

func (s scale) label(v float64) string {
	if s.percent {
		return Percent(v)
	}
	return Number(v)
}

// ticks are the values at which the axis is marked; the less even ones can be
// left out where there is little room.
func (s scale) ticks(n int) []float64 {
	if !s.nines {
		return ticks(s.low, s.high, n)
	}
	out := []float64{0, 0.5}
	for rest := 0.1; 1-rest <= s.high && rest > 1e-7; rest /= 10 {
		out = append(out, 1-rest)
	}
	return out
}

// ticks are round numbers between low and high, about n of them.
func ticks(low, high float64, n int) []float64 {
	raw := (high - low) / float64(n)
	if !(raw > 0) || math.IsInf(raw, 0) {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5, 10} {
		if step*m >= raw*0.999999 {
			step *= m
			break
		}
	}
	var out []float64
	for i := math.Ceil(low/step - 1e-9); len(out) < 4*n; i++ {
		v := i * step
		if v > high+step/1e6 {
			break
		}
		out = append(out, v+0) // no negative zero
	}
	return out
}

// roomFor is how far beyond the values a limit may lie to be drawn at its place.
const roomFor = 1.6

// scales are those of the two axes.
func (c *Chart) scales() (x, y scale) {
	x = scale{math.Inf(1), math.Inf(-1), c.X.Nines, c.X.Percent}
	y = scale{0, 0, c.Y.Nines, c.Y.Percent}
	wide := func(s *scale, v float64) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			s.low, s.high = min(s.low, v), max(s.high, v)
		}
	}
	for _, b := range c.Bins {
		wide(&x, b.From)
		if !b.Over {
			wide(&x, b.To)
		}
		wide(&y, float64(b.Count))
	}
	if n := len(c.Bins); n > 0 && c.Bins[n-1].Over {
		// What lies above is one column at the end, apart from the others.
		wide(&x, c.Bins[n-1].From+overWidth(c.Bins))
	}
	for _, curve := range c.Curves {
		for _, p := range curve.Points {
			wide(&x, p.X)
			wide(&y, p.Y)
		}
	}
	for _, r := range c.Rows {
		for _, v := range append([]float64{r.Mean, r.Low, r.High}, r.Values...) {
			wide(&x, v)
		}
	}
	for _, l := range c.Limits {
		s := &x
		if l.OnY {
			s = &y
		}
		if l.Value <= s.high*roomFor && l.Value > 0 {
			wide(s, l.Value*1.04)
		}
	}
	y.high *= 1.03 // so that the top is seen to be one
	x.fix(&c.X, len(c.Rows) == 0)
	y.fix(&c.Y, true)
	return x, y
}

// fix returns an axis its bounds, zero being one where it is near.
func (s *scale) fix(a *Axis, zero bool) {
	if s.low > s.high {
		s.low, s.high = 0, 1
	}
	if zero && s.low > 0 && s.low < s.high/2 {
		s.low = 0
	}
	if a.From != nil {
		s.low = *a.From
	}
	if a.To != nil {
		s.high = *a.To
	}
	if !zero {
		room := (s.high - s.low) * 0.06
		s.low, s.high = s.low-room, s.high+room
	}
	if s.high <= s.low {
		room := max(math.Abs(s.low)*0.05, 0.5)
		s.low, s.high = s.low-room, s.high+room
		if zero && s.low < 0 {
			s.low = 0
		}
	}
}

// overWidth is the room of the column for all that lies above: some columns,
// after a gap of one.
func overWidth(bins []Bin) float64 { return (bins[0].To - bins[0].From) * 4 }
