package chart

import (
	"encoding/json"
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// Figure is the chart as a figure element for a page that has [Style] and
// [Script]: title, what is pointed at, legend, and the SVG.
func (c *Chart) Figure() string {
	var b strings.Builder
	class := "chart"
	if len(c.Rows) > 0 {
		class += " rows"
	}
	b.WriteString(`<figure class="` + class + `"><figcaption><b>` + html.EscapeString(c.Title) + `</b>`)
	if c.Note != "" {
		b.WriteString(` <span class="note">` + html.EscapeString(c.Note) + `</span>`)
	}
	says := html.EscapeString(c.Says)
	fmt.Fprintf(&b, `<output data-says="%s">%s</output>`, says, says)
	if c.legend() {
		b.WriteString(`<span class="legend">`)
		for _, curve := range c.Curves {
			fmt.Fprintf(&b, `<span><i class="key k%d%s"></i>%s</span> `, curve.Color%Colors, dashed(&curve), html.EscapeString(curve.Name))
		}
		b.WriteString(`</span>`)
	}
	b.WriteString(`</figcaption>`)
	fmt.Fprintf(&b, `<svg class="plot" role="img" aria-label="%s"`, html.EscapeString(strings.TrimSpace(c.Title+" "+c.Note+": "+c.Says)))
	if len(c.Rows) > 0 {
		fmt.Fprintf(&b, ` style="height:%dpx"`, len(c.Rows)*rowHeight)
	}
	c.pointing(&b)
	b.WriteString(`>`)
	c.plot(&b)
	b.WriteString(`</svg></figure>`)
	return b.String()
}

func (c *Chart) legend() bool { return len(c.Curves) > 1 }

func dashed(curve *Curve) string {
	if curve.Dashed {
		return " dashed"
	}
	return ""
}

const rowHeight = 44

// The size of a chart's file, and the room for what surrounds the plot.
const (
	fileWidth, fileHeight      = 760, 380
	fileLeft, fileTop          = 70, 84
	filePlotWidth, filePlotMax = 660, 240
)

// File is the chart as a file of its own, light or dark as its reader is.
func (c *Chart) File() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" class="plot" role="img" aria-label="%s">`,
		fileWidth, fileHeight, fileWidth, fileHeight, html.EscapeString(clean(c.Title+" "+c.Note)))
	b.WriteString("<style>" + Style + fileStyle + "</style>")
	fmt.Fprintf(&b, `<rect class="paper" width="%d" height="%d"/>`, fileWidth, fileHeight)
	fmt.Fprintf(&b, `<text x="16" y="24" class="title">%s</text>`, html.EscapeString(clean(c.Title)))
	if c.Note != "" {
		fmt.Fprintf(&b, `<text x="%d" y="24" class="warn end">%s</text>`, fileWidth-16, html.EscapeString(clean(c.Note)))
	}
	fmt.Fprintf(&b, `<text x="16" y="42" class="tick">%s</text>`, html.EscapeString(clean(c.Says)))
	if c.legend() {
		b.WriteString(`<text x="16" y="60" class="tick">`)
		for _, curve := range c.Curves[:min(len(c.Curves), Colors)] {
			fmt.Fprintf(&b, `<tspan class="fill c%d">■</tspan> %s&#160;&#160; `, curve.Color%Colors, html.EscapeString(clean(curve.Name)))
		}
		b.WriteString(`</text>`)
	}
	fmt.Fprintf(&b, `<svg x="%d" y="%d" width="%d" height="%d" overflow="visible">`, fileLeft, fileTop, filePlotWidth, filePlotMax)
	c.plot(&b)
	b.WriteString("</svg></svg>\n")
	return []byte(b.String())
}

// clean drops what XML cannot hold, and what does not print.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// plot draws the inside, in shares of the surrounding element's size.
func (c *Chart) plot(b *strings.Builder) {
	if c.empty() {
		b.WriteString(`<rect class="frame" width="100%" height="100%"/><text x="50%" y="50%" class="tick mid">nothing was recorded</text>`)
		return
	}
	x, y := c.scales()
	c.axes(b, x, y)
	switch {
	case len(c.Rows) > 0:
		c.rows(b, x)
	case len(c.Bins) > 0:
		c.columns(b, x, y)
	default:
		c.lines(b, x, y)
	}
	for _, l := range c.Limits {
		l.draw(b, x, y)
	}
}

func (c *Chart) axes(b *strings.Builder, x, y scale) {
	if len(c.Rows) == 0 {
		for _, v := range y.ticks(5) {
			at := place(1 - y.at(v))
			fmt.Fprintf(b, `<line class="grid" x2="100%%" y1="%s" y2="%s"/><text class="tick end" x="-7" y="%s" dy="4">%s</text>`, at, at, at, y.label(v))
		}
		if c.Y.Unit != "" {
			fmt.Fprintf(b, `<text class="unit" x="-7" y="-9">%s</text>`, html.EscapeString(c.Y.Unit))
		}
	}
	for i, v := range x.ticks(8) {
		at := place(x.at(v))
		odd := ""
		if i%2 == 1 && !x.nines || x.nines && v == 0.5 {
			odd = " odd" // left out where there is little room
		}
		fmt.Fprintf(b, `<line class="grid%s" y2="100%%" x1="%s" x2="%s"/><text class="tick mid%s" x="%s" y="100%%" dy="16">%s</text>`, odd, at, at, odd, at, x.label(v))
	}
	if c.X.Unit != "" {
		fmt.Fprintf(b, `<text class="unit end" x="100%%" y="100%%" dy="32">%s</text>`, html.EscapeString(c.X.Unit))
	}
}

func (c *Chart) columns(b *strings.Builder, x, y scale) {
	for _, bin := range c.Bins {
		if bin.Count == 0 {
			continue
		}
		from, to, class := x.at(bin.From), x.at(bin.To), "c0"
		if bin.Over {
			from, to, class = x.at(bin.From+overWidth(c.Bins)/4), 1, "c1"
		}
		height := max(y.at(float64(bin.Count)), 0.006) // one request is to be seen
		fmt.Fprintf(b, `<rect class="fill %s" x="%s" y="%s" width="%s" height="%s"/>`, class, place(from), place(1-height), place(max((to-from)*0.94, 0.002)), place(height))
	}
}

func (c *Chart) lines(b *strings.Builder, x, y scale) {
	b.WriteString(`<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%" overflow="visible">`)
	for _, curve := range c.Curves {
		points := curve.Points
		for len(points) > 0 {
			n := 0
			for n < len(points) && !math.IsNaN(points[n].Y) {
				n++
			}
			if n > 0 {
				curve.line(b, points[:n], x, y, len(c.Curves) == 1 && !x.nines && !y.percent)
			}
			points = points[min(n+1, len(points)):]
		}
	}
	b.WriteString(`</svg>`)
}

func (curve *Curve) line(b *strings.Builder, points []Point, x, y scale, area bool) {
	var path strings.Builder
	for i, p := range points {
		if i > 0 {
			path.WriteByte(' ')
		}
		path.WriteString(strconv.FormatFloat(round(x.at(p.X)*1000), 'f', -1, 64) + "," + strconv.FormatFloat(round((1-y.at(p.Y))*1000), 'f', -1, 64))
	}
	if len(points) == 1 { // a line of its own length, to be seen
		at := x.at(points[0].X) * 1000
		fmt.Fprintf(&path, " %.1f,%.1f", at+8, (1-y.at(points[0].Y))*1000)
	}
	if area {
		fmt.Fprintf(b, `<polygon class="area c%d" points="%.1f,1000 %s %.1f,1000"/>`, curve.Color%Colors, x.at(points[0].X)*1000, path.String(), x.at(points[len(points)-1].X)*1000)
	}
	fmt.Fprintf(b, `<polyline class="line c%d%s" vector-effect="non-scaling-stroke" points="%s"/>`, curve.Color%Colors, dashed(curve), path.String())
}

// rows draws each group's interval, mean and single values.
func (c *Chart) rows(b *strings.Builder, x scale) {
	for i, r := range c.Rows {
		y := place((float64(i) + 0.62) / float64(len(c.Rows)))
		fmt.Fprintf(b, `<text class="tick" x="0" y="%s">%s</text>`, place((float64(i)+0.28)/float64(len(c.Rows))), html.EscapeString(clean(r.Name)))
		if !math.IsNaN(r.Low) && !math.IsNaN(r.High) {
			fmt.Fprintf(b, `<line class="interval c%d" x1="%s" x2="%s" y1="%s" y2="%s"/>`, r.Color%Colors, place(x.at(r.Low)), place(x.at(r.High)), y, y)
		}
		for _, v := range r.Values {
			fmt.Fprintf(b, `<circle class="dot c%d" cx="%s" cy="%s" r="4"/>`, r.Color%Colors, place(x.at(v)), y)
		}
		if !math.IsNaN(r.Mean) {
			at := place(x.at(r.Mean))
			fmt.Fprintf(b, `<svg x="%s" y="%s" overflow="visible"><line class="mean" y1="-9" y2="9"/></svg>`, at, y)
		}
	}
}

// draw puts a limit at its place, or says at the edge how far away it is.
func (l *Limit) draw(b *strings.Builder, x, y scale) {
	s := x
	if l.OnY {
		s = y
	}
	text := html.EscapeString(l.Name)
	beyond := l.Value > s.high
	if beyond {
		text += ", beyond the chart →"
	}
	switch at := place(s.at(l.Value)); {
	case l.Value < s.low:
	case l.OnY && beyond:
		fmt.Fprintf(b, `<text class="limit end" x="100%%" y="-9">%s</text>`, strings.TrimSuffix(text, "→")+"↑")
	case beyond:
		fmt.Fprintf(b, `<text class="limit end" x="100%%" y="-9">%s</text>`, text)
	case l.OnY:
		at = place(1 - s.at(l.Value))
		fmt.Fprintf(b, `<line class="limit" x2="100%%" y1="%s" y2="%s"/><text class="limit" x="4" y="%s" dy="-5">%s</text>`, at, at, at, text)
	default:
		anchor, dx := "end", -5
		if s.at(l.Value) < 0.4 {
			anchor, dx = "start", 5
		}
		fmt.Fprintf(b, `<line class="limit" y2="100%%" x1="%s" x2="%s"/><text class="limit %s" x="%s" dx="%d" y="10">%s</text>`, at, at, anchor, at, dx, text)
	}
}

// place is a share of the whole as a length.
func place(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e4)/1e2, 'f', -1, 64) + "%"
}

func round(v float64) float64 { return math.Round(v*10) / 10 }

// pointing writes where values can be pointed at, in ten thousandths of the
// width, and what is then said.
func (c *Chart) pointing(b *strings.Builder) {
	places, texts := c.values()
	if len(places) == 0 {
		return
	}
	p, _ := json.Marshal(places) // whole numbers and texts always encode
	t, _ := json.Marshal(texts)
	fmt.Fprintf(b, ` tabindex="0" data-at="%s" data-text="%s"`, html.EscapeString(string(p)), html.EscapeString(string(t)))
	if c.Sync != "" {
		fmt.Fprintf(b, ` data-sync="%s"`, html.EscapeString(c.Sync))
	}
}

// values are the places that can be pointed at and the values there.
func (c *Chart) values() (places []int, texts []string) {
	if c.empty() || len(c.Rows) > 0 {
		return nil, nil
	}
	x, y := c.scales()
	add := func(at float64, text string) {
		places, texts = append(places, int(math.Round(at*1e4))), append(texts, text)
	}
	for _, bin := range c.Bins {
		if bin.Over {
			add(x.at(bin.From+overWidth(c.Bins)*0.65), fmt.Sprintf("above %s %s: %s, the largest %s", Number(bin.From), c.X.Unit, Thousands(int64(bin.Count)), Number(bin.To)))
		} else {
			add(x.at((bin.From+bin.To)/2), fmt.Sprintf("%s to %s %s: %s", Number(bin.From), Number(bin.To), c.X.Unit, Thousands(int64(bin.Count))))
		}
	}
	if len(c.Curves) == 0 {
		return places, texts
	}
	for _, at := range c.xs() {
		text := x.label(at)
		if !c.X.Percent {
			text += " " + c.X.Unit
		}
		var said []string
		for i := range c.Curves {
			v, ok := c.Curves[i].value(at)
			if !ok {
				continue
			}
			word := y.label(v)
			if c.legend() {
				word = c.Curves[i].Name + " " + word
			}
			said = append(said, word)
		}
		if len(said) > 0 {
			add(x.at(at), text+": "+strings.Join(said, " · ")+yUnit(c))
		}
	}
	return places, texts
}

func yUnit(c *Chart) string {
	if c.Y.Unit == "" || c.Y.Percent {
		return ""
	}
	return " " + c.Y.Unit
}

// xs are the places of the longest curve.
func (c *Chart) xs() []float64 {
	longest := 0
	for i := range c.Curves {
		if len(c.Curves[i].Points) > len(c.Curves[longest].Points) {
			longest = i
		}
	}
	var out []float64
	for _, p := range c.Curves[longest].Points {
		out = append(out, p.X)
	}
	return out
}

// value is what a curve has at the last of its points not beyond x.
func (curve *Curve) value(x float64) (float64, bool) {
	found, ok := 0.0, false
	for _, p := range curve.Points {
		if p.X > x*(1+1e-12) {
			break
		}
		found, ok = p.Y, !math.IsNaN(p.Y)
	}
	return found, ok
}
