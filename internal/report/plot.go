package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
)

// Plot is a chart that is drawn as SVG.
type Plot struct {
	Title, XLabel, YLabel string
	Curves                []Curve
	// Limit is a vertical line, nil for none.
	Limit *float64
	// Columns draws columns in place of lines.
	Columns bool
}

// Curve is one line of a chart.
type Curve struct {
	Name   string
	Points []Point
}

// The size of a chart in its own units, and the room for its axes.
const (
	plotWidth, plotHeight      = 640.0, 300.0
	left, right, top0, bottom0 = 64.0, 14.0, 30.0, 44.0
)

// SVG draws the chart. Colours are those of the classes c0, c1, … so that the
// page can have a light and a dark form.
func (p *Plot) SVG() template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s" class="plot">`, plotWidth, plotHeight, html.EscapeString(p.Title))
	fmt.Fprintf(&b, `<text x="%g" y="18" class="title">%s</text>`, left, html.EscapeString(p.Title))
	a := p.axes()
	if a == nil {
		fmt.Fprintf(&b, `<text x="%g" y="%g" class="none">nothing was recorded</text></svg>`, left, plotHeight/2)
		return template.HTML(b.String())
	}
	a.draw(&b, p)
	for i, c := range p.Curves {
		if p.Columns {
			a.columns(&b, i, c)
		} else {
			a.line(&b, i, c)
		}
	}
	if p.Limit != nil && *p.Limit <= a.maxX {
		x := a.x(*p.Limit)
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%g" x2="%.1f" y2="%g" class="limit"/><text x="%.1f" y="%g" class="limit">limit %s</text>`,
			x, top0, x, plotHeight-bottom0, x-4, top0+10, number(*p.Limit))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// axes maps values to the chart.
type axes struct{ minX, maxX, maxY float64 }

// axes finds the range of all curves; nil where there is no point.
func (p *Plot) axes() *axes {
	a := &axes{minX: math.Inf(1), maxX: math.Inf(-1)}
	for _, c := range p.Curves {
		for _, pt := range c.Points {
			a.minX, a.maxX, a.maxY = min(a.minX, pt.X), max(a.maxX, pt.X), max(a.maxY, pt.Y)
		}
	}
	if a.maxX < a.minX {
		return nil
	}
	if a.minX > 0 && a.minX < a.maxX/2 {
		a.minX = 0
	}
	if a.maxX == a.minX {
		a.minX, a.maxX = a.minX-1, a.maxX+1
	}
	if a.maxY == 0 {
		a.maxY = 1
	}
	return a
}

func (a *axes) x(v float64) float64 {
	return left + (v-a.minX)/(a.maxX-a.minX)*(plotWidth-left-right)
}
func (a *axes) y(v float64) float64 {
	return plotHeight - bottom0 - v/a.maxY*(plotHeight-top0-bottom0)
}

// draw puts the frame, ticks and labels.
func (a *axes) draw(b *strings.Builder, p *Plot) {
	for _, v := range ticks(0, a.maxY, 5) {
		y := a.y(v)
		fmt.Fprintf(b, `<line x1="%g" y1="%.1f" x2="%g" y2="%.1f" class="grid"/><text x="%g" y="%.1f" class="tick end">%s</text>`,
			left, y, plotWidth-right, y, left-6, y+4, number(v))
	}
	for _, v := range ticks(a.minX, a.maxX, 7) {
		x := a.x(v)
		fmt.Fprintf(b, `<line x1="%.1f" y1="%g" x2="%.1f" y2="%g" class="grid"/><text x="%.1f" y="%g" class="tick middle">%s</text>`,
			x, top0, x, plotHeight-bottom0, x, plotHeight-bottom0+16, number(v))
	}
	fmt.Fprintf(b, `<text x="%g" y="%g" class="label middle">%s</text>`, (left+plotWidth-right)/2, plotHeight-8, html.EscapeString(p.XLabel))
	fmt.Fprintf(b, `<text x="14" y="%g" class="label middle" transform="rotate(-90 14 %g)">%s</text>`, (top0+plotHeight-bottom0)/2, (top0+plotHeight-bottom0)/2, html.EscapeString(p.YLabel))
	if len(p.Curves) > 1 && len(p.Curves) <= 8 {
		for i, c := range p.Curves {
			y := top0 + 12 + 15*float64(i)
			fmt.Fprintf(b, `<rect x="%g" y="%g" width="10" height="10" class="fill c%d"/><text x="%g" y="%g" class="tick">%s</text>`,
				plotWidth-right-170, y-9, i%colours, plotWidth-right-155, y, html.EscapeString(c.Name))
		}
	}
}

// colours is how many classes of colours the page has.
const colours = 6

func (a *axes) line(b *strings.Builder, i int, c Curve) {
	if len(c.Points) == 0 {
		return
	}
	fmt.Fprintf(b, `<polyline class="line c%d" points="`, i%colours)
	for j, pt := range c.Points {
		if j > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(b, "%.1f,%.1f", a.x(pt.X), a.y(pt.Y))
	}
	b.WriteString(`"/>`)
}

func (a *axes) columns(b *strings.Builder, i int, c Curve) {
	width := (plotWidth - left - right) / float64(max(len(c.Points), 1)) * 0.92
	for _, pt := range c.Points {
		if pt.Y > 0 {
			fmt.Fprintf(b, `<rect class="fill c%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, i%colours, a.x(pt.X)-width/2, a.y(pt.Y), width, plotHeight-bottom0-a.y(pt.Y))
		}
	}
}

// ticks are round numbers between low and high, about n of them.
func ticks(low, high float64, n int) []float64 {
	raw := (high - low) / float64(n)
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5, 10} {
		if step*m >= raw {
			step *= m
			break
		}
	}
	var out []float64
	for v := math.Ceil(low/step) * step; v <= high+step/1e6 && len(out) < 4*n; v += step {
		out = append(out, v)
	}
	return out
}

// number is a value as an axis or a table shows it.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e6:
		return fmt.Sprintf("%.4gM", v/1e6)
	case a >= 1e4:
		return fmt.Sprintf("%.4gk", v/1e3)
	case v == math.Trunc(v):
		return fmt.Sprintf("%g", v)
	}
	return fmt.Sprintf("%.4g", v)
}
