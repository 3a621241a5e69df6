package diff

import (
	"html/template"
	"io"
	"strings"
	"sync"

	"mlcfg/internal/diag"
	"mlcfg/internal/explain"
)

// WriteHTML writes reports as one page that needs nothing beside it: no script,
// no network, light or dark as the reader's system is.
func WriteHTML(w io.Writer, reports []*Report, only []Only) error {
	page := htmlPage{Title: "mlcfg diff"}
	for _, r := range reports {
		if r.Differs() {
			page.Reports = append(page.Reports, htmlReportOf(r))
		}
	}
	for _, f := range only {
		page.Only = append(page.Only, diag.Clean(strings.Join(f.In, ", ")+": "+f.Name))
	}
	return pageTemplate().Execute(w, page)
}

type (
	htmlPage struct {
		Title   string
		Reports []htmlReport
		Only    []string
	}
	htmlReport struct {
		Pair    bool
		Sides   []htmlSide
		Groups  []htmlGroup
		Columns int
		Summary string
	}
	htmlSide  struct{ Title, Name, Engines string }
	htmlGroup struct {
		Name string
		Rows []htmlRow
	}
	htmlRow struct {
		Key, Change, Ratio string
		Cells              []htmlCell
	}
	htmlCell struct {
		Text, Place, Long string
		Unset, Differs    bool
	}
)

func htmlReportOf(r *Report) htmlReport {
	h := htmlReport{Pair: !r.Table, Columns: len(r.Sides) + 1, Summary: r.Summary()}
	titles := r.titles()
	for i, side := range r.Sides {
		if h.Pair {
			titles[i] = [2]string{"from", "to"}[i]
		}
		h.Sides = append(h.Sides, htmlSide{diag.Clean(titles[i]), diag.Clean(side.Name), strings.Join(side.Engines, ", ")})
	}
	if h.Pair {
		h.Columns++
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		if n := len(h.Groups); n == 0 || h.Groups[n-1].Name != string(row.Group) {
			h.Groups = append(h.Groups, htmlGroup{Name: string(row.Group)})
		}
		out := htmlRow{Key: row.label(r, true), Change: string(row.Change), Ratio: Ratio(row.Ratio)}
		for j, c := range row.Cells {
			cell := htmlCell{Text: c.text(row.Group), Unset: !c.Set, Differs: j > 0 && !sameCells(row.Cells[:1], []Cell{c})}
			if c.Set {
				cell.Place = diag.Clean(explain.Margin(c.Origin))
				cell.Long = strings.TrimSpace(c.Origin.Layer + " " + c.Origin.Note)
				if c.Origin.Pos.File != "" {
					cell.Long += ", " + diag.Clean(c.Origin.Pos.String())
				}
			}
			out.Cells = append(out.Cells, cell)
		}
		g := &h.Groups[len(h.Groups)-1]
		g.Rows = append(g.Rows, out)
	}
	return h
}

var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("diff").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{.Title}}</title>
<style>
:root { color-scheme: light dark; --fg: #1c2024; --bg: #fff; --faint: #68707a; --line: #d9dde2; --head: #f3f5f7; --add: #e3f5e6; --del: #fce8e6; --chg: #fff4d6; }
@media (prefers-color-scheme: dark) {
  :root { --fg: #e4e7eb; --bg: #16191d; --faint: #98a1ab; --line: #343a41; --head: #20252b; --add: #16351d; --del: #40201d; --chg: #3a3113; }
}
body { font: 15px/1.45 system-ui, sans-serif; color: var(--fg); background: var(--bg); margin: 2rem auto; max-width: 110rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; margin: .5rem 0; }
dt { font-weight: 600; } dd { margin: 0; } .faint, small { color: var(--faint); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
thead th { background: var(--head); } tbody th { font-weight: 600; padding-top: 1rem; }
td.key { font-family: ui-monospace, monospace; white-space: nowrap; }
td code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
td small { display: block; } td.unset code { color: var(--faint); }
tr.added td { background: var(--add); } tr.removed td { background: var(--del); } tr.changed td, tr.varies td.differs { background: var(--chg); }
@media print { body { margin: 0; } .wide { overflow: visible; } }
</style>
</head>
<body>
<h1>{{.Title}}</h1>
{{- range .Reports}}
<section>
<h2>{{range $i, $s := .Sides}}{{if $i}} · {{end}}{{$s.Name}}{{end}}</h2>
<dl>
{{- range .Sides}}<dt>{{.Title}}</dt><dd>{{.Name}} <span class="faint">{{.Engines}}</span></dd>{{end -}}
</dl>
<div class="wide"><table>
<thead><tr><th>key</th>{{range .Sides}}<th>{{.Title}}</th>{{end}}{{if .Pair}}<th>ratio</th>{{end}}</tr></thead>
{{- $r := .}}
{{- range .Groups}}
<tbody>
<tr><th colspan="{{$r.Columns}}">{{.Name}}</th></tr>
{{- range .Rows}}
<tr class="{{.Change}}"><td class="key">{{.Key}}</td>
{{- range .Cells}}<td class="{{if .Unset}}unset {{end}}{{if .Differs}}differs{{end}}"{{if .Long}} title="{{.Long}}"{{end}}><code>{{if .Text}}{{.Text}}{{else}}·{{end}}</code>{{if .Place}}<small>{{.Place}}</small>{{end}}</td>{{end -}}
{{if $r.Pair}}<td>{{.Ratio}}</td>{{end}}</tr>
{{- end}}
</tbody>
{{- end}}
</table></div>
<p class="faint">{{.Summary}}</p>
</section>
{{- else}}
<p>{{if .Only}}{{else}}no difference{{end}}</p>
{{- end}}
{{- range .Only}}
<p>only in {{.}}</p>
{{- end}}
</body>
</html>
`))
})
